//! `demo`: a shop's worth of orders with trouble mixed in, each told to its end; or any number of them at once.

mod cost;
mod crowd;
mod director;
mod finale;
mod shelves;
mod stage;

use super::{
    host::{self, Listen, Stop},
    serve,
};
use crate::{
    context::Context,
    failure::Failure,
    settings::File,
    show::Output,
    system::{Config, System},
};
use clap::Args as ClapArgs;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// A carrier whose comings and goings people can follow.
const DISPATCH_AFTER: Duration = Duration::from_millis(1_200);
const DELIVER_AFTER: Duration = Duration::from_millis(900);

/// How the demonstration goes.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    /// End when all orders have ended, and exit by the audit; otherwise keep serving.
    #[arg(long)]
    once: bool,
    /// So many orders from a seed, as fast as they go, instead of the stories.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    orders: Option<u64>,
    /// With --orders: placed at the same time.
    #[arg(long, default_value_t = 64, requires = "orders", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
    /// With --orders: who orders what.
    #[arg(long, default_value_t = 1, requires = "orders")]
    seed: u64,
    /// The folder of the data [default: with --once a temporary one, otherwise ./outrigger-data].
    #[arg(long, env = "OUTRIGGER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    listen: Listen,
}

/// Plays it.
pub async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let file = host::settings(context)?;
    let (folder, temporary) = place(&args, &file)?;
    let mut config = host::config(&file, &folder)?;
    unhurried(&args, &file, &mut config);
    if !args.once || args.listen.port.is_some() || args.listen.http_port.is_some() {
        args.listen.apply(&file, &mut config);
    }
    let mut stop = Stop::listen()?;
    let system = Arc::new(host::start(config).await?);
    let played = tokio::select! {
        played = play(&args, &system, context.output) => played,
        () = stop.wished() => Err(Failure::Misuse(interrupted(&args, &folder))),
    };
    if let Ok(()) = played
        && !args.once
    {
        finale::invite(&system, &folder, context.output);
        stop.wished().await;
    }
    system.shutdown().await;
    keep_on_failure(temporary, &played);
    played
}

fn interrupted(args: &Args, folder: &Path) -> String {
    match (args.once, &args.data) {
        (true, None) => "interrupted; the temporary data is removed".to_owned(),
        _ => {
            let data = folder.display();
            format!("interrupted; nothing is lost: `outrigger serve --data {data}` carries on with what is unfinished")
        }
    }
}

/// With --once nothing of an earlier day should be in the way, and nothing should be left over.
fn place(args: &Args, file: &File) -> Result<(PathBuf, Option<TempDir>), Failure> {
    if args.once && args.data.is_none() {
        let folder = tempfile::Builder::new().prefix("outrigger-demo-").tempdir();
        let folder =
            folder.map_err(|error| Failure::Misuse(format!("no temporary folder: {error}; name one with --data")))?;
        return Ok((folder.path().to_owned(), Some(folder)));
    }
    Ok((host::folder(args.data.clone(), file, serve::FOLDER), None))
}

fn unhurried(args: &Args, file: &File, config: &mut Config) {
    if args.orders.is_none() && file.shipping == crate::settings::File::default().shipping {
        config.shipping.dispatch_after = DISPATCH_AFTER;
        config.shipping.deliver_after = DELIVER_AFTER;
    }
}

async fn play(args: &Args, system: &Arc<System>, output: Output) -> Result<(), Failure> {
    match args.orders {
        Some(orders) => crowd::play(system, orders, args.concurrency, args.seed, output).await,
        None => director::play(system, output).await,
    }
}

fn keep_on_failure(temporary: Option<TempDir>, played: &Result<(), Failure>) {
    if let (Some(folder), Err(Failure::Finding(_))) = (temporary, played) {
        eprintln!("the data is kept for a look: {}", folder.keep().display());
    }
}
