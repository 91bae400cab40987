//! Places each invoice as an order, so many at the same time.

use super::{
    Args, changed,
    pace::Pace,
    shop::{Shop, passing, persist},
    tally::Tally,
};
use crate::{
    failure::{Failure, describe},
    feed::{Feed, Giveback, Invoice, Invoices, Purchases, Reason, Sale, Skipped, Survey, sale},
    show::Progress,
};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::{sync::Semaphore, task::JoinSet};

/// What the returns need to know of the orders.
pub struct Placed {
    /// What comes back, in the order of the feed.
    pub givebacks: Vec<Giveback>,
    /// Orders of which something may come back, by invoice.
    pub orders: HashMap<String, String>,
}

/// Reads the feed a second time and places what it sells.
pub async fn place_all(
    args: &Args,
    survey: Survey,
    shop: &Shop,
    tally: &Arc<Tally>,
    progress: &Arc<Progress>,
) -> Result<Placed, Failure> {
    let Survey { sales, mut purchases, .. } = survey;
    let mut invoices = Invoices::of(Feed::open(&args.file).map_err(|error| changed(&error))?);
    let mut pace = Pace::of(args.speed, sales);
    let seats = Arc::new(Semaphore::new(args.concurrency as usize));
    let (mut givebacks, orders) = (Vec::new(), Arc::new(Mutex::new(HashMap::new())));
    let mut tasks = JoinSet::new();
    while let Some(invoice) = invoices.next_invoice().map_err(|error| changed(&error))? {
        if invoice.is_cancellation() {
            givebacks.extend(cancel(invoice, &mut purchases, tally));
            continue;
        }
        let Some(sale) = sellable(invoice, tally) else {
            progress.add(1);
            continue;
        };
        // Not `any`: every line is to be told.
        let may_come_back = sale.goods.iter().filter(|line| purchases.bought(line)).count() > 0;
        pace.next().await;
        let seat = seats.clone().acquire_owned().await.map_err(Failure::misuse)?;
        let (shop, tally, progress) = (shop.clone(), tally.clone(), progress.clone());
        let remembered = may_come_back.then(|| orders.clone());
        tasks.spawn(async move {
            let placed = place(&shop, sale, &tally, remembered.as_deref()).await;
            progress.add(1);
            drop(seat);
            placed
        });
        while let Some(done) = tasks.try_join_next() {
            done.map_err(Failure::misuse)??;
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(Failure::misuse)??;
    }
    let orders = std::mem::take(&mut *orders.lock());
    Ok(Placed { givebacks, orders })
}

fn sellable(invoice: Invoice, tally: &Tally) -> Option<Sale> {
    let (sale, skipped) = sale(invoice);
    tally.skip(skipped);
    sale
}

/// What a cancellation takes back.
fn cancel(invoice: Invoice, purchases: &mut Purchases, tally: &Tally) -> Vec<Giveback> {
    tally.skip(invoice.skipped);
    let mut givebacks = Vec::new();
    for line in &invoice.lines {
        match line.given_back().and_then(|quantity| purchases.give_back(line, quantity)) {
            Ok(parts) => givebacks.extend(parts),
            Err(skipped) => tally.skip([skipped]),
        }
    }
    givebacks
}

type Remembered = Mutex<HashMap<String, String>>;

async fn place(shop: &Shop, sale: Sale, tally: &Tally, remembered: Option<&Remembered>) -> Result<(), Failure> {
    let answer = persist(|| {
        let (mut orders, request) = (shop.orders.clone(), sale.request.clone());
        async move { orders.place_order(request).await }
    })
    .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(status) if passing(status.code()) => return Err(status.into()),
        Err(status) => {
            let refused = describe(&status).replace("\n ", ";");
            let lines = sale.goods.iter().chain(&sale.charges);
            tally.skip(lines.map(|line| line.skip(Reason::OrderRefused, refused.clone())).collect::<Vec<Skipped>>());
            return Ok(());
        }
    };
    let replayed = answer.metadata().contains_key("outrigger-replayed");
    tally.count(|counts| {
        counts.order_lines += sale.goods.len() as u64;
        counts.charges += sale.charges.len() as u64;
        *(if replayed { &mut counts.replayed } else { &mut counts.placed }) += 1;
    });
    if let (Some(orders), Some(order)) = (remembered, answer.into_inner().order) {
        orders.lock().insert(sale.request.request_id, order.order_id);
    }
    Ok(())
}
