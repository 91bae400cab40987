//! The invariants I1 to I5 as pure functions over exported facts.
//!
//! Services export raw rows ([`api::mesh::v1::Fact`]) and judge nothing; this crate sums everything anew from them and
//! names each place where what should always hold does not. Apart from the rest so that tests, the program and an
//! operator use one checker, and so that the checker shares no code with what it checks. No I/O, no clock, no dice.
//!
//! Two ways to use it. **At rest** nothing changes while facts are read: every order is judged, unsettled ones by what
//! holds at every moment. **Live** the services go on while they are read, so two passes are taken: only what is final
//! and the same in both is judged.
//!
//! ```
//! use outrigger_audit::{Checker, Snapshot};
//! # let (first_export, second_export): (Vec<api::mesh::v1::Fact>, Vec<_>) = (vec![], vec![]);
//! // At rest:
//! assert!(outrigger_audit::check(&first_export).is_clean());
//!
//! // Live:
//! let mut first = Snapshot::default();
//! first_export.iter().for_each(|fact| first.add(fact));
//! let mut checker = Checker::live(first);
//! second_export.iter().for_each(|fact| checker.add(fact));
//! assert!(checker.finish().is_clean());
//! ```
//!
//! Memory: identifiers are kept once, rows as a few numbers: under a kilobyte an order of ordinary size.

mod books;
mod counts;
mod ending;
mod identity;
mod money;
mod names;
mod once;
mod report;
mod snapshot;
mod stock;
mod take_in;

pub use report::{Counts, Flow, Invariant, Open, Report, Violation};
pub use snapshot::Snapshot;

use api::mesh::v1::Fact;
use books::Books;
use snapshot::Scope;

/// Judges facts that were read while nothing ran. For many of them a [`Checker`] takes one at a time.
pub fn check<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Report {
    let mut checker = Checker::at_rest();
    facts.into_iter().for_each(|fact| checker.add(fact));
    checker.finish()
}

/// Takes facts one by one, in any order, and judges them at the end.
pub struct Checker {
    books: Books,
    passes: Option<Passes>,
}

struct Passes {
    first: Snapshot,
    second: Snapshot,
}

impl Checker {
    /// For facts that were read while nothing ran.
    pub fn at_rest() -> Self {
        Self { books: Books::default(), passes: None }
    }

    /// For the second of two exports of a running system; `first` has taken in the first one.
    pub fn live(first: Snapshot) -> Self {
        Self { books: Books::default(), passes: Some(Passes { first, second: Snapshot::default() }) }
    }

    /// Takes in one row.
    pub fn add(&mut self, fact: &Fact) {
        if let Some(passes) = &mut self.passes {
            passes.second.add(fact);
        }
        self.books.take_in(fact);
    }

    /// Judges what was taken in.
    pub fn finish(self) -> Report {
        let scope = match &self.passes {
            None => Scope::Everything,
            Some(passes) => Scope::Unchanged { first: &passes.first, second: &passes.second },
        };
        let mut report = Report { counts: self.books.counts(&scope), ..Report::default() };
        let moved = money::judge(&self.books, &scope, &mut report);
        stock::judge(&self.books, &scope, &mut report);
        identity::judge(&self.books, &scope, &mut report);
        ending::judge(&self.books, &moved, &scope, &mut report);
        once::judge(&self.books, &moved, &scope, &mut report);
        report
    }
}
