//! `order place`.

use super::{client, show};
use crate::{context::Context, duration, failure::Failure, reach::Running, show::parse_amount};
use ::money::decimals;
use ambient::Ambient;
use api::{
    order::v1::{
        ChargeLine, Customer, FailureAction, FailurePolicy, OrderLine, Payment, PaymentMethod, PlaceOrderRequest,
        WaitFor,
    },
    types::Money,
};
use clap::{Args as ClapArgs, ValueEnum};
use std::time::Duration;

/// The order.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The customer's number.
    #[arg(long)]
    customer: String,
    /// Goods, as SKU=QUANTITY@PRICE, e.g. `LANTERN=2@45.00`; once for each line.
    #[arg(long = "line", required = true, value_name = "SKU=QUANTITY@PRICE")]
    lines: Vec<String>,
    /// What is charged besides, as CODE=AMOUNT, e.g. `POST=4.90`; negative for a discount.
    #[arg(long = "charge", value_name = "CODE=AMOUNT")]
    charges: Vec<String>,
    /// How it is paid.
    #[arg(long, value_enum, default_value_t = Method::Card)]
    pay: Method,
    /// The gateway's token; the simulated gateway knows tok_ok, tok_declined, tok_silent_once and more.
    #[arg(long, default_value = "tok_ok")]
    token: String,
    /// The answer to a step that cannot go on: refund, hold, retry:TIME or retry:TIME:hold [default: the system's].
    #[arg(long, value_name = "ANSWER")]
    on_failure: Option<String>,
    /// Where mail goes; without it, none is sent.
    #[arg(long, default_value = "")]
    email: String,
    /// The order's key: the same key and content are one order, however often it is sent [default: a new one].
    #[arg(long)]
    request_id: Option<String>,
    /// The currency of all prices, by its three letters.
    #[arg(long, default_value = "GBP")]
    currency: String,
    /// How much to wait for.
    #[arg(long, value_enum, default_value_t = Wait::Confirmed)]
    wait: Wait,
    #[command(flatten)]
    pub running: Running,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    Card,
    Transfer,
    Wallet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Wait {
    /// Until it is durable.
    Recorded,
    /// Until it is confirmed, final or parked.
    Confirmed,
}

/// Places it, and shows it as it then stands.
pub async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let ambient = Ambient::system();
    let wire = args.running.wire(&ambient)?;
    let request = args.request(&ambient)?;
    let key = request.request_id.clone();
    let answer = client(wire).place_order(request).await.map_err(|status| Failure::from(status).under(&key))?;
    if answer.metadata().contains_key("outrigger-replayed") {
        eprintln!("this order was placed before under the same key");
    }
    show(answer.into_inner().order, context)
}

impl Args {
    fn request(self, ambient: &Ambient) -> Result<PlaceOrderRequest, Failure> {
        let currency = self.currency.as_str();
        let lines = self.lines.iter().map(|text| line(text, currency)).collect::<Result<_, _>>()?;
        let charges = self.charges.iter().map(|text| charge(text, currency)).collect::<Result<_, _>>()?;
        let method = match self.pay {
            Method::Card => PaymentMethod::Card,
            Method::Transfer => PaymentMethod::Transfer,
            Method::Wallet => PaymentMethod::Wallet,
        };
        let wait_for = match self.wait {
            Wait::Recorded => WaitFor::Recorded,
            Wait::Confirmed => WaitFor::Confirmed,
        };
        Ok(PlaceOrderRequest {
            request_id: self.request_id.unwrap_or_else(|| ambient.id()),
            customer: Some(Customer { customer_id: self.customer, email: self.email }),
            lines,
            charges,
            payment: Some(Payment { method: method.into(), token: self.token }),
            on_failure: self.on_failure.as_deref().map(policy).transpose()?,
            wait_for: wait_for.into(),
        })
    }
}

fn money(text: &str, currency: &str) -> Option<Money> {
    let minor_units = parse_amount(text, currency)?;
    Some(Money { currency_code: currency.to_owned(), minor_units })
}

/// "LANTERN=2@45.00".
fn line(text: &str, currency: &str) -> Result<OrderLine, Failure> {
    let (sku, quantity, unit_price) = parts(text, currency).ok_or_else(|| not_a_line(text, currency))?;
    Ok(OrderLine { sku, quantity, unit_price: Some(unit_price), ..OrderLine::default() })
}

/// What to write instead.
pub fn not_a_line(text: &str, currency: &str) -> Failure {
    let decimals = decimals(currency);
    Failure::Misuse(format!(
        "--line '{text}': write SKU=QUANTITY@PRICE, e.g. LANTERN=2@45.00; prices in {currency} have up to {decimals} decimals"
    ))
}

/// What a line or a returned line says.
pub fn parts(text: &str, currency: &str) -> Option<(String, i64, Money)> {
    let (rest, price) = text.rsplit_once('@')?;
    let (sku, quantity) = rest.rsplit_once('=')?;
    Some((sku.to_owned(), quantity.parse().ok()?, money(price, currency)?))
}

fn charge(text: &str, currency: &str) -> Result<ChargeLine, Failure> {
    let parts = text.rsplit_once('=').and_then(|(code, amount)| Some((code.to_owned(), money(amount, currency)?)));
    let (code, amount) =
        parts.ok_or_else(|| Failure::Misuse(format!("--charge '{text}': write CODE=AMOUNT, e.g. POST=4.90")))?;
    Ok(ChargeLine { title: code.clone(), code, amount: Some(amount) })
}

/// "refund", "hold", "retry:30s", "retry:30s:hold".
fn policy(text: &str) -> Result<FailurePolicy, Failure> {
    let settled = |action: FailureAction| FailurePolicy { action: action.into(), ..FailurePolicy::default() };
    let retry = |time: Duration, then: FailureAction| FailurePolicy {
        action: FailureAction::Retry.into(),
        retry_for: prost_types::Duration::try_from(time).ok(),
        then: then.into(),
    };
    let time = |text: &str| duration::parse(text).map_err(Failure::Misuse);
    match text.split(':').collect::<Vec<_>>()[..] {
        ["refund"] => Ok(settled(FailureAction::Refund)),
        ["hold"] => Ok(settled(FailureAction::Hold)),
        ["retry", wait] | ["retry", wait, "refund"] => Ok(retry(time(wait)?, FailureAction::Refund)),
        ["retry", wait, "hold"] => Ok(retry(time(wait)?, FailureAction::Hold)),
        _ => Err(Failure::Misuse(format!("--on-failure '{text}': write refund, hold, retry:30s or retry:30s:hold"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_from_the_right_so_that_codes_may_hold_anything() {
        let (sku, quantity, price) = parts("A=B@C=2@45.00", "GBP").unwrap();
        assert_eq!((sku.as_str(), quantity, price.minor_units), ("A=B@C", 2, 4_500));
        assert!(line("LANTERN", "GBP").is_err());
    }

    #[test]
    fn the_three_answers_can_be_said() {
        assert_eq!(policy("hold").unwrap().action(), FailureAction::Hold);
        let retry = policy("retry:30s:hold").unwrap();
        assert_eq!(
            (retry.action(), retry.then(), retry.retry_for.unwrap().seconds),
            (FailureAction::Retry, FailureAction::Hold, 30)
        );
        assert!(policy("retry").is_err());
    }
}
