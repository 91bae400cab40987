//! Any number of orders from a seed: who orders what depends on the seed and the order's number alone, not on how many
//! are placed at once.

use super::{
    goods::{CURRENCY, Goods, catalogue},
    stories::line,
};
use ambient::Dice;
use api::{
    inventory::v1::{CatalogueItem, Price, StockLine},
    order::v1::{Customer, OrderLine, Payment, PaymentMethod, PlaceOrderRequest, WaitFor},
    types::Money,
};
use payments::tokens;

/// One order in so many wants goods of which there are too few.
const WANTS_SCARCE: u64 = 25;
/// One card in so many is declined.
const DECLINED: u64 = 40;
/// The contract's bound on a line.
const MOST: i64 = 1_000_000;

/// A crowd of customers.
#[derive(Clone, Debug)]
pub struct Crowd {
    orders: u64,
    seed: u64,
    /// Names the keys and the scarce goods of this run.
    run: String,
}

impl Crowd {
    pub const fn new(orders: u64, seed: u64, run: String) -> Self {
        Self { orders, seed, run }
    }

    fn scarce_sku(&self) -> String {
        format!("CROWD-{}", self.run)
    }

    /// Goods of which half of those who want some will get some.
    pub fn scarce_item(&self) -> CatalogueItem {
        let unit_price = Some(Money { currency_code: CURRENCY.to_owned(), minor_units: 999 });
        let prices = vec![Price { unit_price, min_quantity: 1 }];
        CatalogueItem { sku: self.scarce_sku(), title: "Ship in a bottle".to_owned(), prices }
    }

    /// The key under which its goods come in.
    pub fn stock_key(&self) -> String {
        format!("crowd-{}", self.run)
    }

    /// Enough of everything, and half enough of the scarce goods.
    pub fn stock(&self) -> Vec<StockLine> {
        let orders = i64::try_from(self.orders).unwrap_or(MOST);
        let enough = orders.saturating_add(100).min(MOST);
        let plenty = plenty().map(|goods| StockLine { sku: goods.sku.to_owned(), quantity: enough });
        let few = (orders / (2 * WANTS_SCARCE.cast_signed())).clamp(1, MOST);
        plenty.chain([StockLine { sku: self.scarce_sku(), quantity: few }]).collect()
    }

    /// The order of this number, from 0.
    pub fn order(&self, number: u64) -> PlaceOrderRequest {
        let dice = Dice::new(self.seed.rotate_left(17) ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (method, token) = match dice.bits() % 3 {
            0 if dice.bits().is_multiple_of(DECLINED / 3) => (PaymentMethod::Card, tokens::DECLINED),
            0 => (PaymentMethod::Card, tokens::OK),
            1 => (PaymentMethod::Transfer, tokens::OK),
            _ => (PaymentMethod::Wallet, tokens::OK),
        };
        PlaceOrderRequest {
            request_id: format!("crowd-{}-{number}", self.run),
            customer: Some(Customer { customer_id: format!("c{}", dice.bits() % 1_000), email: String::new() }),
            lines: self.lines(&dice),
            charges: Vec::new(),
            payment: Some(Payment { method: method.into(), token: format!("{token}:{number}") }),
            on_failure: None,
            wait_for: WaitFor::Confirmed.into(),
        }
    }

    fn lines(&self, dice: &Dice) -> Vec<OrderLine> {
        let count = plenty().count() as u64;
        let mut skus: Vec<usize> = (0..1 + dice.bits() % 4).map(|_| (dice.bits() % count) as usize).collect();
        skus.sort_unstable();
        skus.dedup();
        let quantity = |dice: &Dice| 1 + (dice.bits() % 3).cast_signed();
        let mut lines: Vec<OrderLine> =
            skus.into_iter().filter_map(|at| plenty().nth(at)).map(|goods| line(goods.sku, quantity(dice))).collect();
        if dice.bits().is_multiple_of(WANTS_SCARCE) {
            let unit_price = Some(Money { currency_code: CURRENCY.to_owned(), minor_units: 999 });
            lines.push(OrderLine { sku: self.scarce_sku(), quantity: 1, unit_price, ..OrderLine::default() });
        }
        lines
    }
}

fn plenty() -> impl Iterator<Item = &'static Goods> {
    catalogue().iter().filter(|goods| goods.is_plenty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_brings_the_same_crowd() {
        let crowd = |seed| Crowd::new(100, seed, "x".into());
        assert_eq!(crowd(1).order(7), crowd(1).order(7));
        assert_ne!(crowd(1).order(7), crowd(2).order(7));
        assert_ne!(crowd(1).order(7).lines, crowd(1).order(8).lines);
    }

    #[test]
    fn half_of_those_who_want_the_scarce_goods_get_them_and_there_is_enough_of_the_rest() {
        let crowd = Crowd::new(10_000, 3, "x".into());
        let wanted = (0..10_000).filter(|n| crowd.order(*n).lines.iter().any(|line| line.sku == "CROWD-x")).count();
        assert!((300..500).contains(&wanted), "{wanted}");
        let stock = crowd.stock();
        assert_eq!(stock.last().unwrap().quantity, 200);
        let lanterns: i64 = (0..10_000)
            .flat_map(|n| crowd.order(n).lines)
            .filter(|line| line.sku == "LANTERN")
            .map(|line| line.quantity)
            .sum();
        assert!(lanterns < stock[0].quantity, "{lanterns}");
    }
}
