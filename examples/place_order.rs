//! An internal client: the generated stubs and nothing else of ours. Places one order, twice under the same key.
//!
//! `cargo run -- demo` in one terminal, then `cargo run -p outrigger-api --example place_order` in another.

use outrigger_api::{
    order::v1::{
        Customer, OrderLine, Payment, PaymentMethod, PlaceOrderRequest, WaitFor,
        order_service_client::OrderServiceClient,
    },
    types::Money,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:50051".into());
    let mut orders = OrderServiceClient::connect(endpoint).await?;
    let request = PlaceOrderRequest {
        // A key of the client's own: sending the request again can only ever give the same order.
        request_id: format!("example-{}", std::process::id()),
        customer: Some(Customer { customer_id: "C-EXAMPLE".into(), email: String::new() }),
        lines: vec![OrderLine {
            sku: "MUG".into(),
            quantity: 2,
            unit_price: Some(Money { currency_code: "GBP".into(), minor_units: 550 }),
            ..Default::default()
        }],
        payment: Some(Payment { method: PaymentMethod::Card.into(), token: "tok_ok".into() }),
        wait_for: WaitFor::Confirmed.into(),
        ..Default::default()
    };
    for _ in 0..2 {
        let answer = orders.place_order(request.clone()).await?;
        let replayed = answer.metadata().contains_key("outrigger-replayed");
        let order = answer.into_inner().order.unwrap_or_default();
        println!("{} is {:?}{}", order.order_id, order.state(), if replayed { " (the same order)" } else { "" });
    }
    Ok(())
}
