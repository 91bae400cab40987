//! `order`: places, shows and decides orders.

mod decide;
mod place;
mod read;

use crate::{
    context::Context,
    failure::Failure,
    show::{Output, order_json, order_page, print_json, say},
};
use api::order::v1::{Order, order_service_client::OrderServiceClient};
use clap::Subcommand;
use fabric::Wire;

/// What there is to do with orders.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Places an order.
    Place(place::Args),
    /// Shows one order.
    Get(read::Get),
    /// Lists orders, newest first.
    List(read::List),
    /// Shows an order's history, and each change as it happens.
    Watch(read::Watch),
    /// Cancels an order that the carrier does not have yet.
    Cancel(decide::Cancel),
    /// Takes items of a shipped order back.
    Return(decide::Return),
    /// Lists the orders that wait for a person.
    Parked(read::Parked),
    /// Decides for an order that waits for a person.
    Resolve(decide::Resolve),
}

/// Does what was said.
pub async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    let endpoint = command.endpoint();
    let done = match command {
        Command::Place(args) => place::run(args, context).await,
        Command::Get(args) => read::get(args, context).await,
        Command::List(args) => read::list(args, context).await,
        Command::Watch(args) => read::watch(args, context).await,
        Command::Cancel(args) => decide::cancel(args, context).await,
        Command::Return(args) => decide::take_back(args, context).await,
        Command::Parked(args) => read::parked(args, context).await,
        Command::Resolve(args) => decide::resolve(args, context).await,
    };
    done.map_err(|failure| failure.asking(&endpoint))
}

impl Command {
    fn endpoint(&self) -> String {
        match self {
            Self::Place(args) => args.running.endpoint(),
            Self::Get(args) => args.place.endpoint(),
            Self::List(args) => args.place.endpoint(),
            Self::Watch(args) => args.place.endpoint(),
            Self::Cancel(args) => args.running.endpoint(),
            Self::Return(args) => args.running.endpoint(),
            Self::Parked(args) => args.place.endpoint(),
            Self::Resolve(args) => args.running.endpoint(),
        }
    }
}

fn client(wire: Wire) -> OrderServiceClient<Wire> {
    OrderServiceClient::new(wire)
}

fn show(order: Option<Order>, context: &Context) -> Result<(), Failure> {
    let order = order.ok_or_else(|| Failure::Finding("the answer holds no order".to_owned()))?;
    match context.output {
        Output::Json => print_json(&order_json(&order)),
        Output::Table => {
            say!("{}", order_page(&order));
        }
    }
    Ok(())
}

/// Who acts, when nobody is named: the user of this session.
fn me() -> String {
    std::env::var("USER").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "operator".to_owned())
}
