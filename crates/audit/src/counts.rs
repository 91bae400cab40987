//! How much there was to look at.

use crate::{
    books::{Account, Books, state_name},
    report::Counts,
    snapshot::Scope,
};

impl Books {
    /// Rows by kind, orders by state, money by currency.
    pub fn counts(&self, scope: &Scope<'_>) -> Counts {
        let mut counts = Counts { skus: self.skus.len() as u64, keys: self.keys.len() as u64, ..Counts::default() };
        for (id, order) in self.orders.iter() {
            if let Some(row) = &order.row {
                counts.orders += 1;
                *counts.states.entry(state_name(row.state)).or_default() += 1;
            }
            counts.judged += u64::from(order.row.is_some() && scope.order(id, order));
            counts.reservations += order.reservations.len() as u64;
            counts.shipments += order.shipments.len() as u64;
            counts.returns += order.returns.len() as u64;
        }
        counts.payments = self.payments.iter().filter(|(_, payment)| payment.row.is_some()).count() as u64;
        counts.operations = self.operations.len() as u64;
        counts.movements = self.skus.iter().map(|(_, sku)| sku.movements).sum();
        self.count_money(&mut counts);
        counts
    }

    fn count_money(&self, counts: &mut Counts) {
        for (_, operation) in self.operations.iter() {
            counts.ledger_rows += operation.ledger.len() as u64;
            for row in operation.ledger.iter().filter(|row| row.account == Account::Gateway) {
                let flow = counts.money.entry(self.currencies.name(row.amount.currency).to_owned()).or_default();
                flow.taken += row.amount.minor.max(0);
                flow.refunded += (-row.amount.minor).max(0);
            }
        }
    }
}
