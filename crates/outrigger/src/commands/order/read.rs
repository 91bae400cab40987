//! `order get`, `list`, `watch` and `parked`: from a running system, or from data at rest.

use super::{client, show};
use crate::{
    context::Context,
    failure::Failure,
    reach::Place,
    show::{
        Output, change_line, heard, order_json, order_rows, print_json, say, short_time, state_name, state_of, table,
    },
    system::Books,
};
use ambient::Ambient;
use api::{
    mesh::v1::fact::Fact as Row,
    order::v1::{
        GetOrderRequest, ListOrdersRequest, ListParkedRequest, Order, OrderChange, OrderState, ParkedOrder,
        WatchOrderRequest,
    },
};
use clap::Args;
use futures::TryStreamExt;
use serde_json::{Value, json};

/// One order.
#[derive(Debug, Args)]
pub struct Get {
    /// The order.
    order: String,
    #[command(flatten)]
    pub place: Place,
}

/// Some orders.
#[derive(Debug, Args)]
pub struct List {
    /// Only this state, e.g. `needs-attention`.
    #[arg(long)]
    state: Option<String>,
    /// Only this customer.
    #[arg(long)]
    customer: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    pub place: Place,
}

/// One order's history.
#[derive(Debug, Args)]
pub struct Watch {
    /// The order.
    order: String,
    /// Only changes after this one.
    #[arg(long, default_value_t = 0, value_name = "SEQUENCE", value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
    #[command(flatten)]
    pub place: Place,
}

/// Orders that wait for a person.
#[derive(Debug, Args)]
pub struct Parked {
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
    #[command(flatten)]
    pub place: Place,
}

/// Shows one order.
pub async fn get(args: Get, context: &Context) -> Result<(), Failure> {
    let order = match args.place.books(context).await? {
        Some(books) => {
            let found = at_rest(books, |order| order.order_id == args.order).await?;
            Some(
                found
                    .into_iter()
                    .next()
                    .ok_or_else(|| Failure::Finding(format!("there is no order {}", args.order)))?,
            )
        }
        None => {
            let request = GetOrderRequest { order_id: args.order };
            client(args.place.wire(&Ambient::system())?).get_order(request).await?.into_inner().order
        }
    };
    show(order, context)
}

/// Lists orders, newest first.
pub async fn list(args: List, context: &Context) -> Result<(), Failure> {
    let state = args.state.as_deref().map(named_state).transpose()?;
    let orders = match args.place.books(context).await? {
        Some(books) => {
            let wanted = |order: &Order| {
                state.is_none_or(|state| order.state() == state)
                    && args
                        .customer
                        .as_ref()
                        .is_none_or(|id| order.customer.as_ref().is_some_and(|c| c.customer_id == *id))
            };
            let mut orders = at_rest(books, wanted).await?;
            orders.reverse();
            orders.truncate(args.limit as usize);
            orders
        }
        None => list_running(&args, state).await?,
    };
    match context.output {
        Output::Json => print_json(&Value::Array(orders.iter().map(order_json).collect())),
        Output::Table if orders.is_empty() => {
            say!("no orders");
        }
        Output::Table => {
            say!("{}", order_rows(&orders));
        }
    }
    Ok(())
}

