//! I1: money is conserved. Ledger, payments and the gateway's word are three tellings of one story.

use crate::{
    books::{Account, Amount, Books, LedgerRow, OperationBook, PaymentBook, PaymentRow, Word},
    names::Index,
    report::{Invariant::I1, Report},
    snapshot::Scope,
};
use api::{
    mesh::v1::{OperationKind, OperationOutcome},
    order::v1::PaymentMethod,
};
use std::collections::{BTreeMap, HashMap};

/// What became of each payment, by ledger and gateway.
pub type Moved = HashMap<Index, Tally>;

/// What ledger and gateway say of one payment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Taken, by the ledger.
    pub taken: i64,
    /// Given back, by the ledger.
    pub refunded: i64,
    /// The gateway holds an amount: authorised, neither captured nor voided.
    pub held: bool,
}

pub fn judge(books: &Books, scope: &Scope<'_>, report: &mut Report) -> Moved {
    let moved = tally(books);
    let mut in_all: BTreeMap<Index, i64> = BTreeMap::new();
    for (key, operation) in books.operations.iter() {
        operation.ledger.iter().for_each(|row| *in_all.entry(row.amount.currency).or_default() += row.amount.minor);
        if may_judge(books, scope, key, operation) {
            Operation { books, key, operation }.judge(report);
        }
    }
    for (currency, sum) in in_all {
        if sum != 0 {
            let detail = format!("its rows add up to {sum}, not to zero");
            report.broken(I1, format!("ledger in {}", books.currencies.name(currency)), detail);
        }
    }
    for (place, (id, payment)) in books.payments.iter().enumerate() {
        let tally = moved.get(&(place as Index)).copied().unwrap_or_default();
        judge_payment(books, scope, id, payment, tally, report);
    }
    moved
}

fn may_judge(books: &Books, scope: &Scope<'_>, key: &str, operation: &OperationBook) -> bool {
    let order = operation.payment.and_then(|payment| order_of(books.payments.at(payment)));
    match order {
        Some(order) => scope.order(books.orders.name(order), books.orders.at(order)) && scope.operation(key),
        None => scope.is_at_rest(),
    }
}

fn order_of(payment: &PaymentBook) -> Option<Index> {
    payment.row.as_ref().map(|row| row.order).or(payment.order)
}

fn tally(books: &Books) -> Moved {
    let mut moved = Moved::new();
    let mut holds: HashMap<Index, i32> = HashMap::new();
    for (_, operation) in books.operations.iter() {
        for row in operation.ledger.iter().filter(|row| row.account == Account::Gateway) {
            let tally = moved.entry(row.payment).or_default();
            tally.taken += row.amount.minor.max(0);
            tally.refunded += (-row.amount.minor).max(0);
        }
        let Some(payment) = operation.payment else { continue };
        let gateway_did = operation.gateway.filter(|said| said.outcome == OperationOutcome::Done);
        match gateway_did.map(|said| said.kind) {
            Some(OperationKind::Authorise) => *holds.entry(payment).or_default() += 1,
            Some(OperationKind::Capture | OperationKind::Void) => *holds.entry(payment).or_default() -= 1,
            _ => {}
        }
    }
    for (payment, holds) in holds {
        moved.entry(payment).or_default().held = holds > 0;
    }
    moved
}

struct Operation<'a> {
    books: &'a Books,
    key: &'a str,
    operation: &'a OperationBook,
}

