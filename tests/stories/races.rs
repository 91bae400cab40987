//! Every pair of mutating calls at the same time on the same order, payment and SKU (the ACIDRain test), and the
//! hottest item under a thousand orders at once.

use api::{
    inventory::v1::{
        CommitRequest, CorrectStockRequest, ReceiveStockRequest, ReleaseRequest, ReserveRequest, RestockRequest,
        StockLine,
    },
    order::v1::{Order, OrderState, Payment, PaymentMethod, Resolution},
    payment::v1::{AuthoriseRequest, CaptureRequest, ChargeRequest, RefundRequest, VoidRequest},
    shipping::v1::{CancelShipmentRequest, CreateShipmentRequest},
    types::StepRef,
};
use audit::Invariant;
use futures::{TryStreamExt, future::join_all};
use outrigger_tests::{Basket, PRICE, World, basket, pence, story};
use std::time::Duration;
use tonic::Code;

/// What may befall an order from outside.
#[derive(Clone, Copy, Debug)]
enum OrderDeed {
    PlaceAgain,
    Cancel,
    Return,
    Retry,
    Refund,
    Complete,
    Receive,
    Correct,
}

const ORDER_DEEDS: [OrderDeed; 8] = {
    use OrderDeed::{Cancel, Complete, Correct, PlaceAgain, Receive, Refund, Retry, Return};
    [PlaceAgain, Cancel, Return, Retry, Refund, Complete, Receive, Correct]
};

async fn befall(world: &World, order: &Order, key: &str, deed: OrderDeed) {
    // A refusal is as good as a success here: what counts is what holds afterwards.
    match deed {
        OrderDeed::PlaceAgain => {
            drop(world.try_place(basket([("MUG", 2)]).transfer("tok_race").or_hold().key(key)).await)
        }
        OrderDeed::Cancel => drop(world.cancel(order).await),
        OrderDeed::Return => drop(world.take_back(order, &format!("return-{key}"), "MUG", 1).await),
        OrderDeed::Retry => drop(world.resolve(order, Resolution::Retry).await),
        OrderDeed::Refund => drop(world.resolve(order, Resolution::Refund).await),
        OrderDeed::Complete => drop(world.resolve(order, Resolution::Complete).await),
        OrderDeed::Receive => world.stock([("MUG", 2)]).await,
        OrderDeed::Correct => correct(world, &format!("count-{key}"), -1).await,
    }
}

async fn correct(world: &World, key: &str, difference: i64) {
    let request = CorrectStockRequest {
        request_id: key.into(),
        sku: "MUG".into(),
        difference,
        reason: "counted".into(),
        actor: "storekeeper".into(),
    };
    drop(world.inventory().correct_stock(request).await);
}

/// Where the order stands when the two come.
#[derive(Clone, Copy, Debug)]
enum Stage {
    JustPlaced,
    Parked,
    Delivered,
}

story! {
    async fn every_pair_of_calls_on_one_order_leaves_the_invariants_standing(world: World) {
        world.stock([("MUG", 0)]).await;
        let mut number = 0;
        for (index, one) in ORDER_DEEDS.into_iter().enumerate() {
            for other in ORDER_DEEDS.into_iter().skip(index) {
                for stage in [Stage::JustPlaced, Stage::Parked, Stage::Delivered] {
                    number += 1;
                    let key = format!("race-{number}");
                    let order = staged(&world, &key, stage).await;
                    tokio::join!(
                        befall(&world, &order, &key, one),
                        befall(&world, &order, &key, other),
                        befall(&world, &order, &key, one),
                    );
                }
            }
        }
        world.audit_is_clean().await;
    }
}

