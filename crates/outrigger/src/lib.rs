//! The program: the assembly of all services into one system, and the operator's command line over it.
//!
//! | room | what |
//! |---|---|
//! | [`system`] | six services, a mesh, a bus and a place for data, put together; tests start the same |
//! | `cli`, `commands` | what can be typed, one file a command |
//! | `settings` | flags over `OUTRIGGER_*` over `outrigger.toml` |
//! | `feed` | a retailer's file: what in it is an order, a charge, a return, and what is not |
//! | `shop` | the demonstration's shop, customers and troubles |
//! | `show` | how things are shown to people and to programs |
//!
//! It may name every service, for it is above them; nothing may name it but tests.

mod cli;
mod commands;
mod context;
mod duration;
mod failure;
mod feed;
mod reach;
mod settings;
mod shop;
mod show;
pub mod system;
mod usage;

use ambient::Ambient;
use clap::Parser;
use cli::Cli;
use failure::Failure;
use std::{process::ExitCode, time::Duration};

/// How long threads that are still at work when a command has ended may go on: those that write files, mostly.
const LAST_WORK: Duration = Duration::from_secs(2);

/// Reads the command line, does what it says, and gives the exit status: 0 fine, 1 a finding, 2 it could not be done.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match work(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("outrigger: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn work(cli: Cli) -> Result<(), Failure> {
    settings::check().map_err(Failure::misuse)?;
    telemetry::start(cli.command.log()).map_err(Failure::misuse)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Misuse(format!("no runtime: {error}")))?;
    let done = runtime.block_on(async {
        let traces = telemetry::export(&Ambient::system()).map_err(Failure::misuse)?;
        let done = cli.run().await;
        traces.shutdown().await;
        done
    });
    // What has not ended by now was left behind on purpose.
    runtime.shutdown_timeout(LAST_WORK);
    done
}
