//! Several who speak of one order at the same moment: each is heard once, and what is told of it is told in order.

use crate::shop::{Place, Shop, pence, request};
use api::{
    order::v1::{
        OrderState::{Completed, Refunded},
        *,
    },
    shipping::v1::ShipmentState,
};
use fabric::status::reason;
use futures::future::{join, join_all};
use journal::{Consumer, Event, Indigestible, Subscription};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::{BoxFuture, Tx};

servers::on_both_engines! {
    Place:
    a_wish_the_carrier_and_the_saga_leave_one_history_told_in_order,
    returns_at_the_same_moment_never_take_back_more_than_went_out,
    one_key_at_the_same_moment_is_one_order_or_one_return,
}

/// The versions of each order, as they come.
#[derive(Default)]
struct Ear(Mutex<BTreeMap<String, Vec<i64>>>);

impl Consumer for Ear {
    fn consume<'a>(&'a self, _: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        self.0.lock().entry(event.key.clone()).or_default().push(event.version);
        Box::pin(async { Ok(()) })
    }
}

async fn listen(shop: &Shop) -> Arc<Ear> {
    let ear = Arc::new(Ear::default());
    let store = shop.place.data.store("ear", journal::migrations()).await.expect("it opens");
    let handler = ear.clone();
    shop.bus.subscribe(Subscription { consumer: "ear", source: "orders", store, handler }).await.expect("subscribed");
    ear
}

async fn shipped(shop: &Shop, key: &str) -> String {
    let order_id = shop.place(request(key, PaymentMethod::Card)).await.order_id;
    while shop.callees.standing(&order_id).shipment.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    order_id
}

async fn a_wish_the_carrier_and_the_saga_leave_one_history_told_in_order(place: Place) {
    let shop = Shop::open(place).await;
    let ear = listen(&shop).await;
    let ids = join_all((0..12).map(async |n| {
        let id = shipped(&shop, &n.to_string()).await;
        let carrier = async {
            tokio::time::sleep(Duration::from_millis(n)).await;
            shop.carrier(&id, ShipmentState::Dispatched).await;
            shop.carrier(&id, ShipmentState::Delivered).await;
        };
        let (wished, ()) = join(shop.cancel(&id), carrier).await;
        match wished {
            Ok(_) => drop(shop.reaches(&id, Refunded).await),
            Err(status) => {
                assert_eq!(reason(&status).as_deref(), Some("ALREADY_DISPATCHED"));
                shop.reaches(&id, Completed).await;
            }
        }
        id
    }))
    .await;
    shop.bus.settled().await;
    for id in ids {
        let (order, standing) = (shop.order(&id).await, shop.callees.standing(&id));
        let given_back = if order.state() == Refunded { standing.taken } else { 0 };
        assert_eq!((standing.taken, standing.given_back), (1_000, given_back), "I4");
        let all: Vec<i64> = (1..=order.sequence).collect();
        assert_eq!(shop.history(&id).await.len(), all.len(), "no change of it is lost");
        assert_eq!(ear.0.lock()[&id], all, "I6: each change is told once, in the order in which they were");
    }
}

async fn returns_at_the_same_moment_never_take_back_more_than_went_out(place: Place) {
    let shop = Shop::open(place).await;
    let ear = listen(&shop).await;
    let id = shipped(&shop, "1").await;
    shop.carrier(&id, ShipmentState::Dispatched).await;
    // Items come back while the carrier still speaks of the order.
    let keys: Vec<String> = (0..10).flat_map(|n| [format!("r{n}"), format!("r{n}")]).collect();
    let returns = join_all(keys.iter().map(|key| shop.give_back(key, &id, 1)));
    let (returns, ()) = join(returns, shop.carrier(&id, ShipmentState::Delivered)).await;
    let mut taken = BTreeMap::new();
    for (key, returned) in keys.iter().zip(returns) {
        match returned {
            Ok(returned) => {
                let first = taken.entry(key).or_insert_with(|| returned.return_id.clone());
                assert_eq!(*first, returned.return_id, "I5: one key is one return");
            }
            Err(status) => assert_eq!(reason(&status).as_deref(), Some("TOO_MANY_RETURNED")),
        }
    }
    assert_eq!(taken.len(), 4, "four went out");
    while shop.order(&id).await.returned_total != pence(1_000) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    shop.bus.settled().await;
    let (order, standing) = (shop.order(&id).await, shop.callees.standing(&id));
    assert_eq!((order.state(), order.lines[0].returned), (Completed, 4));
    assert_eq!((standing.given_back, standing.restocked), (1_000, 4), "I1, I2");
    assert_eq!(ear.0.lock()[&id], (1..=order.sequence).collect::<Vec<_>>(), "I6");
}

async fn one_key_at_the_same_moment_is_one_order_or_one_return(place: Place) {
    let shop = Shop::open(place).await;
    let placed = join_all((0..20).map(|_| shop.place(request("1", PaymentMethod::Wallet)))).await;
    let id = placed[0].order_id.as_str();
    assert!(placed.iter().all(|order| order.order_id == id), "I3");
    let other = shipped(&shop, "2").await;
    while shop.callees.standing(id).shipment.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    shop.carrier(id, ShipmentState::Delivered).await;
    shop.carrier(&other, ShipmentState::Delivered).await;
    // The same key for two orders: whoever comes first has it.
    let returns = join_all([id, other.as_str()].repeat(5).into_iter().map(|id| shop.give_back("r", id, 1))).await;
    let returned: Vec<_> = returns.iter().filter_map(|returned| returned.as_ref().ok()).collect();
    assert_eq!(returned.len(), 5);
    assert!(returned.iter().all(|one| one.return_id == returned[0].return_id), "I5");
    for status in returns.into_iter().filter_map(Result::err) {
        assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
    }
}
