//! `replay`: imports a retailer's feed. The catalogue and the opening stock first, then each invoice as an order under
//! its own number, then the returns that cancellations ask for, once the orders that they take from have arrived. Every
//! line ends in one of four places: part of an order, a charge, a return, or the report with its reason.

mod args;
mod orders;
mod pace;
mod returns;
mod setup;
mod shop;
mod summary;
mod tally;

pub use args::{Args, Faults};

use super::host::{self, Stop};
use crate::{
    context::Context,
    failure::Failure,
    feed::{FeedError, Survey},
    reach,
    show::{Output, Progress, print_json, say},
    system::System,
    usage,
};
use ambient::Ambient;
use shop::Shop;
use std::sync::Arc;
use tally::Tally;
use tokio::time::Instant;

/// Imports the feed; in this process when a folder is named, otherwise into a running system.
pub async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let survey = Survey::of(&args.file).map_err(Failure::misuse)?;
    let Some(endpoint) = args.endpoint.clone() else { return embedded(args, survey, context).await };
    if args.faults.any() {
        return Err(Failure::Misuse("faults are made in this process: use --data instead of --endpoint".to_owned()));
    }
    let shop = Shop::remote(&reach::wire(&endpoint, &Ambient::system())?);
    let mut stop = Stop::listen()?;
    // Asked once: later nobody gives up so soon, but a system that was never there should be told at once.
    shop.answers().await.map_err(|status| Failure::from(status).asking(&endpoint))?;
    import(&args, survey, &shop, &mut stop, context).await.map_err(|failure| failure.asking(&endpoint))
}

async fn embedded(args: Args, survey: Survey, context: &Context) -> Result<(), Failure> {
    let mut settings = host::settings(context)?;
    settings.flag("data", args.data.as_deref());
    let mut config = host::config(&settings, host::FOLDER)?;
    args.faults.apply(&mut config);
    let grace = config.grace;
    let mut stop = Stop::listen()?;
    let system = Arc::new(host::start(&settings, config).await?);
    let result = import(&args, survey, &Shop::embedded(&system), &mut stop, context).await;
    host::end(&system, grace, &mut stop).await;
    result
}

async fn import(args: &Args, survey: Survey, shop: &Shop, stop: &mut Stop, context: &Context) -> Result<(), Failure> {
    let started = Instant::now();
    let people = context.output == Output::Table;
    let tally = Arc::new(Tally::new(args.report.as_deref()).map_err(Failure::misuse)?);
    let feed = summary::Feed::of(args, &survey);
    let progress = Arc::new(Progress::of(survey.sales, "placing", people));
    let work = async {
        setup::open_shop(shop, &survey, args.stock_percent).await?;
        let placed = orders::place_all(args, survey, shop, &tally, &progress).await?;
        progress.say("settling");
        returns::give_back(placed, args, shop, &tally).await?;
        shop.settled(args.settle).await
    };
    let settled = tokio::select! {
        settled = work => settled?,
        () = stop.wished() => return Err(Failure::Misuse(
            "interrupted; what was imported is whole, and the same command carries on".to_owned(),
        )),
    };
    drop(progress);
    let skipped = tally.finish().map_err(Failure::misuse)?;
    let found = summary::Found::of(shop).await?;
    let told = summary::Summary { feed, found, skipped, took: started.elapsed(), peak: usage::peak_memory(), settled };
    match context.output {
        Output::Json => print_json(&told.json()),
        Output::Table => {
            say!("{}", told.text().trim_end());
        }
    }
    told.verdict()
}

/// A file that changed while it was read twice.
fn changed(error: &FeedError) -> Failure {
    Failure::Misuse(format!("{error}\n  The file was whole when it was read first; what was imported is whole."))
}

impl Shop {
    fn embedded(system: &Arc<System>) -> Self {
        Self::of(|callee| system.wire("operator", callee), Some(system.clone()))
    }
}
