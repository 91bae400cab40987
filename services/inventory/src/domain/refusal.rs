//! The answers that are a no: decided, recorded with the call's key, and given again to whoever asks again.

use super::{Lines, Sku};
use std::{fmt::Write, str::FromStr};

/// A SKU of which there is not enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Which.
    pub sku: Sku,
    /// How many were asked for.
    pub wanted: i64,
    /// How many were free.
    pub on_hand: i64,
}

/// Why a call was refused. Each is one `reason` of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// These SKUs lack; nothing was taken of any.
    OutOfStock(Vec<Shortage>),
    /// A correction would take more away than is on hand.
    BelowZero { on_hand: i64 },
    /// A counter would overflow.
    TooMuch { sku: Sku },
    /// More would come back than went out.
    TooManyReturned { sku: Sku, left: i64 },
    /// The order holds other lines already.
    OtherLines,
    /// The order's reservation was given up for good.
    AlreadyReleased,
    /// The goods have gone.
    AlreadyShipped,
    /// The order has no reservation.
    NotReserved,
    /// Nothing of the order was shipped, so nothing can come back.
    NotShipped,
    /// The saga undid this step before it arrived.
    StepUndone,
    /// A later attempt of the step was here.
    StepStale,
}

impl Refusal {
    /// What is lacking of `lines`, if anything.
    pub fn shortage<'a>(lines: &'a Lines, on_hand: impl Fn(&'a Sku) -> i64) -> Option<Self> {
        let lacking: Vec<Shortage> = lines
            .iter()
            .map(|(sku, wanted)| Shortage { sku: sku.clone(), wanted, on_hand: on_hand(sku) })
            .filter(|line| line.wanted > line.on_hand)
            .collect();
        (!lacking.is_empty()).then_some(Self::OutOfStock(lacking))
    }

    /// The contract's name for it.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::OutOfStock(_) => "OUT_OF_STOCK",
            Self::BelowZero { .. } => "BELOW_ZERO",
            Self::TooMuch { .. } => "TOO_MUCH",
            Self::TooManyReturned { .. } => "TOO_MANY_RETURNED",
            Self::OtherLines => "OTHER_LINES_RESERVED",
            Self::AlreadyReleased => "ALREADY_RELEASED",
            Self::AlreadyShipped => "ALREADY_SHIPPED",
            Self::NotReserved => "NOT_RESERVED",
            Self::NotShipped => "NOT_SHIPPED",
            Self::StepUndone => "STEP_UNDONE",
            Self::StepStale => "STEP_STALE",
        }
    }

    /// As it is kept beside the call's key: the reason, then one line for each SKU it speaks of. SKUs hold no line breaks.
    pub fn encode(&self) -> String {
        let mut text = self.reason().to_owned();
        let mut line = |numbers: &[i64], sku: &str| {
            text.push('\n');
            for number in numbers {
                let _infallible = write!(text, "{number} ");
            }
            text.push_str(sku);
        };
        match self {
            Self::OutOfStock(lacking) => lacking.iter().for_each(|s| line(&[s.wanted, s.on_hand], &s.sku.0)),
            Self::BelowZero { on_hand } => line(&[*on_hand], ""),
            Self::TooMuch { sku } => line(&[], &sku.0),
            Self::TooManyReturned { sku, left } => line(&[*left], &sku.0),
            _ => {}
        }
        text
    }

    /// The opposite of [`encode`](Self::encode); nothing when it was not that which wrote it.
    pub fn decode(text: &str) -> Option<Self> {
        let (reason, rest) = text.split_once('\n').unwrap_or((text, ""));
        Some(match reason {
            "OUT_OF_STOCK" => Self::OutOfStock(rest.lines().map(shortage).collect::<Option<_>>()?),
            "BELOW_ZERO" => Self::BelowZero { on_hand: number(rest)?.0 },
            "TOO_MUCH" => Self::TooMuch { sku: Sku(rest.to_owned()) },
            "TOO_MANY_RETURNED" => {
                let (left, sku) = number(rest)?;
                Self::TooManyReturned { sku: Sku(sku.to_owned()), left }
            }
            "OTHER_LINES_RESERVED" => Self::OtherLines,
            "ALREADY_RELEASED" => Self::AlreadyReleased,
            "ALREADY_SHIPPED" => Self::AlreadyShipped,
            "NOT_RESERVED" => Self::NotReserved,
            "NOT_SHIPPED" => Self::NotShipped,
            "STEP_UNDONE" => Self::StepUndone,
            "STEP_STALE" => Self::StepStale,
            _ => return None,
        })
    }
}

fn shortage(line: &str) -> Option<Shortage> {
    let (wanted, rest) = number(line)?;
    let (on_hand, sku) = number(rest)?;
    Some(Shortage { sku: Sku(sku.to_owned()), wanted, on_hand })
}

fn number(text: &str) -> Option<(i64, &str)> {
    let (number, rest) = text.split_once(' ')?;
    Some((i64::from_str(number).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_back_as_it_was_written() {
        let sku = Sku("85123A with a space".into());
        let lacking = vec![
            Shortage { sku: sku.clone(), wanted: 6, on_hand: 2 },
            Shortage { sku: Sku("b".into()), wanted: 1, on_hand: 0 },
        ];
        for refusal in [
            Refusal::OutOfStock(lacking),
            Refusal::BelowZero { on_hand: 3 },
            Refusal::TooMuch { sku: sku.clone() },
            Refusal::TooManyReturned { sku, left: 4 },
            Refusal::OtherLines,
            Refusal::AlreadyReleased,
            Refusal::AlreadyShipped,
            Refusal::NotReserved,
            Refusal::NotShipped,
            Refusal::StepUndone,
            Refusal::StepStale,
        ] {
            assert_eq!(Refusal::decode(&refusal.encode()), Some(refusal));
        }
        assert_eq!(Refusal::decode("something else"), None);
        assert_eq!(Refusal::decode("OUT_OF_STOCK\nx y z"), None);
    }
}
