//! What a turn of an order's saga means to the order: which way it moves, why, and what is told of it.

use super::{
    causes::{CANCELLED_BY_CUSTOMER, OUT_OF_STOCK, TAKEN},
    moves::IllegalMove,
    order::{Change, Method, Order, Parked},
    steps,
};
use ambient::Timestamp;
use api::order::v1::OrderState::{self, *};
use saga::{Direction, NO_ANSWER, Told};

/// The order after a turn, and the entries of its history. An illegal move is a bug: the unit fails (I4).
pub fn tell(order: &Order, told: &[Told], now: Timestamp) -> Result<(Order, Vec<Change>), IllegalMove> {
    let mut story = Story { order: order.clone(), changes: Vec::with_capacity(1), now };
    for told in told {
        story.one(told)?;
    }
    if story.order != *order {
        story.order.updated_at = now;
    }
    Ok((story.order, story.changes))
}

struct Story {
    order: Order,
    changes: Vec<Change>,
    now: Timestamp,
}

impl Story {
    fn one(&mut self, told: &Told) -> Result<(), IllegalMove> {
        match told {
            Told::Stepped { step, output } => self.stepped(step, output),
            Told::Undoing { first, at, cause, reason, actor } => self.undoing(*first, at, cause, reason, actor),
            Told::Undone { step, output } => self.undone(step, output),
            Told::Unwound { reached, cause } => self.unwound(reached, cause),
            Told::Stood { .. } => {
                self.order.cancel = None;
                self.order.because("", "");
                Ok(())
            }
            Told::Parked { step, cause, reason } => {
                self.order.because(cause, reason);
                self.go(NeedsAttention, "")?;
                self.order.parked = Some(Parked { step: (*step).to_owned(), at: self.now });
                Ok(())
            }
            Told::Resumed { step, direction, actor, note } => {
                self.order.because("", note);
                self.go(self.standing(step, *direction == Direction::Undo && *step != steps::SHIP), actor)?;
                self.order.reason.clear();
                Ok(())
            }
            Told::Ended { cause, reason, .. } => {
                self.order.because(cause, reason);
                self.order.cancel = None;
                self.go(Declined, "")
            }
            // An order's saga waits after its last step: the carrier's word ends it, not this.
            Told::Finished => Ok(()),
        }
    }

    fn go(&mut self, to: OrderState, actor: &str) -> Result<(), IllegalMove> {
        self.order.go(to, actor, self.now).map(|change| self.changes.push(change))
    }

    fn stepped(&mut self, step: &str, output: &str) -> Result<(), IllegalMove> {
        let instant = self.order.content.method != Method::Card;
        match step {
            steps::PAY => {
                self.order.payment_id = output.to_owned();
                self.order.taken |= instant;
                self.go(Reserving, "")
            }
            steps::COMMIT if instant => self.go(Confirmed, ""),
            steps::CAPTURE => {
                self.order.taken = true;
                self.go(Confirmed, "")
            }
            steps::SHIP => {
                self.order.shipment_id = output.to_owned();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The order shows REFUNDING once money that was taken is on its way back: while shipping is asked first, it is
    /// still where it was.
    fn undoing(
        &mut self,
        first: Option<&'static str>,
        at: &str,
        cause: &str,
        reason: &str,
        actor: &str,
    ) -> Result<(), IllegalMove> {
        let (reason, actor) = match &self.order.cancel {
            Some(cancel) if cause == CANCELLED_BY_CUSTOMER => (cancel.reason.clone(), cancel.actor.clone()),
            _ => (reason.to_owned(), actor.to_owned()),
        };
        self.order.because(cause, reason);
        let standing = self.standing(at, first != Some(steps::SHIP));
        // Turning round is a move only out of a person's hands, or when money is on its way back: a step that was done
        // in this very turn has moved the order on, and giving it up does not move it back.
        let moves = self.order.state == NeedsAttention || standing == Refunding;
        match moves && standing != self.order.state {
            true => self.go(standing, &actor),
            false => Ok(()),
        }
    }

    fn undone(&mut self, step: &str, output: &str) -> Result<(), IllegalMove> {
        match step {
            steps::SHIP if self.order.taken && self.order.state != Refunding => {
                let actor = self.canceller();
                self.go(Refunding, &actor)
            }
            steps::PAY => {
                self.order.taken |= output == TAKEN;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn unwound(&mut self, reached: &str, cause: &str) -> Result<(), IllegalMove> {
        let actor = self.canceller();
        self.order.cancel = None;
        self.order.cause = cause.to_owned();
        if self.order.taken {
            if self.order.state != Refunding {
                self.go(Refunding, &actor)?;
            }
            return self.go(Refunded, &actor);
        }
        self.go(without_money(reached, cause), &actor)
    }

    /// Where an order stands at a step, or on the way back from it.
    fn standing(&self, step: &str, giving_back: bool) -> OrderState {
        match step {
            _ if giving_back && self.order.taken => Refunding,
            // Going back, an order that was paid is never again one that is being paid.
            steps::PAY if self.order.payment_id.is_empty() => Paying,
            steps::SHIP => Confirmed,
            _ => Reserving,
        }
    }

    fn canceller(&self) -> String {
        self.order.cancel.as_ref().map(|cancel| cancel.actor.clone()).unwrap_or_default()
    }
}

/// How an order ends of which no money was ever taken.
fn without_money(reached: &str, cause: &str) -> OrderState {
    match (cause, reached) {
        (CANCELLED_BY_CUSTOMER, _) => Cancelled,
        (OUT_OF_STOCK, _) => OutOfStock,
        // Nobody refused anything: a person gave up asking.
        (NO_ANSWER, _) => Cancelled,
        (_, steps::PAY | steps::CAPTURE) => Declined,
        _ => Cancelled,
    }
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
