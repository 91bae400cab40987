//! `order cancel`, `return` and `resolve`: what people decide.

use super::{
    client, me,
    place::{not_a_line, parts},
    show,
};
use crate::{
    context::Context,
    failure::Failure,
    reach::Running,
    show::{Output, money, say},
};
use ambient::Ambient;
use api::order::v1::{CancelOrderRequest, Resolution, ResolveOrderRequest, ReturnItemsRequest, ReturnLine};
use clap::{Args, ValueEnum};

/// A cancellation.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The order.
    order: String,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    reason: String,
    /// Who wishes it [default: you].
    #[arg(long)]
    actor: Option<String>,
    #[command(flatten)]
    pub running: Running,
}

/// A return.
#[derive(Debug, Args)]
pub struct Return {
    /// The order.
    order: String,
    /// What comes back, as SKU=QUANTITY@PRICE, at the price it was bought; once for each line.
    #[arg(long = "line", required = true, value_name = "SKU=QUANTITY@PRICE")]
    lines: Vec<String>,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    reason: String,
    /// The return's key: the same key and content are one return [default: a new one].
    #[arg(long)]
    request_id: Option<String>,
    /// The currency of all prices, by its three letters.
    #[arg(long, default_value = "GBP")]
    currency: String,
    #[command(flatten)]
    pub running: Running,
}

/// A decision.
#[derive(Debug, Args)]
pub struct Resolve {
    /// The order, one of `order parked`.
    order: String,
    /// The decision.
    #[arg(value_enum)]
    decision: Decision,
    /// Why; required for `complete`, where it is kept as a waiver.
    #[arg(long, default_value = "", required_if_eq("decision", "complete"))]
    note: String,
    /// Who decides [default: you].
    #[arg(long)]
    actor: Option<String>,
    #[command(flatten)]
    pub running: Running,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Decision {
    /// Try the step again.
    Retry,
    /// Undo what was done.
    Refund,
    /// Call it complete as it is.
    Complete,
}

/// Wishes the order cancelled, and shows what became of it.
pub async fn cancel(args: Cancel, context: &Context) -> Result<(), Failure> {
    let wire = args.running.wire(&Ambient::system())?;
    let actor = args.actor.unwrap_or_else(me);
    let request = CancelOrderRequest { order_id: args.order, actor, reason: args.reason };
    show(client(wire).cancel_order(request).await?.into_inner().order, context)
}

/// Records the return, and shows the order.
pub async fn take_back(args: Return, context: &Context) -> Result<(), Failure> {
    let ambient = Ambient::system();
    let wire = args.running.wire(&ambient)?;
    let line = |text: &String| {
        let (sku, quantity, price) = parts(text, &args.currency).ok_or_else(|| not_a_line(text, &args.currency))?;
        Ok(ReturnLine { sku, quantity, unit_price: Some(price) })
    };
    let lines = args.lines.iter().map(line).collect::<Result<Vec<_>, Failure>>()?;
    let request_id = args.request_id.unwrap_or_else(|| ambient.id());
    let key = request_id.clone();
    let request = ReturnItemsRequest { request_id, order_id: args.order, lines, reason: args.reason };
    let answer =
        client(wire).return_items(request).await.map_err(|status| Failure::from(status).under(&key))?.into_inner();
    if context.output == Output::Table {
        say!("return {} is recorded; {} goes back", answer.return_id, money(answer.refund.as_ref()));
    }
    show(answer.order, context)
}

/// Decides, and shows what became of the order.
pub async fn resolve(args: Resolve, context: &Context) -> Result<(), Failure> {
    let wire = args.running.wire(&Ambient::system())?;
    let resolution = match args.decision {
        Decision::Retry => Resolution::Retry,
        Decision::Refund => Resolution::Refund,
        Decision::Complete => Resolution::Complete,
    };
    let request = ResolveOrderRequest {
        order_id: args.order,
        resolution: resolution.into(),
        actor: args.actor.unwrap_or_else(me),
        note: args.note,
    };
    show(client(wire).resolve_order(request).await?.into_inner().order, context)
}