async fn list_running(args: &List, state: Option<OrderState>) -> Result<Vec<Order>, Failure> {
    let mut client = client(args.place.wire(&Ambient::system())?);
    let (mut orders, mut page_token) = (Vec::new(), String::new());
    let limit = args.limit as usize;
    while orders.len() < limit {
        let page_size = i32::try_from((limit - orders.len()).min(200)).unwrap_or(200);
        let customer_id = args.customer.clone().unwrap_or_default();
        let request = ListOrdersRequest { page_size, page_token, state: state.unwrap_or_default().into(), customer_id };
        let page = client.list_orders(request).await?.into_inner();
        orders.extend(page.orders);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(orders)
}

/// Shows changes until the order is final.
pub async fn watch(args: Watch, context: &Context) -> Result<(), Failure> {
    if let Some(books) = args.place.books(context).await? {
        let history = history_at_rest(books, &args.order).await?;
        let _ = history.iter().filter(|change| change.sequence > args.after).all(|change| tell(change, context.output));
        return Ok(());
    }
    let mut client = client(args.place.wire(&Ambient::system())?);
    let request = WatchOrderRequest { order_id: args.order, after_sequence: args.after };
    let mut changes = client.watch_order(request).await?.into_inner();
    while let Some(next) = changes.message().await? {
        if next.change.is_some_and(|change| !tell(&change, context.output)) {
            return Ok(());
        }
    }
    Ok(())
}

/// True while somebody reads.
fn tell(change: &OrderChange, output: Output) -> bool {
    match output {
        Output::Table => heard(&change_line(change)),
        Output::Json => {
            let value = json!({
                "sequence": change.sequence, "state": state_name(change.state()), "cause": change.cause,
                "reason": change.reason, "actor": change.actor, "time": change.time.as_ref().map(ToString::to_string),
            });
            heard(&value.to_string())
        }
    }
}

/// Lists the orders that wait for a person.
pub async fn parked(args: Parked, context: &Context) -> Result<(), Failure> {
    let parked = match args.place.books(context).await? {
        Some(books) => {
            let waits = |order: &Order| order.state() == OrderState::NeedsAttention;
            let orders = at_rest(books, waits).await?.into_iter().take(args.limit.into());
            orders.map(|order| ParkedOrder { order: Some(order), ..ParkedOrder::default() }).collect()
        }
        None => {
            let request = ListParkedRequest { page_size: args.limit.into(), page_token: String::new() };
            client(args.place.wire(&Ambient::system())?).list_parked(request).await?.into_inner().parked
        }
    };
    match context.output {
        Output::Json => print_json(&Value::Array(parked.iter().map(parked_json).collect())),
        Output::Table if parked.is_empty() => {
            say!("no order waits for a person");
        }
        Output::Table => {
            say!("{}", parked_table(&parked));
            say!("decide with `outrigger order resolve ORDER retry|refund|complete --note WHY`");
        }
    }
    Ok(())
}

fn parked_json(parked: &ParkedOrder) -> Value {
    let since = parked.park_time.as_ref().map(ToString::to_string);
    json!({ "step": parked.step, "since": since, "order": parked.order.as_ref().map(order_json) })
}

fn parked_table(parked: &[ParkedOrder]) -> String {
    table(
        &["order", "step", "since", "cause", "why"],
        parked.iter().map(|parked| {
            let order = parked.order.clone().unwrap_or_default();
            let since = parked.park_time.as_ref().map(short_time).unwrap_or_default();
            [order.order_id, parked.step.clone(), since, order.cause, order.reason]
        }),
    )
}

fn named_state(name: &str) -> Result<OrderState, Failure> {
    state_of(name).ok_or_else(|| {
        let names: Vec<_> = (1..=12).filter_map(|state| OrderState::try_from(state).ok()).map(state_name).collect();
        Failure::Misuse(format!("there is no state '{name}'; the states are {}", names.join(", ").to_lowercase()))
    })
}

/// Orders of a system that is not running, oldest first.
async fn at_rest(books: Books, wanted: impl Fn(&Order) -> bool) -> Result<Vec<Order>, Failure> {
    let mut facts = books.order_facts();
    let mut orders = Vec::new();
    while let Some(fact) = facts.try_next().await.map_err(Failure::misuse)? {
        if let Some(Row::Order(order)) = fact.fact
            && wanted(&order)
        {
            orders.push(order);
        }
    }
    books.close().await;
    Ok(orders)
}

async fn history_at_rest(books: Books, order_id: &str) -> Result<Vec<OrderChange>, Failure> {
    let mut facts = books.order_facts();
    let mut history = Vec::new();
    while let Some(fact) = facts.try_next().await.map_err(Failure::misuse)? {
        if let Some(Row::History(row)) = fact.fact
            && row.order_id == order_id
        {
            history.extend(row.change);
        }
    }
    books.close().await;
    if history.is_empty() {
        return Err(Failure::Finding(format!("there is no order {order_id}")));
    }
    Ok(history)
}