impl Operation<'_> {
    fn judge(&self, report: &mut Report) {
        self.balances(report);
        match self.operation.service {
            Some(word) => {
                if self.operation.service_rows > 1 {
                    self.broken(report, format!("payments has {} rows of it", self.operation.service_rows));
                }
                self.ledger_tells(word, report);
                self.gateway_agrees(word, report);
            }
            None => self.unknown_to_payments(report),
        }
    }

    fn broken(&self, report: &mut Report, detail: String) {
        report.broken(I1, format!("operation {}", self.key), detail);
    }

    fn balances(&self, report: &mut Report) {
        let mut sums: BTreeMap<Index, i64> = BTreeMap::new();
        let rows = &self.operation.ledger;
        rows.iter().for_each(|row| *sums.entry(row.amount.currency).or_default() += row.amount.minor);
        for (currency, minor) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            let left = self.books.money(Amount { minor, currency });
            self.broken(report, format!("its ledger rows do not balance: {left} is left over"));
        }
        if rows.iter().any(|row| row.account == Account::Unknown) {
            self.broken(report, "a ledger row of it is on an account that does not exist".to_owned());
        }
    }

    fn ledger_tells(&self, word: Word, report: &mut Report) {
        let rows = self.operation.ledger.len();
        let due = match (word.kind, word.outcome) {
            (OperationKind::Capture | OperationKind::Charge, OperationOutcome::Done) => word.amount.minor,
            (OperationKind::Refund, OperationOutcome::Done) => -word.amount.minor,
            _ => {
                if rows > 0 {
                    self.broken(report, format!("it moved no money, yet the ledger has {rows} rows of it"));
                }
                return;
            }
        };
        if rows != 2 {
            self.broken(report, format!("the ledger has {rows} rows of it where 2 are due"));
            return;
        }
        let on = |account: Account| self.operation.ledger.iter().find(|row| row.account == account);
        let right = |row: Option<&LedgerRow>, due: i64| {
            row.is_some_and(|row| {
                row.amount == Amount { minor: due, ..word.amount } && Some(row.payment) == self.operation.payment
            })
        };
        if !right(on(Account::Gateway), due) || !right(on(Account::Sales), -due) {
            let amount = self.books.money(Amount { minor: due, ..word.amount });
            self.broken(report, format!("its ledger rows do not say that {amount} moved for its payment"));
        }
    }

    fn gateway_agrees(&self, word: Word, report: &mut Report) {
        if self.operation.gateway_rows > 1 {
            self.broken(report, format!("the gateway did it {} times", self.operation.gateway_rows));
        }
        let said = self.operation.gateway;
        match (word.outcome, said) {
            (OperationOutcome::Unspecified, said) => {
                let detail = if said.is_some() { "in doubt; the gateway has answered" } else { "in doubt" };
                report.open(format!("operation {}", self.key), detail);
            }
            // Withdrawn before it arrived: the gateway may never have heard of it.
            (OperationOutcome::Cancelled, None) => {}
            (_, None) => self.broken(report, format!("payments says {}, the gateway knows nothing of it", told(word))),
            (_, Some(said)) => {
                let same_amount = word.kind == OperationKind::Void || said.amount == word.amount;
                if said.kind != word.kind || said.outcome != word.outcome || !same_amount {
                    let (ours, theirs) = (self.tell(word), self.tell(said));
                    self.broken(report, format!("payments says {ours}, the gateway says {theirs}"));
                }
            }
        }
    }

    fn unknown_to_payments(&self, report: &mut Report) {
        if !self.operation.ledger.is_empty() {
            self.broken(report, "the ledger has rows of it, payments does not know it".to_owned());
        }
        if let Some(said) = self.operation.gateway.filter(|said| said.outcome == OperationOutcome::Done) {
            self.broken(report, format!("the gateway says {}, payments does not know it", self.tell(said)));
        }
    }

    fn tell(&self, word: Word) -> String {
        format!("{} of {}", told(word), self.books.money(word.amount))
    }
}

fn told(word: Word) -> String {
    let kind = word.kind.as_str_name().trim_start_matches("OPERATION_KIND_");
    let outcome = word.outcome.as_str_name().trim_start_matches("OPERATION_OUTCOME_");
    format!("{kind} {outcome}")
}

fn judge_payment(books: &Books, scope: &Scope<'_>, id: &str, book: &PaymentBook, tally: Tally, report: &mut Report) {
    let Some(order) = order_of(book).filter(|_| !id.is_empty()) else { return };
    if !scope.order(books.orders.name(order), books.orders.at(order)) {
        return;
    }
    let mut broken = |detail: String| report.broken(I1, format!("payment {id}"), detail);
    let Some(row) = &book.row else {
        broken(format!("it is gone, though {} was taken and {} given back for it", tally.taken, tally.refunded));
        return;
    };
    if book.rows > 1 {
        broken(format!("{} rows bear its identifier", book.rows));
    }
    if row.captured != tally.taken || row.refunded != tally.refunded {
        broken(format!(
            "it says {} taken and {} given back, its ledger rows say {} and {}",
            row.captured, row.refunded, tally.taken, tally.refunded
        ));
    }
    if let Some(detail) = out_of_bounds(row) {
        broken(detail);
    }
}

fn out_of_bounds(row: &PaymentRow) -> Option<String> {
    let PaymentRow { amount, authorised, captured, refunded, .. } = *row;
    let ordered = 0 <= refunded && refunded <= captured && captured <= authorised && authorised <= amount;
    let instant = !matches!(row.method, PaymentMethod::Card | PaymentMethod::Unspecified);
    if !ordered {
        return Some(format!(
            "refunded {refunded} ≤ captured {captured} ≤ authorised {authorised} ≤ asked {amount} does not hold"
        ));
    }
    (instant && authorised != captured).then(|| format!("instant, yet authorised {authorised} and captured {captured}"))
}
