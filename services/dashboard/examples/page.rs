//! The page over a shop that is not there, to look at while working on it: `cargo run -p outrigger-dashboard --example
//! page -- 127.0.0.1:8080`. Orders come in for as long as it runs.

#[path = "../tests/shop/mod.rs"]
mod shop;

use ambient::Ambient;
use fabric::{Mesh, Placement};
use journal::Bus;
use outrigger_dashboard as dashboard;
use shop::Shop;
use std::{error::Error, sync::Arc, time::Duration};
use store::Data;

/// Orders before the page is served.
const BEFORE: u64 = 300;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let http = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned()).parse()?;
    let ambient = Ambient::system();
    let (data, bus) = (Data::memory(), Bus::embedded(ambient.clone()));
    let mesh = Mesh::new(policy::Contract::from_descriptors(api::DESCRIPTORS)?, ambient.clone(), Placement::InProcess);
    let settings = dashboard::Settings { http: Some(http), ..Default::default() };
    let dashboard = dashboard::start(&ambient, &data, &mesh, &bus, settings).await?;
    let mut shop = Shop::open(&ambient, &data, &bus, 7).await;
    shop.pace = Duration::from_millis(150);
    let shop = Arc::new(shop);
    println!("the page is at http://{}/", dashboard.page_address().unwrap_or(http));
    for number in 0.. {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move { shop.order(number).await });
        let pause = if number < BEFORE { 10 } else { 150 };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    dashboard.shutdown().await;
    bus.shutdown().await;
    Ok(())
}
