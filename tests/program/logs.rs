//! What a running system logs: one JSON object a line where nobody sits before it, each with what it belongs to, and nothing
//! about a person.

use crate::serving::{Serving, place, settled, stock};
use api::order::v1::OrderState;
use outrigger_tests::basket;
use serde_json::Value;

#[tokio::test]
async fn a_log_is_json_lines_that_say_which_trace_and_order_they_belong_to_and_nothing_of_persons() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--inventory-fault-rate", "0.3"];
    let surroundings = [("OUTRIGGER_LOG", "debug,h2=info,hyper=info,tonic=info,sqlx=info")];
    let mut serving = Serving::flagged(folder.path().to_str().unwrap(), &flags, &surroundings);
    let channel = serving.ready().await;
    stock(&channel, "MUG", 5).await;
    let mut ids = Vec::new();
    for (key, token, state) in
        [("good", "tok_ok", OrderState::Completed), ("bad", "tok_declined", OrderState::Declined)]
    {
        let order = place(&channel, basket([("MUG", 1)]).card(token), key).await.unwrap();
        assert_eq!(settled(&channel, &order.order_id).await.state(), state);
        ids.push(order.order_id);
    }
    let log = serving.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(!lines.is_empty());
    for line in &lines {
        for always in ["timestamp", "level", "message"] {
            assert!(line[always].is_string(), "{always} is missing in {line}");
        }
    }
    for id in ids {
        let about = lines.iter().filter(|line| line["order_id"] == id.as_str()).collect::<Vec<_>>();
        assert!(!about.is_empty(), "nothing is said of the order {id}:\n{log}");
        let traced =
            about.iter().filter(|line| line["trace_id"].as_str().is_some_and(|trace| trace.len() == 32)).count();
        assert!(traced > 0, "what is said of an order says its trace: {about:#?}");
    }
    for personal in ["customer@", "shop.example", "tok_ok", "tok_declined"] {
        assert!(!log.contains(personal), "{personal} is nobody's business:\n{log}");
    }
}
