//! What cancellations take back, once the orders that they take from have arrived.
//!
//! A return is keyed by the cancellation's number and the order's, so that a second replay returns nothing twice. An
//! order that ended in another way than delivered gives nothing back; the lines that wanted it are reported.

use super::{
    Args,
    orders::Placed,
    shop::{Shop, persist},
    tally::Tally,
};
use crate::{
    failure::{Failure, describe},
    feed::{CURRENCY, Giveback, Reason},
    show::state_name,
};
use api::{
    order::v1::{OrderState, ReturnItemsRequest, ReturnLine, WatchOrderRequest},
    types::Money,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tonic::Status;

/// What one cancellation takes back from one order.
struct Return {
    cancellation: String,
    order: Option<String>,
    parts: Vec<Giveback>,
}

/// Gives back, so many orders at a time, and tells where each cancelled line ended.
pub async fn give_back(placed: Placed, args: &Args, shop: &Shop, tally: &Tally) -> Result<(), Failure> {
    let returns = stream::iter(gathered(placed));
    let results: Vec<(Return, Result<(), String>)> = returns
        .map(|one| async {
            let result = carry_out(&one, args.settle, shop).await?;
            Ok::<_, Status>((one, result))
        })
        .buffer_unordered(args.concurrency as usize)
        .try_collect()
        .await?;
    // A line may take from several orders: it came back when all of them gave.
    let mut lines: BTreeMap<u64, (Giveback, Option<String>)> = BTreeMap::new();
    for (one, result) in results {
        for part in one.parts {
            let (_, refused) = lines.entry(part.line.number).or_insert_with(|| (part, None));
            *refused = refused.take().or_else(|| result.clone().err());
        }
    }
    for (part, refused) in lines.into_values() {
        match refused {
            None => tally.count(|counts| counts.returns += 1),
            Some(why) => tally.skip([part.line.skip(Reason::ReturnRefused, why)]),
        }
    }
    Ok(())
}

fn gathered(placed: Placed) -> Vec<Return> {
    let Placed { givebacks, orders } = placed;
    let (mut returns, mut places): (Vec<Return>, HashMap<(String, String), usize>) = (Vec::new(), HashMap::new());
    for part in givebacks {
        let names = (part.line.invoice.clone(), part.sold_by.clone());
        let place = *places.entry(names).or_insert_with(|| {
            let (cancellation, order) = (part.line.invoice.clone(), orders.get(&part.sold_by).cloned());
            returns.push(Return { cancellation, order, parts: Vec::new() });
            returns.len() - 1
        });
        returns[place].parts.push(part);
    }
    returns
}

/// Done, or why not.
async fn carry_out(one: &Return, patience: Duration, shop: &Shop) -> Result<Result<(), String>, Status> {
    let Some(order_id) = &one.order else { return Ok(Err("its order was not taken".to_owned())) };
    match tokio::time::timeout(patience, arrival(shop, order_id)).await {
        Err(_) => return Ok(Err("its order did not arrive in time".to_owned())),
        Ok(state) => match state? {
            OrderState::Completed => {}
            other => return Ok(Err(format!("its order ended as {}", state_name(other)))),
        },
    }
    let line = |part: &Giveback| ReturnLine {
        sku: part.line.code.clone(),
        quantity: part.quantity,
        unit_price: Some(Money { currency_code: CURRENCY.to_owned(), minor_units: part.line.price }),
    };
    let request = ReturnItemsRequest {
        request_id: format!("{}/{order_id}", one.cancellation),
        order_id: order_id.clone(),
        lines: one.parts.iter().map(line).collect(),
        reason: format!("cancelled by {}", one.cancellation),
    };
    let answer = persist(|| {
        let (mut orders, request) = (shop.orders.clone(), request.clone());
        async move { orders.return_items(request).await }
    })
    .await;
    Ok(answer.map(drop).map_err(|status| describe(&status)))
}

/// Where the order ended, or that it waits for a person.
async fn arrival(shop: &Shop, order_id: &str) -> Result<OrderState, Status> {
    let mut seen = 0;
    loop {
        let request = WatchOrderRequest { order_id: order_id.to_owned(), after_sequence: seen };
        let changes = persist(|| {
            let (mut orders, request) = (shop.orders.clone(), request.clone());
            async move { orders.watch_order(request).await }
        });
        let mut changes = changes.await?.into_inner();
        let mut last = OrderState::Unspecified;
        loop {
            match changes.message().await {
                Ok(Some(next)) => {
                    let Some(change) = next.change else { continue };
                    (seen, last) = (change.sequence, change.state());
                    if last == OrderState::NeedsAttention {
                        return Ok(last);
                    }
                }
                // The stream ends after a final state.
                Ok(None) if last != OrderState::Unspecified => return Ok(last),
                Ok(None) | Err(_) => break,
            }
        }
    }
}
