//! A reservation and what each call may do to it: one function a call, every state matched.

use super::{Lines, OrderId, Refusal, Sku};
use ambient::Timestamp;

/// Where a reservation stands. As text it is what the table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Held until it expires.
    Held,
    /// Promised.
    Committed,
    /// Given up. Final.
    Released,
    /// Given up by time; may be taken anew.
    Expired,
    /// Gone with a shipment. Final.
    Shipped,
}

impl State {
    /// As the table holds it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Committed => "COMMITTED",
            Self::Released => "RELEASED",
            Self::Expired => "EXPIRED",
            Self::Shipped => "SHIPPED",
        }
    }

    /// The opposite of [`name`](Self::name).
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Held, Self::Committed, Self::Released, Self::Expired, Self::Shipped]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// One SKU of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub sku: Sku,
    /// How many, summed over the order's lines.
    pub quantity: i64,
    /// How many of them came back after they had been shipped.
    pub returned: i64,
}

/// What an order holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The order.
    pub order: OrderId,
    /// Where it stands.
    pub state: State,
    /// By SKU.
    pub lines: Vec<Held>,
    /// When a held one gives up.
    pub expires_at: Timestamp,
    /// Counts its changes, from 1; the version of its events.
    pub version: i64,
}

/// What a `Reserve` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserving {
    /// Takes the stock; the order holds nothing yet, or no longer.
    Take,
    /// The same lines are held: they are held longer.
    Extend,
    /// Nothing to do: held long enough, or promised already.
    Keep,
}

/// What a `Commit` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committing {
    /// Promises what is held.
    Promise,
    /// Takes anew what had expired, and promises it.
    TakeAnew,
    /// Nothing to do.
    Keep,
}

/// What a `Release` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Releasing {
    /// Gives a hold up.
    Held,
    /// Gives a promise up.
    Committed,
    /// Nothing is held any more: only the state changes, so that nothing is taken anew.
    Expired,
    /// Nothing to do.
    Keep,
}

/// What a dispatched parcel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shipping {
    /// What was promised goes.
    Go,
    /// Known already.
    Keep,
    /// The goods went although nothing was promised: a person has to look.
    Unpromised(State),
}

impl Reservation {
    /// Its lines as an order asks for them.
    pub fn wanted(&self) -> Lines {
        Lines::sum(self.lines.iter().map(|line| (line.sku.clone(), line.quantity)))
    }

    /// Decides a `Reserve` of `lines` until `until`, for an order whose reservation is `before`.
    pub fn reserve<'a>(
        before: Option<&Self>,
        lines: &'a Lines,
        until: Timestamp,
        on_hand: impl Fn(&'a Sku) -> i64,
    ) -> Result<Reserving, Refusal> {
        match before.map(|reservation| (reservation.state, reservation)) {
            None | Some((State::Expired, _)) => match Refusal::shortage(lines, on_hand) {
                Some(refusal) => Err(refusal),
                None => Ok(Reserving::Take),
            },
            Some((State::Released, _)) => Err(Refusal::AlreadyReleased),
            Some((State::Shipped, _)) => Err(Refusal::AlreadyShipped),
            Some((_, reservation)) if reservation.wanted() != *lines => Err(Refusal::OtherLines),
            Some((State::Held, reservation)) if reservation.expires_at < until => Ok(Reserving::Extend),
            Some((State::Held | State::Committed, _)) => Ok(Reserving::Keep),
        }
    }

    /// Decides a `Commit`. A hold whose time is over but which was not yet swept up is still there, and is promised.
    pub fn commit<'a>(&self, lines: &'a Lines, on_hand: impl Fn(&'a Sku) -> i64) -> Result<Committing, Refusal> {
        match self.state {
            State::Held => Ok(Committing::Promise),
            State::Expired => match Refusal::shortage(lines, on_hand) {
                Some(refusal) => Err(refusal),
                None => Ok(Committing::TakeAnew),
            },
            State::Committed | State::Shipped => Ok(Committing::Keep),
            State::Released => Err(Refusal::AlreadyReleased),
        }
    }

    /// Decides a `Release`.
    pub fn release(&self) -> Result<Releasing, Refusal> {
        match self.state {
            State::Held => Ok(Releasing::Held),
            State::Committed => Ok(Releasing::Committed),
            State::Expired => Ok(Releasing::Expired),
            State::Released => Ok(Releasing::Keep),
            State::Shipped => Err(Refusal::AlreadyShipped),
        }
    }

    /// Decides what the dispatch of its parcel does.
    pub fn ship(&self) -> Shipping {
        match self.state {
            State::Committed => Shipping::Go,
            State::Shipped => Shipping::Keep,
            state @ (State::Held | State::Expired | State::Released) => Shipping::Unpromised(state),
        }
    }

