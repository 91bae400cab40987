//! What the bus promises: every event has its effect once, in its source's order, whatever happens on the way.

mod common;

use common::{Diary, Home, ambient, diary, event, had, lasting, open, places, publish, subscribe, until, write_down};
use outrigger_journal::{Bus, Consumer, Event, Indigestible, Lag, outbox, parked};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use store::{
    BoxFuture, Data, Tx,
    sea_orm::{ConnectionTrait, DbErr},
};

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_once_in_the_order_of_their_source() {
    for Home { data, .. } in &places().await {
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        let (orders, payments, reader) =
            (open(data, "orders").await, open(data, "payments").await, open(data, "reader").await);
        // It makes no difference who is there first.
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        subscribe(&bus, &reader, "payments", diary()).await;
        bus.publisher("payments", payments.clone());
        for n in 0..300 {
            publish(&orders, vec![event(&ambient, "o", n)]).await;
            publish(&payments, vec![event(&ambient, "p", n), event(&ambient, "p", 1_000 + n)]).await;
        }
        bus.settled().await;
        assert_eq!(had(&reader, "orders").await, (0..300).collect::<Vec<_>>());
        assert_eq!(had(&reader, "payments").await, (0..300).flat_map(|n| [n, 1_000 + n]).collect::<Vec<_>>());
        bus.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_wait_are_had_in_few_units() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = (open(data, "orders").await, open(data, "reader").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        publish(&orders, (0..5_000).map(|n| event(&ambient, "o", n)).collect()).await;
        bus.publisher("orders", orders);
        subscribe(&bus, &reader, "orders", diary()).await;
        bus.settled().await;
        assert_eq!(had(&reader, "orders").await.len(), 5_000);
        assert!(reader.stats().units < 30, "{:?}", reader.stats());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_delivered_twice_has_one_effect() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = (open(data, "orders").await, open(data, "reader").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        let (first, second) = (event(&ambient, "o", 1), event(&ambient, "o", 2));
        // Twice in one batch, and once more when it was had long ago.
        publish(&orders, vec![first.clone(), first.clone(), second.clone()]).await;
        subscribe(&bus, &reader, "orders", diary()).await;
        bus.settled().await;
        publish(&orders, vec![second, first, event(&ambient, "o", 3)]).await;
        bus.settled().await;
        assert_eq!(had(&reader, "orders").await, [1, 2, 3]);
    }
}

/// Cannot digest versions that end in 7, and says so; panics at those that end in 8.
fn delicate() -> Arc<dyn Consumer> {
    Arc::new(Diary(|event: &Event| match event.version % 10 {
        7 => Err(Indigestible::Poison("sevens are beyond me".to_owned())),
        8 => panic!("eights are worse"),
        _ => Ok(()),
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_digested_is_parked_with_its_key_and_the_rest_flows() {
    for Home { data, .. } in &places().await {
        let (orders, reader, calm) = (open(data, "orders").await, open(data, "reader").await, open(data, "calm").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        let of = |keyed: &[(&str, i64)]| keyed.iter().map(|(key, n)| event(&ambient, key, *n)).collect::<Vec<_>>();
        publish(&orders, of(&[("a", 1), ("b", 2), ("a", 7), ("b", 3), ("a", 4), ("c", 8), ("c", 5), ("b", 6)])).await;
        subscribe(&bus, &reader, "orders", delicate()).await;
        subscribe(&bus, &calm, "orders", diary()).await;
        bus.settled().await;
        publish(&orders, of(&[("a", 9), ("b", 10), ("c", 11)])).await;
        bus.settled().await;
        assert_eq!(had(&reader, "orders").await, [1, 2, 3, 6, 10]);
        let parked = parked::list(&reader, 0, 100).await.unwrap();
        let versions: Vec<i64> = parked.iter().map(|parked| parked.event.version).collect();
        assert_eq!(versions, [7, 4, 8, 5, 9, 11]);
        assert_eq!(parked[0].reason, "sevens are beyond me");
        assert_eq!(parked[2].reason, "panicked: eights are worse");
        assert_eq!((parked[0].event.source.as_str(), parked[0].event.payload.as_slice()), ("orders", &[1u8, 2, 3][..]));
        assert_eq!(parked::count(&reader).await.unwrap(), 6);
        assert_eq!(had(&calm, "orders").await.len(), 11);
        assert_eq!(parked::count(&calm).await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_tried_again_until_it_works() {
    let data = &Data::memory();
    let (orders, reader) = (open(data, "orders").await, open(data, "reader").await);
    let ambient = ambient();
    let bus = Bus::embedded(ambient.clone());
    bus.publisher("orders", orders.clone());
    let tries = AtomicU32::new(0);
    let ill = Diary(move |_: &Event| match tries.fetch_add(1, Ordering::SeqCst) {
        0..10 => Err(Indigestible::Store(DbErr::Custom("the disk is full".to_owned()))),
        _ => Ok(()),
    });
    publish(&orders, vec![event(&ambient, "o", 1), event(&ambient, "o", 2)]).await;
    subscribe(&bus, &reader, "orders", Arc::new(ill)).await;
    bus.settled().await;
    assert_eq!(had(&reader, "orders").await, [1, 2]);
    assert_eq!(parked::count(&reader).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_wake_up_is_lost() {
    let data = &Data::memory();
    let (orders, reader) = (open(data, "orders").await, open(data, "reader").await);
    let ambient = ambient();
    let bus = Bus::embedded(ambient.clone());
    bus.publisher("orders", orders.clone());
    subscribe(&bus, &reader, "orders", diary()).await;
    let start = tokio::time::Instant::now();
    for n in 0..500 {
        publish(&orders, vec![event(&ambient, "o", n)]).await;
        for _ in 0..n % 7 {
            tokio::task::yield_now().await;
        }
        if n % 3 == 0 {
            bus.settled().await;
        }
    }
    bus.settled().await;
    assert_eq!(had(&reader, "orders").await.len(), 500);
    // A lost one would have waited for the slow look.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

/// Passes on what it has.
struct Relay;

impl Consumer for Relay {
    fn consume<'a>(&'a self, tx: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move {
            write_down(tx, event).await?;
            let passed_on = Event { id: format!("{}+", event.id), ..event.clone() };
            Ok(outbox::append(tx, &passed_on).await?)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settled_waits_for_what_consuming_publishes() {
    for Home { data, .. } in &places().await {
        let (first, second, third) = (open(data, "first").await, open(data, "second").await, open(data, "third").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        subscribe(&bus, &third, "second", diary()).await;
        subscribe(&bus, &second, "first", Arc::new(Relay)).await;
        for (name, store) in [("first", &first), ("second", &second)] {
            bus.publisher(name, store.clone());
        }
        for n in 0..100 {
            publish(&first, vec![event(&ambient, "o", n)]).await;
            if n % 10 == 0 {
                bus.settled().await;
                assert_eq!(had(&third, "second").await.len() as i64, n + 1);
            }
        }
        bus.settled().await;
        assert_eq!(had(&third, "second").await, (0..100).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_before_an_end_is_had_after_it() {
    for mut place in lasting().await {
        let ambient = ambient();
        let mut published = 0;
        for _ in 0..5 {
            let (orders, reader) = (open(&place.data, "orders").await, open(&place.data, "reader").await);
            let bus = Bus::embedded(ambient.clone());
            bus.publisher("orders", orders.clone());
            subscribe(&bus, &reader, "orders", diary()).await;
            for _ in 0..40 {
                publish(&orders, vec![event(&ambient, "o", published)]).await;
                published += 1;
            }
            // Stops somewhere in the middle: some events were had, others not.
            bus.shutdown().await;
            orders.close().await;
            reader.close().await;
            drop((bus, orders, reader));
            place = place.again().await;
        }
        let (orders, reader) = (open(&place.data, "orders").await, open(&place.data, "reader").await);
        let bus = Bus::embedded(ambient);
        bus.publisher("orders", orders);
        subscribe(&bus, &reader, "orders", diary()).await;
        bus.settled().await;
        assert_eq!(had(&reader, "orders").await, (0..published).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_shutdown_nothing_is_had_and_settled_waits_for_nothing() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = (open(data, "orders").await, open(data, "reader").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        bus.shutdown().await;
        publish(&orders, vec![event(&ambient, "o", 1)]).await;
        bus.settled().await;
        assert!(had(&reader, "orders").await.is_empty());
    }
}

fn forget_all(tx: &Tx) -> BoxFuture<'_, Result<(), DbErr>> {
    Box::pin(async move { tx.execute_unprepared("DELETE FROM had").await.map(drop) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_sent_back_to_the_beginning_ends_where_it_was() {
    for Home { data, .. } in &places().await {
        let (orders, payments, reader) =
            (open(data, "orders").await, open(data, "payments").await, open(data, "reader").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        for (name, store) in [("orders", &orders), ("payments", &payments)] {
            bus.publisher(name, store.clone());
            subscribe(&bus, &reader, name, delicate()).await;
        }
        let batch = |keys: std::ops::Range<i64>| keys.map(|n| event(&ambient, &format!("k{n}"), n)).collect::<Vec<_>>();
        publish(&orders, batch(0..600)).await;
        publish(&payments, batch(0..300)).await;
        bus.settled().await;
        let live = (had(&reader, "orders").await, had(&reader, "payments").await);
        let parked = parked::count(&reader).await.unwrap();
        assert_eq!(parked, 180);
        bus.rewind(&reader, "reader", forget_all).await.unwrap();
        bus.settled().await;
        assert_eq!((had(&reader, "orders").await, had(&reader, "payments").await), live);
        assert_eq!(parked::count(&reader).await.unwrap(), parked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewind_in_the_middle_of_the_flow_loses_and_doubles_nothing() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = (open(data, "orders").await, open(data, "reader").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        for n in 0..2_000 {
            publish(&orders, vec![event(&ambient, "o", n)]).await;
            if n % 400 == 399 {
                bus.rewind(&reader, "reader", forget_all).await.unwrap();
            }
        }
        bus.settled().await;
        assert_eq!(had(&reader, "orders").await, (0..2_000).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_rewind_that_fails_changes_nothing() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = (open(data, "orders").await, open(data, "reader").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        publish(&orders, vec![event(&ambient, "o", 1)]).await;
        bus.settled().await;
        let failing = bus.rewind(&reader, "reader", |_| Box::pin(async { Err(DbErr::Custom("no".to_owned())) }));
        assert!(failing.await.is_err());
        bus.settled().await;
        assert_eq!(had(&reader, "orders").await, [1]);
    }
}

/// Digests nothing until it is told to, and then no versions that end in 7.
fn reluctant(willing: Arc<AtomicBool>) -> Arc<dyn Consumer> {
    Arc::new(Diary(move |event: &Event| match event.version % 10 {
        _ if !willing.load(Ordering::SeqCst) => Err(Indigestible::Store(DbErr::Custom("not yet".to_owned()))),
        7 => Err(Indigestible::Poison("sevens are beyond me".to_owned())),
        _ => Ok(()),
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_told_who_is_behind_whom_and_what_was_set_aside() {
    for Home { data, .. } in &places().await {
        let (orders, reader, calm) = (open(data, "orders").await, open(data, "reader").await, open(data, "calm").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        let willing = Arc::new(AtomicBool::new(false));
        subscribe(&bus, &reader, "orders", reluctant(Arc::clone(&willing))).await;
        subscribe(&bus, &calm, "orders", diary()).await;
        subscribe(&bus, &calm, "payments", diary()).await;
        bus.settled().await;
        let events: Vec<Event> = (1..=30).map(|n| event(&ambient, &format!("k{n}"), n)).collect();
        publish(&orders, events.clone()).await;
        let lag = async |consumer: &str| bus.lag().await.into_iter().find(|lag| lag.consumer == consumer).unwrap();
        until("who digests is not behind", async || lag("calm").await.waiting == 0).await;
        let (source, consumer, oldest) = ("orders", "reader", Some(events[0].at));
        assert_eq!(lag("reader").await, Lag { source, consumer, waiting: 30, oldest, parked: 0 });
        willing.store(true, Ordering::SeqCst);
        bus.settled().await;
        assert_eq!(lag("reader").await, Lag { source, consumer, waiting: 0, oldest: None, parked: 3 });
        // A source that is not there yet is no one's fault.
        assert_eq!(bus.lag().await.len(), 2);
    }
}
