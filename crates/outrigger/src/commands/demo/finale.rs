//! How the day went, and what to try next.

use crate::{
    commands::{
        audit::{check, report_json, verdict},
        serve::{address, endpoint_flag, metrics},
    },
    failure::Failure,
    show::{Output, Tone, amount, counted, order_json, print_json, program, say, table},
    system::System,
};
use api::order::v1::Order;
use audit::Report;
use serde_json::{Value, json};

/// Audits everything, and tells the sum of it.
pub async fn tell(system: &System, orders: &[Order], output: Output) -> Result<(), Failure> {
    let report = check(system.facts()).await?;
    match output {
        Output::Json => {
            let stories: Vec<Value> = orders.iter().map(order_json).collect();
            print_json(&json!({ "orders": report.counts.states, "stories": stories, "audit": report_json(&report) }));
        }
        Output::Table => {
            say!("\n{}", text(&report).trim_end());
        }
    }
    verdict(&report)
}

/// Orders by final state, the money, and the audit's verdict.
pub fn text(report: &Report) -> String {
    let counts = &report.counts;
    let states = counts.states.iter().map(|(state, orders)| [state.clone(), orders.to_string()]);
    let mut text = format!("{}\n\n", table(&["orders", " how many"], states));
    let money = counts.money.iter().map(|(code, flow)| {
        let kept = amount(flow.taken - flow.refunded, code);
        [code.clone(), amount(flow.taken, code), amount(flow.refunded, code), kept]
    });
    text.push_str(&format!("{}\n\n", table(&["money", " taken", " given back", " kept"], money)));
    for violation in &report.violations {
        text.push_str(&format!("{} {violation}\n", Tone::Bad.paint("✗")));
    }
    if report.is_clean() {
        text.push_str(&format!(
            "{} audited: {}, {}, {}: no money, stock or order was lost (I1 to I5 hold)\n",
            Tone::Good.paint("✓"),
            counted(counts.orders, "order", "orders"),
            counted(counts.ledger_rows, "ledger row", "ledger rows"),
            counted(counts.movements, "stock movement", "stock movements"),
        ));
    }
    text
}

/// Where it is, and what to type next.
pub fn invite(system: &System, output: Output) {
    let (grpc, page, metrics) = (address(system.grpc()), address(system.http()), metrics(system));
    if output == Output::Json {
        print_json(&json!({ "grpc": grpc, "page": page, "metrics": metrics, "data": system.place() }));
        return;
    }
    let (program, at) = (program(), endpoint_flag(&grpc));
    say!("\nStill serving; Ctrl-C ends it.\n");
    say!("  page     {}", Tone::Strong.paint(&page));
    say!("  gRPC     {grpc}");
    say!("  metrics  {metrics}");
    say!("  data     {}\n", system.place());
    say!("Try in another terminal:\n");
    say!("  {program} order list{at}");
    say!("  {program} order place --customer you --line LANTERN=2@45.00{at}");
    say!("  {program} order place --customer you --line BELL=1@185.00 --pay transfer --on-failure hold{at}");
    say!("  {program} order parked{at}");
    say!("  {program} audit{at}");
}