    /// Whether `lines` may come back: only what was shipped, and only once.
    pub fn restock(&self, lines: &Lines) -> Result<(), Refusal> {
        if self.state != State::Shipped {
            return Err(Refusal::NotShipped);
        }
        for (sku, quantity) in lines.iter() {
            let left = self.lines.iter().find(|line| line.sku == *sku).map_or(0, |line| line.quantity - line.returned);
            if quantity > left {
                return Err(Refusal::TooManyReturned { sku: sku.clone(), left });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(of: &[(&str, i64)]) -> Lines {
        Lines::sum(of.iter().map(|(sku, n)| (Sku((*sku).into()), *n)))
    }

    fn reservation(state: State) -> Reservation {
        let held = vec![Held { sku: Sku("a".into()), quantity: 5, returned: 2 }];
        let expires_at = Timestamp::from_millis(100);
        Reservation { order: OrderId("o".into()), state, lines: held, expires_at, version: 1 }
    }

    fn reserving(state: State, asked: &Lines, until: i64) -> Result<Reserving, Refusal> {
        Reservation::reserve(Some(&reservation(state)), asked, Timestamp::from_millis(until), |_| 5)
    }

    #[test]
    fn a_reservation_is_taken_when_every_line_is_there_and_not_otherwise() {
        let (asked, until) = (lines(&[("a", 3), ("b", 4)]), Timestamp::from_millis(1));
        assert_eq!(Reservation::reserve(None, &asked, until, |_| 4), Ok(Reserving::Take));
        let short = Reservation::reserve(None, &asked, until, |sku| if sku.0 == "b" { 3 } else { 9 });
        assert!(matches!(short, Err(Refusal::OutOfStock(lacking)) if lacking.len() == 1 && lacking[0].on_hand == 3));
    }

    #[test]
    fn reserving_again_keeps_extends_or_is_refused() {
        let same = lines(&[("a", 5)]);
        assert_eq!(reserving(State::Held, &same, 100), Ok(Reserving::Keep));
        assert_eq!(reserving(State::Held, &same, 101), Ok(Reserving::Extend));
        assert_eq!(reserving(State::Committed, &same, 101), Ok(Reserving::Keep));
        assert_eq!(reserving(State::Expired, &same, 101), Ok(Reserving::Take));
        assert_eq!(reserving(State::Held, &lines(&[("a", 4)]), 101), Err(Refusal::OtherLines));
        assert_eq!(reserving(State::Released, &same, 101), Err(Refusal::AlreadyReleased));
        assert_eq!(reserving(State::Shipped, &same, 101), Err(Refusal::AlreadyShipped));
    }

    #[test]
    fn what_expired_is_committed_only_while_the_stock_is_there() {
        let asked = lines(&[("a", 5)]);
        assert_eq!(reservation(State::Expired).commit(&asked, |_| 5), Ok(Committing::TakeAnew));
        assert!(matches!(reservation(State::Expired).commit(&asked, |_| 4), Err(Refusal::OutOfStock(_))));
        assert_eq!(reservation(State::Held).commit(&asked, |_| 0), Ok(Committing::Promise));
        assert_eq!(reservation(State::Shipped).commit(&asked, |_| 0), Ok(Committing::Keep));
        assert_eq!(reservation(State::Released).commit(&asked, |_| 9), Err(Refusal::AlreadyReleased));
    }

    #[test]
    fn all_is_given_back_but_what_has_gone() {
        assert_eq!(reservation(State::Held).release(), Ok(Releasing::Held));
        assert_eq!(reservation(State::Committed).release(), Ok(Releasing::Committed));
        assert_eq!(reservation(State::Expired).release(), Ok(Releasing::Expired));
        assert_eq!(reservation(State::Released).release(), Ok(Releasing::Keep));
        assert_eq!(reservation(State::Shipped).release(), Err(Refusal::AlreadyShipped));
    }

    #[test]
    fn no_more_comes_back_than_went_out() {
        let shipped = reservation(State::Shipped);
        assert_eq!(shipped.restock(&lines(&[("a", 3)])), Ok(()));
        let too_many = Refusal::TooManyReturned { sku: Sku("a".into()), left: 3 };
        assert_eq!(shipped.restock(&lines(&[("a", 4)])), Err(too_many));
        assert!(matches!(shipped.restock(&lines(&[("b", 1)])), Err(Refusal::TooManyReturned { left: 0, .. })));
        assert_eq!(reservation(State::Held).restock(&lines(&[("a", 1)])), Err(Refusal::NotShipped));
    }

    #[test]
    fn a_parcel_takes_only_what_was_promised() {
        assert_eq!(reservation(State::Committed).ship(), Shipping::Go);
        assert_eq!(reservation(State::Shipped).ship(), Shipping::Keep);
        assert_eq!(reservation(State::Released).ship(), Shipping::Unpromised(State::Released));
    }

    #[test]
    fn a_state_is_read_back_as_it_was_written() {
        for state in [State::Held, State::Committed, State::Released, State::Expired, State::Shipped] {
            assert_eq!(State::parse(state.name()), Some(state));
        }
    }
}
