//! What the stories of notifications need: a publisher that stands for orders, and a mail server that says what it is
//! told to say.
#![allow(dead_code, clippy::unwrap_used)] // each story needs another part

use ambient::{Ambient, Timestamp};
use api::{
    notification::v1::{ListMailsRequest, Mail, notification_service_client::NotificationServiceClient},
    order::v1::{OrderChange, OrderChanged, OrderState},
    types::Money,
};
use engines::Engine;
use fabric::{Mesh, Placement, Wire};
use journal::{Bus, Event, outbox};
use outrigger_notifications::{Notifications, Settings, start};
use parking_lot::Mutex;
use prost::Message;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use store::{Data, Store};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

pub const ADA: &str = "ada.lovelace@example.com";

pub struct World {
    pub ambient: Ambient,
    pub bus: Bus,
    pub mesh: Mesh,
    pub notifications: Notifications,
    orders: Store,
}

impl World {
    /// A world over data that may have been there before.
    pub async fn new(engine: &Engine, settings: Settings) -> Self {
        Self::at(engine.data(), settings).await
    }

    pub async fn at(data: &Data, settings: Settings) -> Self {
        let ambient = Ambient::seeded(7, Timestamp::from_millis(1_700_000_000_000));
        let bus = Bus::embedded(ambient.clone());
        let contract = policy::Contract::from_descriptors(api::DESCRIPTORS).unwrap();
        let mesh = Mesh::new(contract, ambient.clone(), Placement::InProcess);
        let notifications = start(&ambient, data, &mesh, &bus, settings).await.unwrap();
        let orders = data.store("orders", journal::migrations()).await.unwrap();
        bus.publisher("orders", orders.clone());
        Self { ambient, bus, mesh, notifications, orders }
    }

    /// An order's move, told to Ada.
    pub async fn moved(&self, order: &str, from: OrderState, to: OrderState) -> Event {
        let change = OrderChange { from_state: from.into(), state: to.into(), ..Default::default() };
        let message = OrderChanged {
            order_id: order.into(),
            change: Some(change),
            total: Some(Money { currency_code: "GBP".into(), minor_units: 1_250 }),
            email: ADA.into(),
            ..Default::default()
        };
        self.told(order, message.encode_to_vec()).await
    }

    pub async fn told(&self, order: &str, payload: Vec<u8>) -> Event {
        let event = Event {
            id: self.ambient.id(),
            source: "orders".into(),
            kind: "outrigger.order.v1.OrderChanged".into(),
            key: order.into(),
            version: 1,
            payload,
            at: self.ambient.now(),
            trace: None,
        };
        self.deliver(event.clone()).await;
        event
    }

    /// Delivers an event, perhaps not for the first time.
    pub async fn deliver(&self, event: Event) {
        self.orders.unit(event, |tx, event| Box::pin(outbox::append(tx, event))).await.unwrap();
    }

    /// Until every event is taken in and every mail that can leave has left.
    pub async fn settled(&self) {
        self.bus.settled().await;
        self.notifications.settled().await.unwrap();
    }

    pub async fn mails(&self) -> Vec<Mail> {
        let request = ListMailsRequest { page_size: 1_000, ..Default::default() };
        self.client().list_mails(request).await.unwrap().into_inner().mails
    }

    pub fn client(&self) -> NotificationServiceClient<Wire> {
        NotificationServiceClient::new(self.mesh.wire("operator", "notifications"))
    }

    pub async fn shutdown(&self) {
        self.notifications.shutdown().await;
        self.bus.shutdown().await;
    }
}

/// A mail server on loopback that knows just enough to be given a mail.
pub struct Server {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Mails are read, and not answered.
    silent: bool,
    /// What to answer to the next recipients, instead of accepting them.
    answers: VecDeque<&'static str>,
    accepted: Vec<String>,
    asked: usize,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, shared.clone()));
            }
        });
        Self { url, state }
    }

    /// The next recipients get these answers.
    pub fn answers(&self, answers: impl IntoIterator<Item = &'static str>) {
        self.state.lock().answers.extend(answers);
    }

    /// From now on mails are read and accepted, but their senders hear nothing of it until this is taken back.
    pub fn is_silent(&self, silent: bool) {
        self.state.lock().silent = silent;
    }

    /// The mails that were accepted, each with its envelope's recipient in the first line.
    pub fn accepted(&self) -> Vec<String> {
        self.state.lock().accepted.clone()
    }

    /// How often a recipient was named.
    pub fn asked(&self) -> usize {
        self.state.lock().asked
    }
}

async fn talk(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 post\r\n").await.ok()?;
    let mut recipient = String::new();
    while let Some(line) = lines.next_line().await.ok()? {
        let command = line.get(..4).unwrap_or(&line).to_uppercase();
        let answer = match command.as_str() {
            "EHLO" => "250-post\r\n250 8BITMIME".to_owned(),
            "RCPT" => {
                recipient = line;
                let mut state = state.lock();
                state.asked += 1;
                state.answers.pop_front().unwrap_or("250 fine").to_owned()
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.ok()?;
                let mut mail = format!("{recipient}\r\n");
                loop {
                    match lines.next_line().await.ok()?? {
                        line if line == "." => break,
                        line => mail.push_str(&format!("{line}\r\n")),
                    }
                }
                state.lock().accepted.push(mail);
                while state.lock().silent {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                "250 taken".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 fine".to_owned(),
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}
