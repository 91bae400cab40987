//! The legal moves of an order: one table, checked in one place, printed into the documentation.

use api::order::v1::OrderState::{self, *};

/// From each state, where an order may go and what takes it there. A move that is not here is a bug.
const MOVES: &[(OrderState, &[(OrderState, &str)])] = &[
    (Received, &[(Paying, "the first attempt to pay is recorded")]),
    (
        Paying,
        &[
            (Reserving, "the card is authorised, or the money is taken (instant methods)"),
            (Declined, "the payment was refused; no money was taken"),
            (Cancelled, "the customer cancelled; no money was taken"),
            (Refunding, "what was taken is being given back"),
            (NeedsAttention, "the outcome stayed unknown, or the order's policy is HOLD"),
        ],
    ),
    (
        Reserving,
        &[
            (Confirmed, "the stock is committed and the money taken"),
            (OutOfStock, "there was no stock; no money was taken"),
            (Declined, "the capture was refused; no money was taken"),
            (Cancelled, "the customer cancelled; no money was taken"),
            (Refunding, "money was taken and is being given back"),
            (NeedsAttention, "a step was refused and the policy is HOLD, or its outcome stayed unknown"),
        ],
    ),
    (
        Confirmed,
        &[
            (Shipped, "the carrier has the goods"),
            (Refunding, "the shipment was cancelled; the money is being given back"),
            (NeedsAttention, "the shipment was refused, or its outcome stayed unknown too long"),
        ],
    ),
    (Shipped, &[(Completed, "the goods were delivered"), (Shipped, "items came back")]),
    (Completed, &[(Completed, "items came back")]),
    (Declined, &[]),
    (OutOfStock, &[]),
    (Cancelled, &[]),
    (Refunding, &[(Refunded, "all that was taken is given back"), (NeedsAttention, "an undo was refused")]),
    (Refunded, &[]),
    (
        NeedsAttention,
        &[
            (Paying, "a person has the payment tried again"),
            (Reserving, "a person has the stock or capture tried again, or undone"),
            (Confirmed, "a person has the shipment tried again, or cancelled"),
            (Refunding, "a person or the customer has it undone"),
            (Shipped, "the carrier has the goods after all"),
            (Completed, "a person calls it complete, with a note (a waiver)"),
        ],
    ),
];

/// A move that the table does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("I4: an order may not go from {from:?} to {to:?}")]
pub struct IllegalMove {
    /// From.
    pub from: OrderState,
    /// To.
    pub to: OrderState,
}

/// Whether an order may go from one state to another.
pub fn check_move(from: OrderState, to: OrderState) -> Result<(), IllegalMove> {
    match exits(from).iter().any(|(exit, _)| *exit == to) {
        true => Ok(()),
        false => Err(IllegalMove { from, to }),
    }
}

fn exits(from: OrderState) -> &'static [(OrderState, &'static str)] {
    MOVES.iter().find(|(state, _)| *state == from).map_or(&[], |(_, exits)| exits)
}

/// A state's name in the tables and the documentation: the contract's, without its prefix.
pub fn state_name(state: OrderState) -> &'static str {
    let name = state.as_str_name();
    name.strip_prefix("ORDER_STATE_").unwrap_or(name)
}

/// The opposite of [`state_name`].
pub fn state_named(name: &str) -> Option<OrderState> {
    OrderState::from_str_name(&format!("ORDER_STATE_{name}"))
}

/// The table, for people: the content of `docs/order-states.md`.
pub fn states_markdown() -> String {
    let mut page = String::from(
        "# The states of an order\n\n\
         Printed from the table in `services/orders/src/domain/moves.rs`, which every change of an order passes; a test\n\
         keeps this page equal to it. An order begins as RECEIVED. A state without an exit is final; COMPLETED is final\n\
         too, and only counts what comes back.\n\n\
         | from | to | when |\n|---|---|---|\n",
    );
    for (from, exits) in MOVES {
        for (to, why) in *exits {
            page.push_str(&format!("| {} | {} | {why} |\n", state_name(*from), state_name(*to)));
        }
        if exits.is_empty() {
            page.push_str(&format!("| {} | | final |\n", state_name(*from)));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> impl Iterator<Item = OrderState> {
        (1..=12).map(|number| OrderState::try_from(number).expect("twelve states"))
    }

    #[test]
    fn every_state_has_its_row_and_all_but_the_first_can_be_reached() {
        for state in states() {
            assert!(MOVES.iter().any(|(from, _)| *from == state), "{state:?}");
            let reached = MOVES.iter().flat_map(|(_, exits)| *exits).any(|(to, _)| *to == state);
            assert!(reached || state == Received, "{state:?}");
        }
    }

    #[test]
    fn a_final_state_is_never_left() {
        for (from, to) in
            [Declined, OutOfStock, Cancelled, Refunded].into_iter().flat_map(|f| states().map(move |t| (f, t)))
        {
            assert_eq!(check_move(from, to), Err(IllegalMove { from, to }));
        }
        assert!(states().filter(|to| *to != Completed).all(|to| check_move(Completed, to).is_err()));
    }

    #[test]
    fn money_that_was_taken_is_only_given_back_by_way_of_refunding() {
        let into_refunded: Vec<_> = states().filter(|from| check_move(*from, Refunded).is_ok()).collect();
        assert_eq!(into_refunded, [Refunding]);
        assert!(check_move(Confirmed, Cancelled).is_err());
    }

    #[test]
    fn the_page_names_every_move() {
        let page = states_markdown();
        assert!(page.contains("| PAYING | RESERVING | the card"));
        assert!(page.contains("| REFUNDED | | final |"));
    }
}
