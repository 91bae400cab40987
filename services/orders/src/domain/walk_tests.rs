//! Ten thousand orders walk at random: every outcome of every step, wishes, persons and the carrier at any moment. No
//! move is illegal, and each order ends with what its state says (I4).

use crate::domain::{Cancel, Content, Method, OnFailure, Order, PAYMENT_DECLINED, Policy, TAKEN, answer, steps, tell};
use ambient::{Dice, Timestamp};
use api::order::v1::OrderState::{self, *};
use saga::{Backoff, Direction, Heard, Outcome, Pause, Refusal, Rules, State, Status, Then, Told, Turn, decide};
use std::{collections::BTreeMap, time::Duration};

/// What stands outside.
#[derive(Debug, Default)]
struct Outside {
    held: bool,
    taken: bool,
    given_back: bool,
    stock: bool,
    shipment: bool,
    dispatched: bool,
    /// An attempt has one answer, however often it is asked for.
    answers: BTreeMap<(&'static str, i64), Outcome>,
}

struct Walk {
    dice: Dice,
    order: Order,
    state: State,
    outside: Outside,
    now: Timestamp,
    trail: Vec<String>,
}

fn order(dice: &Dice) -> Order {
    let pick = |from: u64| dice.bits() % from;
    let policy = if pick(2) == 0 { Policy::Refund } else { Policy::Hold };
    let on_failure = match pick(2) {
        0 => OnFailure::Settled(policy),
        _ => OnFailure::Retry { retry_for: Duration::from_secs(5), then: policy },
    };
    Order::received(Content {
        order_id: "o".into(),
        customer_id: "c".into(),
        email: String::new(),
        lines: Vec::new(),
        charges: Vec::new(),
        method: if pick(2) == 0 { Method::Card } else { Method::Wallet },
        token: "t".into(),
        on_failure,
        currency: "GBP".into(),
        total: 100,
        created_at: Timestamp::from_millis(0),
        trace: None,
    })
    .0
}

impl Walk {
    fn new(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let (order, state) = (order(&dice), State::begun(None));
        Self { dice, order, state, outside: Outside::default(), now: Timestamp::from_millis(0), trail: Vec::new() }
    }

    fn one_in(&self, sides: u64) -> bool {
        self.dice.bits().is_multiple_of(sides)
    }

    fn hear(&mut self, heard: Heard) {
        self.trail.push(format!("{heard:?}"));
        let on_failure = self.order.content.on_failure;
        let all = self.order.content.steps();
        let step = all[self.state.step].name;
        let answer = move |refusal: &Refusal| answer(on_failure, refusal);
        let rules = Rules {
            steps: all,
            then: Then::Wait,
            answer: &answer,
            patience: Some(Duration::from_secs(20)),
            stands: step == steps::SHIP,
            pause: Pause {
                backoff: Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(9) },
                dice: 0.5,
            },
        };
        let Turn { after, told, .. } = decide(&rules, &self.state, heard, self.now);
        self.state = after;
        self.tell(&told);
    }

    fn tell(&mut self, told: &[Told]) {
        let told = tell(&self.order, told, self.now).map(|(order, _)| order);
        self.order = told.unwrap_or_else(|illegal| panic!("{illegal} after {:#?}", self.trail));
    }

    /// The present attempt's call is made; its answer may be lost on the way.
    fn call(&mut self) {
        if let Some(at) = self.state.wake_at.take() {
            self.now = self.now.max(at);
        }
        let step = self.order.content.steps()[self.state.step].name;
        let arrives = !self.one_in(6);
        let outcome = match self.state.direction {
            _ if !arrives => Outcome::Unknown { reason: "lost".into() },
            Direction::Forward => {
                let attempt = (step, self.state.attempt);
                match self.outside.answers.get(&attempt) {
                    Some(answer) => answer.clone(),
                    None => {
                        let answer = self.act(step);
                        self.outside.answers.insert(attempt, answer.clone());
                        answer
                    }
                }
            }
            Direction::Undo => self.undo(step),
        };
        // Between the call and its record anything may be wished.
        if self.one_in(8) {
            self.wish();
        }
        let lost = self.one_in(6);
        let outcome = if lost { Outcome::Unknown { reason: "answer lost".into() } } else { outcome };
        self.hear(Heard::Outcome(outcome));
    }

