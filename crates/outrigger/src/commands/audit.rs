//! `audit`: are money, stock and orders right, over all services?

use crate::{
    context::Context,
    failure::Failure,
    reach::Place,
    show::{Output, Tone, amount, counted, plain_table, print_json, say},
    system::Books,
};
use ambient::Ambient;
use api::mesh::v1::{ExportFactsRequest, Fact, mesh_service_client::MeshServiceClient};
use audit::{Checker, Report, Snapshot};
use clap::Args as ClapArgs;
use fabric::Wire;
use futures::{Stream, TryStreamExt};
use serde_json::{Value, json};
use store::StoreError;

/// More than this many of a kind are counted, not listed.
const LISTED: usize = 50;

/// What is audited.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    place: Place,
}

/// Audits a running system or data at rest; broken promises are a finding.
pub async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let report = match args.place.books(context).await? {
        Some(books) => at_rest(books).await?,
        None => {
            let wire = args.place.wire(&Ambient::system())?;
            live(&wire).await.map_err(|failure| failure.asking(&args.place.endpoint()))?
        }
    };
    match context.output {
        Output::Json => print_json(&report_json(&report)),
        Output::Table => {
            say!("{}", text(&report).trim_end());
        }
    }
    verdict(&report)
}

/// A finding when a promise is broken.
pub fn verdict(report: &Report) -> Result<(), Failure> {
    match report.violations.len() {
        0 => Ok(()),
        broken => Err(Failure::Finding(format!(
            "{}; the rows are as they were, look at what is named above",
            counted(broken as u64, "promise is broken", "promises are broken")
        ))),
    }
}

async fn at_rest(books: Books) -> Result<Report, Failure> {
    let report = check(books.facts()).await;
    books.close().await;
    report
}

/// Everything that these rows say, judged as at rest.
pub async fn check(facts: impl Stream<Item = Result<Fact, StoreError>>) -> Result<Report, Failure> {
    let mut checker = Checker::at_rest();
    let mut facts = std::pin::pin!(facts);
    while let Some(fact) = facts.try_next().await.map_err(Failure::misuse)? {
        checker.add(&fact);
    }
    Ok(checker.finish())
}

/// Two exports of a running system; what both agree on is judged.
async fn live(wire: &Wire) -> Result<Report, Failure> {
    let mut first = Snapshot::default();
    export(wire, |fact| first.add(fact)).await?;
    let mut checker = Checker::live(first);
    export(wire, |fact| checker.add(fact)).await?;
    Ok(checker.finish())
}

async fn export(wire: &Wire, mut each: impl FnMut(&Fact)) -> Result<(), Failure> {
    let mut mesh = MeshServiceClient::new(wire.clone());
    let mut pages = mesh.export_facts(ExportFactsRequest {}).await?.into_inner();
    while let Some(page) = pages.message().await? {
        page.facts.iter().for_each(&mut each);
    }
    Ok(())
}

/// For people: quiet when all is well.
pub fn text(report: &Report) -> String {
    let counts = &report.counts;
    let mut text = format!(
        "{} ({} judged) · {} · {} · {}\n",
        counted(counts.orders, "order", "orders"),
        counts.judged,
        counted(counts.ledger_rows, "ledger row", "ledger rows"),
        counted(counts.movements, "stock movement", "stock movements"),
        counted(counts.shipments, "shipment", "shipments"),
    );
    let money = counts.money.iter().map(|(currency, flow)| {
        ["taken".to_owned(), amount(flow.taken, currency), "given back".to_owned(), amount(flow.refunded, currency)]
    });
    if !counts.money.is_empty() {
        text.push_str(&format!("{}\n", plain_table(money)));
    }
    if !report.open.is_empty() {
        let (open, subject) = (report.open.len() as u64, &report.open[0]);
        let more = counted(open, "thing is on its way", "things are on their way");
        text.push_str(&format!("{more}, e.g. {}: {}\n", subject.subject, subject.detail));
    }
    match report.violations.as_slice() {
        [] => text.push_str(&format!("{} I1 to I5 hold\n", Tone::Good.paint("✓"))),
        broken => {
            for violation in broken.iter().take(LISTED) {
                text.push_str(&format!("{} {violation}\n", Tone::Bad.paint("✗")));
            }
            if broken.len() > LISTED {
                text.push_str(&format!("… and {} more; `-o json` lists all\n", broken.len() - LISTED));
            }
        }
    }
    text
}

/// For programs.
pub fn report_json(report: &Report) -> Value {
    let counts = &report.counts;
    let violation = |violation: &audit::Violation| {
        json!({
            "invariant": violation.invariant.to_string(), "promise": violation.invariant.promise(),
            "subject": violation.subject, "detail": violation.detail,
        })
    };
    json!({
        "clean": report.is_clean(),
        "violations": report.violations.iter().map(violation).collect::<Vec<_>>(),
        "open": report.open.iter().map(|open| json!({ "subject": open.subject, "detail": open.detail })).collect::<Vec<_>>(),
        "orders": counts.orders,
        "judged": counts.judged,
        "states": counts.states,
        "money": money_json(report),
        "rows": {
            "keys": counts.keys, "payments": counts.payments, "operations": counts.operations,
            "ledger": counts.ledger_rows, "skus": counts.skus, "movements": counts.movements,
            "reservations": counts.reservations, "shipments": counts.shipments, "returns": counts.returns,
        },
    })
}

/// By currency, in minor units.
pub fn money_json(report: &Report) -> Value {
    let flows = report.counts.money.iter();
    flows
        .map(|(currency, flow)| (currency.clone(), json!({ "taken": flow.taken, "refunded": flow.refunded })))
        .collect()
}
