//! Lets every story happen: places its order, does what somebody does to it, and follows it to its end.

use super::{finale, shelves, stage::Stage};
use crate::{
    failure::{Failure, describe},
    shop::{Act, Story, catalogue, stories},
    show::{Output, money, say},
    system::System,
};
use api::{
    inventory::v1::StockLine,
    order::v1::{
        CancelOrderRequest, GetOrderRequest, Order, OrderState, Resolution, ResolveOrderRequest, ReturnItemsRequest,
        ReturnLine, WatchOrderRequest, order_service_client::OrderServiceClient,
    },
};
use fabric::Wire;
use futures::future::try_join_all;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// Between two customers.
const PACE: Duration = Duration::from_millis(250);
/// So long an operator thinks.
const THOUGHT: Duration = Duration::from_millis(1_500);

/// Plays all stories, and tells how the day went.
pub async fn play(system: &Arc<System>, output: Output) -> Result<(), Failure> {
    let run = system.ambient().id();
    shelves::offer(system, catalogue().iter().map(|goods| goods.item()).collect()).await?;
    let in_stock = catalogue().iter().filter(|goods| goods.stock > 0);
    let stock = in_stock.map(|goods| StockLine { sku: goods.sku.to_owned(), quantity: goods.stock }).collect();
    shelves::receive(system, format!("opening-{run}"), stock).await?;
    if output == Output::Table {
        say!("A ship chandler's day: {} orders, with trouble mixed in. Each ends as it should:\n", stories().len());
    }
    let stage = Arc::new(Stage::open(output, stories().len()));
    let scenes = stories().iter().enumerate().map(|(at, story)| {
        let orders = OrderServiceClient::new(system.wire("operator", orders::NAME));
        let scene = Scene { system: system.clone(), orders, stage: stage.clone(), run: run.clone(), at, story };
        let late = PACE * u32::try_from(at).unwrap_or(u32::MAX);
        async move {
            sleep(late).await;
            scene.play().await
        }
    });
    let orders = try_join_all(scenes).await?;
    system.settled().await;
    stage.close();
    finale::tell(system, &orders, output).await
}

/// One story as it happens.
#[derive(Clone)]
struct Scene {
    system: Arc<System>,
    orders: OrderServiceClient<Wire>,
    stage: Arc<Stage>,
    run: String,
    at: usize,
    story: &'static Story,
}

impl Scene {
    async fn play(mut self) -> Result<Order, Failure> {
        let order = self.place().await?;
        self.stage.enter(self.at, self.story, &order);
        self.begin(&order).await?;
        self.follow(&order.order_id).await?;
        if let Act::SendBack(quantity) = self.story.then {
            self.send_back(&order, quantity).await?;
        }
        let ended = self.orders.get_order(GetOrderRequest { order_id: order.order_id }).await?.into_inner().order;
        let ended = ended.unwrap_or_default();
        self.stage.leave(self.at, self.story, &ended);
        Ok(ended)
    }

    async fn place(&mut self) -> Result<Order, Failure> {
        let answer = self.orders.place_order(self.story.order(&self.run)).await?;
        answer.into_inner().order.ok_or_else(|| Failure::Finding("the answer holds no order".to_owned()))
    }

    /// What happens besides, before anybody has heard anything.
    async fn begin(&mut self, order: &Order) -> Result<(), Failure> {
        match self.story.then {
            Act::PlaceAgain => {
                let again = self.place().await?;
                let word = if again.order_id == order.order_id { "the same order" } else { "ANOTHER ORDER" };
                self.stage.note(self.at, &format!("sent again under the same key: {word}"));
            }
            Act::CancelAtOnce => {
                let (scene, id) = (self.clone(), order.order_id.clone());
                tokio::spawn(async move { scene.cancel(&id).await });
            }
            Act::Delivery { quantity, after } => {
                let scene = self.clone();
                tokio::spawn(async move {
                    sleep(after).await;
                    scene.deliver(quantity).await
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Watches the order to its end, and does what is to be done on the way.
    async fn follow(&mut self, order_id: &str) -> Result<(), Failure> {
        let request = WatchOrderRequest { order_id: order_id.to_owned(), after_sequence: 0 };
        let mut changes = self.orders.watch_order(request).await?.into_inner();
        while let Some(next) = changes.message().await? {
            let Some(change) = next.change else { continue };
            self.stage.moved(self.at, change.state());
            match (self.story.then, change.state()) {
                (Act::CancelWhenConfirmed, OrderState::Confirmed) | (Act::CancelWhenShipped, OrderState::Shipped) => {
                    let (scene, id) = (self.clone(), order_id.to_owned());
                    tokio::spawn(async move { scene.cancel(&id).await });
                }
                (Act::Resolve { resolution, note, delivery }, OrderState::NeedsAttention) => {
                    sleep(THOUGHT).await;
                    if delivery > 0 {
                        self.deliver(delivery).await?;
                    }
                    self.resolve(order_id, resolution, note).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn cancel(mut self, order_id: &str) {
        let (order_id, reason) = (order_id.to_owned(), "changed my mind".to_owned());
        let cancelled = format!("cancelled by the customer: {reason}");
        let request = CancelOrderRequest { order_id, actor: self.story.who.to_owned(), reason };
        match self.orders.cancel_order(request).await {
            Ok(_) => self.stage.note(self.at, &cancelled),
            Err(status) => self.stage.note(self.at, &format!("cancelling was refused: {}", status.message())),
        }
    }

    async fn resolve(&mut self, order_id: &str, resolution: Resolution, note: &str) -> Result<(), Failure> {
        let (order_id, resolution, actor) = (order_id.to_owned(), resolution.into(), "the operator".to_owned());
        let word = Resolution::try_from(resolution).unwrap_or_default();
        let word = word.as_str_name().trim_start_matches("RESOLUTION_").to_lowercase();
        let request = ResolveOrderRequest { order_id, resolution, actor, note: note.to_owned() };
        self.orders.resolve_order(request).await?;
        self.stage.note(self.at, &format!("the operator said {word}: {note}"));
        Ok(())
    }

    async fn deliver(&self, quantity: i64) -> Result<(), Failure> {
        let (sku, _) = self.story.lines[0];
        let line = StockLine { sku: sku.to_owned(), quantity };
        let delivered = shelves::receive(&self.system, format!("delivery-{}-{}", self.run, self.at), vec![line]).await;
        self.stage.note(self.at, &format!("{quantity} came in"));
        delivered
    }

    async fn send_back(&mut self, order: &Order, quantity: i64) -> Result<(), Failure> {
        let line = &order.lines[0];
        let line = ReturnLine { sku: line.sku.clone(), quantity, unit_price: line.unit_price.clone() };
        let request = ReturnItemsRequest {
            request_id: format!("return-{}", order.order_id),
            order_id: order.order_id.clone(),
            lines: vec![line],
            reason: "more than I need".to_owned(),
        };
        match self.orders.return_items(request).await {
            Ok(answer) => {
                let refund = money(answer.into_inner().refund.as_ref());
                self.stage.note(self.at, &format!("{quantity} sent back, {refund} refunded"));
                Ok(())
            }
            Err(status) => Err(Failure::Finding(describe(&status))),
        }
    }
}
