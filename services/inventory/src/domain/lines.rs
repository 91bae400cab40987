//! How many of which SKU: the names that stock goes by, and lines summed per SKU.

use std::{collections::BTreeMap, fmt};

/// A code of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sku(pub String);

/// An order's identifier, given by the orders service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub String);

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One line a SKU, by SKU: whoever works through them in this order locks rows in one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<Sku, i64>);

impl Lines {
    /// Sums lines of one SKU. Otherwise two lines, each of which is in stock, could together take more than there is.
    pub fn sum(lines: impl IntoIterator<Item = (Sku, i64)>) -> Self {
        let mut summed = BTreeMap::new();
        for (sku, quantity) in lines {
            let sum: &mut i64 = summed.entry(sku).or_default();
            *sum = sum.saturating_add(quantity);
        }
        Self(summed)
    }

    /// The lines by SKU.
    pub fn iter(&self) -> impl Iterator<Item = (&Sku, i64)> {
        self.0.iter().map(|(sku, quantity)| (sku, *quantity))
    }

    /// The SKUs in order.
    pub fn skus(&self) -> impl Iterator<Item = &Sku> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_sku_are_one_line() {
        let lines = Lines::sum([("b", 1), ("a", 2), ("b", 3)].map(|(sku, n)| (Sku(sku.into()), n)));
        let seen: Vec<_> = lines.iter().map(|(sku, n)| (sku.0.as_str(), n)).collect();
        assert_eq!(seen, [("a", 2), ("b", 4)]);
    }
}