async fn staged(world: &World, key: &str, stage: Stage) -> Order {
    // Whatever earlier races left on hand is counted away, so that a parked order parks.
    let left = world.level("MUG").await.on_hand;
    let wanted = if matches!(stage, Stage::Parked) { 0 } else { 4 };
    if left != wanted {
        correct(world, &format!("stage-{key}"), wanted - left).await;
    }
    let order = world.place(basket([("MUG", 2)]).transfer("tok_race").or_hold().key(key)).await;
    match stage {
        Stage::JustPlaced => order,
        Stage::Parked => world.reaches(&order, OrderState::NeedsAttention).await,
        Stage::Delivered => world.settled(&order).await,
    }
}

/// What may befall a payment, a reservation and a parcel that no saga owns.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Authorise,
    Capture,
    Charge,
    Void,
    RefundPart,
    RefundAll,
    Reserve,
    Commit,
    Release,
    Restock,
    Catalogue,
    Receive,
    Correct,
    Ship,
    CancelShipment,
}

const DEEDS: [Deed; 15] = {
    use Deed::*;
    [
        Authorise,
        Capture,
        Charge,
        Void,
        RefundPart,
        RefundAll,
        Reserve,
        Commit,
        Release,
        Restock,
        Catalogue,
        Receive,
        Correct,
        Ship,
        CancelShipment,
    ]
};

/// One pair's own order, payment and goods.
struct Subject<'a> {
    world: &'a World,
    order_id: String,
    payment_id: String,
}

impl Subject<'_> {
    fn step(&self, step: &str, attempt: i32) -> Option<StepRef> {
        Some(StepRef { saga: self.order_id.clone(), step: step.into(), attempt })
    }

    fn lines(&self, quantity: i64) -> Vec<StockLine> {
        vec![StockLine { sku: "MUG".into(), quantity }]
    }

    fn key(&self, what: &str) -> String {
        format!("{}-{what}", self.order_id)
    }

    async fn befall(&self, deed: Deed) {
        match deed {
            Deed::Authorise | Deed::Capture | Deed::Charge | Deed::Void | Deed::RefundPart | Deed::RefundAll => {
                self.pay(deed).await;
            }
            _ => self.move_goods(deed).await,
        }
    }

    async fn pay(&self, deed: Deed) {
        let mut payments = self.world.payments();
        let (request_id, order_id, payment_id) =
            (self.key(&format!("{deed:?}")), self.order_id.clone(), self.payment_id.clone());
        let amount = Some(pence(PRICE));
        let means = |method: PaymentMethod| Some(Payment { method: method.into(), token: "tok_race".into() });
        match deed {
            Deed::Authorise => {
                let (payment, step) = (means(PaymentMethod::Card), self.step("pay", 1));
                drop(payments.authorise(AuthoriseRequest { request_id, order_id, amount, payment, step }).await);
            }
            Deed::Charge => {
                let (payment, step) = (means(PaymentMethod::Wallet), self.step("pay-instant", 1));
                drop(payments.charge(ChargeRequest { request_id, order_id, amount, payment, step }).await);
            }
            Deed::Capture => {
                drop(payments.capture(CaptureRequest { request_id, payment_id, step: self.step("capture", 1) }).await);
            }
            Deed::Void => {
                drop(payments.void(VoidRequest { request_id, undoes: self.step("pay", 0), order_id }).await);
            }
            part => {
                let amount = Some(pence(if matches!(part, Deed::RefundPart) { PRICE / 2 } else { PRICE }));
                let reason = "a race".into();
                drop(payments.refund(RefundRequest { request_id, payment_id, amount, reason, step: None }).await);
            }
        }
    }

    async fn move_goods(&self, deed: Deed) {
        let (request_id, order_id) = (self.key(&format!("{deed:?}")), self.order_id.clone());
        let (mut inventory, mut shipping) = (self.world.inventory(), self.world.shipping());
        match deed {
            Deed::Reserve => {
                let (lines, step) = (self.lines(2), self.step("reserve", 1));
                drop(inventory.reserve(ReserveRequest { request_id, order_id, lines, hold_for: None, step }).await);
            }
            Deed::Commit => {
                drop(inventory.commit(CommitRequest { request_id, order_id, step: self.step("commit", 1) }).await);
            }
            Deed::Release => {
                let undoes = self.step("reserve", 0);
                drop(inventory.release(ReleaseRequest { request_id, order_id, undoes }).await);
            }
            Deed::Restock => {
                drop(
                    inventory.restock(RestockRequest { request_id, order_id, lines: self.lines(1), step: None }).await,
                );
            }
            Deed::Catalogue => self.world.stock([("MUG", 0)]).await,
            Deed::Receive => {
                drop(inventory.receive_stock(ReceiveStockRequest { request_id, lines: self.lines(3) }).await);
            }
            Deed::Correct => correct(self.world, &request_id, -1).await,
            Deed::Ship => {
                let (lines, step) = (self.lines(2), self.step("ship", 1));
                drop(shipping.create_shipment(CreateShipmentRequest { request_id, order_id, lines, step }).await);
            }
            _ => {
                let undoes = self.step("ship", 0);
                drop(shipping.cancel_shipment(CancelShipmentRequest { request_id, order_id, undoes }).await);
            }
        }
    }
}

