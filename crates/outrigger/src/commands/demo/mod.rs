//! `demo`: a shop's worth of orders with trouble mixed in, each told to its end; or any number of them at once.

mod cost;
mod crowd;
mod director;
mod finale;
mod shelves;
mod stage;

use super::host::{self, Listen, Stop};
use crate::{
    context::Context,
    failure::Failure,
    settings::{Origin, Settings},
    show::Output,
    system::{Config, System, Where},
};
use clap::Args as ClapArgs;
use std::{sync::Arc, time::Duration};
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
    /// Where the data lives: a folder, or postgres://user@host:port/database [env: OUTRIGGER_DATA] [default: with --once a
    /// temporary folder, otherwise ./outrigger-data].
    #[arg(long, value_name = "DIR|URL")]
    data: Option<String>,
    #[command(flatten)]
    listen: Listen,
}

/// Plays it.
pub async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut settings = host::settings(context)?;
    settings.flag("data", args.data.as_deref());
    args.listen.clone().put(&mut settings);
    let mut config = host::config(&settings, host::FOLDER)?;
    let temporary = temporary(&args, &settings)?;
    if let Some(folder) = &temporary {
        config.data = Where::Directory(folder.path().to_owned());
    }
    unhurried(&args, &settings, &mut config);
    listen(&args, &settings, &mut config)?;
    let grace = config.grace;
    let mut stop = Stop::listen()?;
    let system = Arc::new(host::start(&settings, config).await?);
    let played = tokio::select! {
        played = play(&args, &system, context.output) => played,
        () = stop.wished() => Err(Failure::Misuse(interrupted(temporary.is_some(), system.place()))),
    };
    if let Ok(()) = played
        && !args.once
    {
        finale::invite(&system, context.output);
        stop.wished().await;
    }
    host::end(&system, grace, &mut stop).await;
    keep_on_failure(temporary, &played);
    played
}

fn interrupted(is_temporary: bool, place: &str) -> String {
    if is_temporary {
        return "interrupted; the temporary data is removed".to_owned();
    }
    format!("interrupted; nothing is lost: `outrigger serve --data {place}` carries on with what is unfinished")
}

/// With --once nothing of an earlier day should be in the way, and nothing should be left over; unless a place was named
/// for this run.
fn temporary(args: &Args, settings: &Settings) -> Result<Option<TempDir>, Failure> {
    if !args.once || matches!(settings.origin("data"), Origin::Flag(_) | Origin::Variable(_)) {
        return Ok(None);
    }
    let folder = tempfile::Builder::new().prefix("outrigger-demo-").tempdir();
    folder.map(Some).map_err(|error| Failure::Misuse(format!("no temporary folder: {error}; name one with --data")))
}

fn unhurried(args: &Args, settings: &Settings, config: &mut Config) {
    let said = ["shipping.dispatch_after", "shipping.deliver_after"].into_iter().any(|key| settings.says(key));
    if args.orders.is_none() && !said {
        config.shipping.dispatch_after = DISPATCH_AFTER;
        config.shipping.deliver_after = DELIVER_AFTER;
    }
}

/// What ends by itself listens only where it is told to.
fn listen(args: &Args, settings: &Settings, config: &mut Config) -> Result<(), Failure> {
    if args.once && !args.listen.is_wanted() {
        return Ok(());
    }
    host::listen(settings, config)?;
    config.metrics = config.metrics.filter(|_| !args.once || args.listen.metrics_port.is_some());
    Ok(())
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