    fn act(&mut self, step: &str) -> Outcome {
        if self.one_in(5) {
            let cause = match step {
                steps::PAY | steps::CAPTURE => PAYMENT_DECLINED,
                steps::RESERVE | steps::COMMIT => "OUT_OF_STOCK",
                _ => "INVALID_ARGUMENT",
            };
            return Outcome::Refused { cause: cause.into(), reason: String::new() };
        }
        match step {
            steps::PAY if self.order.content.method == Method::Card => self.outside.held = true,
            steps::PAY | steps::CAPTURE => self.outside.taken = true,
            steps::SHIP => self.outside.shipment = true,
            _ => self.outside.stock = true,
        }
        Outcome::Done { output: format!("{step}-id") }
    }

    fn undo(&mut self, step: &str) -> Outcome {
        match step {
            steps::SHIP if self.outside.dispatched => {
                return Outcome::Refused { cause: "ALREADY_DISPATCHED".into(), reason: String::new() };
            }
            _ if self.one_in(12) && step != steps::SHIP => {
                return Outcome::Refused { cause: "PERMISSION_DENIED".into(), reason: String::new() };
            }
            steps::SHIP => self.outside.shipment = false,
            steps::RESERVE => self.outside.stock = false,
            _ => {
                self.outside.held = false;
                self.outside.given_back = self.outside.taken;
                let output = if self.outside.taken { TAKEN } else { "" };
                return Outcome::Done { output: output.into() };
            }
        }
        Outcome::Done { output: String::new() }
    }

    fn wish(&mut self) {
        let open = matches!(self.order.state, Paying | Reserving | Confirmed | NeedsAttention);
        let undoing = self.state.direction == Direction::Undo && self.state.status != Status::Parked;
        if open && !undoing && self.state.wish.is_none() {
            self.order.cancel.get_or_insert_with(|| Cancel { actor: "ann".into(), reason: "x".into() });
            let (cause, reason, actor) = ("CANCELLED_BY_CUSTOMER".into(), "x".into(), "ann".into());
            self.hear(Heard::Wish { cause, reason, actor });
        }
    }

    fn person(&mut self) {
        let (actor, note) = ("bob".to_owned(), "n".to_owned());
        match self.one_in(2) {
            true => self.hear(Heard::Retry { actor, note }),
            false => self.hear(Heard::Wish { cause: self.order.cause.clone(), reason: note, actor }),
        }
    }

    fn carrier(&mut self) {
        if !self.outside.dispatched {
            if self.outside.shipment {
                self.outside.dispatched = true;
            }
            return;
        }
        match self.order.state {
            Confirmed | NeedsAttention if self.state.status != Status::Done => {
                if self.state.status != Status::Waiting {
                    self.hear(Heard::Proven);
                }
                self.order.cancel = None;
                self.order.because("", "");
                self.go(Shipped);
            }
            Shipped => {
                self.state.status = Status::Done;
                self.go(Completed);
            }
            _ => {}
        }
    }

    fn go(&mut self, to: OrderState) {
        self.trail.push(format!("carrier {to:?}"));
        let moved = self.order.go(to, "", self.now).map(drop);
        moved.unwrap_or_else(|illegal| panic!("{illegal} after {:#?}", self.trail));
    }

    fn walk(mut self) -> Self {
        for _ in 0..2_000 {
            if self.state.status == Status::Done {
                return self;
            }
            self.now = self.now.plus(Duration::from_millis(self.dice.bits() % 3_000));
            match self.state.status {
                _ if self.one_in(10) => self.wish(),
                _ if self.one_in(6) => self.carrier(),
                Status::Running => self.call(),
                Status::Parked => self.person(),
                Status::Waiting | Status::Done => self.carrier(),
            }
        }
        panic!("it never ends: {:#?}", self.trail);
    }
}

#[test]
fn whatever_happens_in_whatever_order_no_move_is_illegal_and_every_end_is_right() {
    let mut ends = BTreeMap::new();
    for seed in 0..10_000 {
        let Walk { order, outside, trail, .. } = Walk::new(seed).walk();
        let net = outside.taken && !outside.given_back;
        let right = match order.state {
            Completed => net && outside.dispatched,
            Refunded => outside.taken && !net && !outside.held && !outside.stock && !outside.shipment,
            Cancelled | Declined | OutOfStock => !outside.taken && !outside.held && !outside.stock && !outside.shipment,
            _ => false,
        };
        assert!(right, "I4, seed {seed}: {:?} with {outside:?} after {trail:#?}", order.state);
        assert!(order.cancel.is_none() && order.parked.is_none(), "seed {seed}: nothing is left open");
        *ends.entry(order.state as i32).or_insert(0) += 1;
    }
    assert_eq!(ends.len(), 5, "every end was reached: {ends:?}");
}
