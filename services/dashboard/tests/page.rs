//! The page over real sockets: what it answers, that it follows events, and how it ends.

#![allow(clippy::unwrap_used)] // helpers included, all of this is tests

mod shop;
mod tab;

use ambient::Ambient;
use engines::{Engine, on_both_engines};
use fabric::{Mesh, Placement};
use journal::Bus;
use outrigger_dashboard::{Dashboard, Settings, StartError, start};
use shop::Shop;
use std::net::SocketAddr;
use store::Data;
use tab::{ask, until, whole};
use tokio::{io::AsyncReadExt, net::TcpStream};

struct World {
    bus: Bus,
    dashboard: Dashboard,
    shop: Shop,
}

impl World {
    async fn new(engine: &Engine, tabs: usize) -> Self {
        let ambient = Ambient::system();
        let (data, bus) = (engine.data(), Bus::embedded(ambient.clone()));
        let dashboard = open(&ambient, data, &bus, "127.0.0.1:0".parse().unwrap(), tabs).await.unwrap();
        let shop = Shop::open(&ambient, data, &bus, 7).await;
        Self { bus, dashboard, shop }
    }

    fn address(&self) -> SocketAddr {
        self.dashboard.page_address().unwrap()
    }

    async fn get(&self, path: &str) -> String {
        whole(self.address(), path).await
    }

    async fn ask(&self, path: &str, headers: &str) -> TcpStream {
        ask(self.address(), path, headers).await
    }
}

async fn open(
    ambient: &Ambient,
    data: &Data,
    bus: &Bus,
    http: SocketAddr,
    tabs: usize,
) -> Result<Dashboard, StartError> {
    let contract = policy::Contract::from_descriptors(api::DESCRIPTORS).unwrap();
    let mesh = Mesh::new(contract, ambient.clone(), Placement::InProcess);
    start(ambient, data, &mesh, bus, Settings { http: Some(http), tabs, ..Settings::default() }).await
}

on_both_engines! { #[tokio::test]

async fn the_page_says_everything_without_a_script(engine: &Engine) {
    let world = World::new(engine, 8).await;
    for number in 0..40 {
        world.shop.order(number).await;
    }
    world.bus.settled().await;
    let page = world.get("/").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for said in ["<h1>Outrigger</h1>", "<dd class=\"figure\">40</dd>", "Waiting for a person", "needs attention", "GBP"]
    {
        assert!(page.contains(said), "{said} is missing in {page}");
    }
    let summary = world.get("/api/summary").await;
    let json: serde_json::Value = serde_json::from_str(summary.split_once("\r\n\r\n").unwrap().1).unwrap();
    let orders: i64 = json["states"].as_array().unwrap().iter().map(|count| count["orders"].as_i64().unwrap()).sum();
    assert_eq!(orders, 40);
    assert!(world.get("/healthz").await.ends_with("ok\n"));
    assert!(world.get("/nothing").await.starts_with("HTTP/1.1 404"));
}

async fn every_answer_carries_the_headers_that_keep_others_out(engine: &Engine) {
    let world = World::new(engine, 8).await;
    for path in ["/", "/api/summary", "/healthz", "/assets/page.js", "/nothing"] {
        let answer = world.get(path).await;
        let head = answer.split_once("\r\n\r\n").unwrap().0;
        assert!(head.contains("content-security-policy: default-src 'none'"), "{path}: {head}");
        assert!(head.contains("frame-ancestors 'none'") && head.contains("x-content-type-options: nosniff"), "{path}");
        assert!(head.contains("referrer-policy: no-referrer"), "{path}: {head}");
    }
    let page = world.get("/").await;
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("<script>"), "nothing is inline");
}

async fn what_services_say_is_shown_as_text_whatever_it_is(engine: &Engine) {
    let world = World::new(engine, 8).await;
    let change = api::order::v1::OrderChange {
        state: api::order::v1::OrderState::NeedsAttention.into(),
        cause: "<script>alert(1)</script>".into(),
        reason: "a\r\n\"quoted\" & <img src=x onerror=alert(1)>".into(),
        ..Default::default()
    };
    let event =
        api::order::v1::OrderChanged { order_id: "<b>A</b>".into(), change: Some(change), ..Default::default() };
    world.shop.tell("outrigger.order.v1.OrderChanged", "A", 1, &event).await;
    world.bus.settled().await;
    let page = world.get("/").await;
    assert!(page.contains("&lt;img src=x") && page.contains("&lt;b&gt;A&lt;/b&gt;"), "{page}");
    assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("<b>A"), "{page}");
    let mut tab = world.ask("/events", "").await;
    until(&mut tab, "&lt;img src=x").await;
}

async fn an_open_page_is_told_of_every_change_without_being_loaded_again(engine: &Engine) {
    let world = World::new(engine, 8).await;
    let mut tab = world.ask("/events", "").await;
    let first = until(&mut tab, "No orders yet").await;
    assert!(first.contains("content-type: text/event-stream"), "{first}");
    world.shop.order(1).await;
    until(&mut tab, "<dd class=\\\"figure\\\">1</dd>").await;
    world.shop.order(2).await;
    until(&mut tab, "<dd class=\\\"figure\\\">2</dd>").await;
}

async fn one_tab_too_many_is_refused_until_another_is_closed(engine: &Engine) {
    let world = World::new(engine, 1).await;
    let mut tab = world.ask("/events", "").await;
    until(&mut tab, "data:").await;
    assert!(world.get("/events").await.starts_with("HTTP/1.1 503"));
    assert!(world.get("/").await.starts_with("HTTP/1.1 200"), "the page itself is always served");
    drop(tab);
    loop {
        // The server learns of the closed tab when it next looks at it.
        world.shop.order(1).await;
        let mut next = world.ask("/events", "").await;
        if until(&mut next, "\r\n\r\n").await.starts_with("HTTP/1.1 200") {
            break;
        }
    }
}

async fn shutdown_ends_open_streams_and_frees_the_port(engine: &Engine) {
    let world = World::new(engine, 8).await;
    let mut tab = world.ask("/events", "").await;
    until(&mut tab, "data:").await;
    world.dashboard.shutdown().await;
    let mut rest = Vec::new();
    tab.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(world.address()).await.is_err());
}

async fn a_port_that_is_taken_is_named_with_what_to_do(engine: &Engine) {
    let world = World::new(engine, 8).await;
    let ambient = Ambient::system();
    let (data, bus) = (engine.data(), Bus::embedded(ambient.clone()));
    let error = open(&ambient, data, &bus, world.address(), 8).await.err().unwrap().to_string();
    assert!(error.contains(&world.address().to_string()) && error.contains("choose another port"), "{error}");
}

async fn pages_are_compressed_for_those_who_ask_and_event_streams_never(engine: &Engine) {
    let world = World::new(engine, 8).await;
    let mut page = world.ask("/", "Accept-Encoding: gzip\r\nConnection: close\r\n").await;
    until(&mut page, "content-encoding: gzip").await;
    let mut tab = world.ask("/events", "Accept-Encoding: gzip\r\n").await;
    assert!(!until(&mut tab, "data:").await.contains("content-encoding"));
}

}
