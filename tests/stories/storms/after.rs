//! After the storm: what was asked is asked once more, so that nothing stays unknown; who is waited for answers; and all
//! comes to rest.

use super::{
    luck::Weather,
    storm::{Storm, novelty},
};
use api::order::v1::{ListParkedRequest, ParkedOrder, Resolution};
use futures::{StreamExt, stream};
use outrigger_tests::World;
use std::{collections::BTreeMap, time::Duration};

/// A storm that has not come to rest by now never will.
const PATIENCE: Duration = Duration::from_secs(4 * 3_600);
/// Whom a person has kept waiting so often is answered in earnest.
const ROUNDS: u64 = 12;

impl Storm {
    /// Brings everything to its end. Afterwards every wish is acknowledged; what is answered is what every return gave
    /// back, by order.
    pub async fn calm(&self, world: &World, weather: Weather) -> BTreeMap<String, i64> {
        world.wires().heal();
        tokio::time::sleep(weather.longest).await;
        while world.inventory().put_catalogue(novelty()).await.is_err() {}
        stream::iter(0..self.plan.wishes.len()).for_each_concurrent(32, |wish| self.once_more(world, wish)).await;
        self.rest(world).await;
        let refunds = self.all_returned(world).await;
        self.rest(world).await;
        refunds
    }

    async fn once_more(&self, world: &World, wish: usize) {
        let known = self.log.lock().orders.get(&wish).map(|(_, other)| *other);
        let acknowledged = match known {
            Some(other) => self.place(world, wish, other, false).await,
            None => self.place(world, wish, false, false).await || self.place(world, wish, true, false).await,
        };
        assert!(acknowledged, "I3: in calm weather the order of {wish} is taken");
    }

    async fn all_returned(&self, world: &World) -> BTreeMap<String, i64> {
        let asked: Vec<_> = self.log.lock().returns.values().cloned().collect();
        let mut refunds = BTreeMap::new();
        for request in asked {
            let order_id = request.order_id.clone();
            if let Ok(answer) = self.returned(world, request).await {
                *refunds.entry(order_id).or_default() += answer.refund.expect("a refund").minor_units;
            }
        }
        refunds
    }

    async fn rest(&self, world: &World) {
        for round in 0..ROUNDS {
            quiet(world).await;
            let parked = parked(world).await;
            if parked.is_empty() {
                return;
            }
            for order in parked {
                match round {
                    0..4 => self.resolve(world, &order, round).await,
                    4..8 => self.answer(world, id(&order), Resolution::Refund).await,
                    _ => self.answer(world, id(&order), Resolution::Complete).await,
                }
            }
        }
        panic!("orders still wait for a person: {:#?}", parked(world).await);
    }
}

/// Returns once nothing moves by itself.
pub async fn quiet(world: &World) {
    let settled = tokio::time::timeout(PATIENCE, world.system().settled());
    settled.await.expect("after the storm the system comes to rest");
}

async fn parked(world: &World) -> Vec<ParkedOrder> {
    let request = ListParkedRequest { page_size: 1_000, ..ListParkedRequest::default() };
    world.orders().list_parked(request).await.expect("the parked orders").into_inner().parked
}

fn id(parked: &ParkedOrder) -> String {
    parked.order.as_ref().expect("an order").order_id.clone()
}
