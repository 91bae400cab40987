//! An order whose process was killed after its first span was exported is still one trace.

use super::{SERVICES, found, serving, trace::Trace, trace_of};
use crate::serving::{place, settled, stock};
use ambient::Ambient;
use api::order::v1::OrderState;
use outrigger_tests::basket;
use servers::Jaeger;
use std::{collections::BTreeSet, time::Duration};

/// The most spans of one order with others below them that can be under way at the same time: the saga's call, its attempt
/// and its callee's side.
const UNDER_WAY: usize = 3;

/// The first of its trace that Jaeger knows, once that is the root.
async fn rooted(jaeger: &Jaeger, order_id: &str) -> Trace {
    for _ in 0..2_000 {
        if let Some(trace) = found(jaeger, order_id).filter(|trace| !trace.roots().is_empty()) {
            return trace;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the root of the order's trace is never exported");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_process_is_killed_after_its_root_was_exported_is_still_one_trace() {
    let test = "an_order_whose_process_is_killed_after_its_root_was_exported_is_still_one_trace";
    let Some(jaeger) = Jaeger::start(test) else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let ambient = Ambient::system();
    for round in 0..3 {
        let mut first = serving(data, &jaeger.endpoint(), "1500ms", &[], &[]);
        let channel = first.ready().await;
        stock(&channel, "MUG", 10).await;
        let order =
            place(&channel, basket([("MUG", 1)]).card("tok_slow:traced"), &format!("killed-{round}")).await.unwrap();
        let before = rooted(&jaeger, &order.order_id).await;
        first.kill();
        let killed = u64::try_from(ambient.now().as_millis()).unwrap() * 1_000;

        let mut second = serving(data, &jaeger.endpoint(), "1500ms", &[], &[]);
        let channel = second.ready().await;
        assert_eq!(settled(&channel, &order.order_id).await.state(), OrderState::Completed);
        let after = trace_of(&jaeger, &order.order_id, &SERVICES).await;
        assert!(second.end().0.success());
        is_whole_but_for_the_kill(&before, &after, killed);
    }
}

fn is_whole_but_for_the_kill(before: &Trace, after: &Trace, killed: u64) {
    assert_eq!(before.id, after.id);
    assert_eq!(after.roots().len(), 1, "{}", after.tree());
    let there: BTreeSet<&str> = after.spans.iter().map(|span| span.id.as_str()).collect();
    assert!(before.spans.iter().all(|span| there.contains(span.id.as_str())), "what was exported stays");
    assert!(after.spans.iter().any(|span| span.started > killed), "the work after the kill is in it: {}", after.tree());
    // A parent that nobody knows was under way when the process died: nothing that was called afterwards has such a one,
    // only events whose cause was written down with its number before the kill.
    let orphans = after.orphans();
    for orphan in orphans.iter().filter(|orphan| orphan.started > killed) {
        assert_eq!(orphan.kind(), "consumer", "{orphan:?} was called after the kill: {}", after.tree());
    }
    let missing: BTreeSet<&str> = orphans.iter().filter_map(|orphan| orphan.parent.as_deref()).collect();
    assert!(missing.len() <= UNDER_WAY, "more is missing than was under way, {missing:?}: {}", after.tree());
}