story! {
    async fn every_pair_of_calls_on_one_payment_and_sku_conserves_money_and_stock(world: World) {
        world.stock([("MUG", 5)]).await;
        let mut number = 0;
        for (index, one) in DEEDS.into_iter().enumerate() {
            for other in DEEDS.into_iter().skip(index) {
                for prepared in [&[][..], &[Deed::Reserve], &[Deed::Capture, Deed::Reserve, Deed::Commit, Deed::Ship]] {
                    number += 1;
                    let subject = subject(&world, format!("S-{number}")).await;
                    for deed in prepared {
                        subject.befall(*deed).await;
                    }
                    tokio::join!(subject.befall(one), subject.befall(other), subject.befall(one));
                }
            }
        }
        world.quiet().await;
        let facts: Vec<_> = world.system().facts().try_collect().await.unwrap();
        // These payments and parcels belong to no order, which I3 and I4 would rightly complain of.
        let found: Vec<_> = audit::check(&facts)
            .violations
            .into_iter()
            .filter(|violation| matches!(violation.invariant, Invariant::I1 | Invariant::I2))
            .collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}

async fn subject(world: &World, order_id: String) -> Subject<'_> {
    let request = AuthoriseRequest {
        request_id: format!("{order_id}-pay"),
        order_id: order_id.clone(),
        amount: Some(pence(PRICE)),
        payment: Some(Payment { method: PaymentMethod::Card.into(), token: "tok_race".into() }),
        step: Some(StepRef { saga: order_id.clone(), step: "pay".into(), attempt: 1 }),
    };
    let payment = world.payments().authorise(request).await.unwrap().into_inner().payment.unwrap();
    Subject { world, order_id, payment_id: payment.payment_id }
}

/// Places an order; whoever is not answered in time, with a thousand others before, asks again under the same key.
async fn insist(world: &World, basket: Basket) -> Order {
    loop {
        match world.try_place(basket.clone()).await {
            Ok(answer) => return answer.into_inner().order.expect("an order"),
            Err(status) => assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}"),
        }
    }
}

story! {
    async fn the_hottest_item_is_never_oversold(world: World) {
        world.stock([("HOT", 150)]).await;
        // Two lines of one order on the same SKU are one wish for three.
        let order = |n: usize| basket([("HOT", 1), ("HOT", 2)]).transfer(&format!("tok_hot_{}", n % 7)).or_refund();
        let placed = join_all((0..1_000).map(|n| insist(&world, order(n).key(&format!("hot-{n}"))))).await;
        let mut completed = 0;
        for order in &placed {
            match world.settled(order).await.state() {
                OrderState::Completed => completed += 1,
                state => assert_eq!(state, OrderState::Refunded),
            }
        }
        assert_eq!(completed, 50);
        tokio::time::sleep(Duration::from_millis(1)).await;
        world.quiet().await;
        let level = world.level("HOT").await;
        assert_eq!((level.on_hand, level.shipped), (0, 150));
        world.audit_is_clean().await;
    }
}
