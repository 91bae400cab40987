//! What the chandler sells.

use api::{
    inventory::v1::{CatalogueItem, Price},
    types::Money,
};

/// The shop's currency.
pub const CURRENCY: &str = "GBP";

/// One kind of goods.
#[derive(Clone, Copy, Debug)]
pub struct Goods {
    pub sku: &'static str,
    pub title: &'static str,
    /// In pence.
    pub price: i64,
    /// How many come in before the demonstration begins. Those with few or none are what goes wrong.
    pub stock: i64,
}

const fn plenty(sku: &'static str, title: &'static str, price: i64) -> Goods {
    Goods { sku, title, price, stock: 200 }
}

const fn scarce(sku: &'static str, title: &'static str, price: i64, stock: i64) -> Goods {
    Goods { sku, title, price, stock }
}

const GOODS: [Goods; 30] = [
    plenty("LANTERN", "Storm lantern, brass", 4_500),
    plenty("CANDLES", "Candles, box of twelve", 650),
    plenty("ROPE-10", "Braided rope, 10 m", 1_890),
    plenty("ROPE-50", "Braided rope, 50 m", 7_900),
    plenty("CLEAT", "Horn cleat, bronze", 1_240),
    plenty("SHACKLE", "Bow shackle, 8 mm", 375),
    plenty("BLOCK", "Single block with becket", 2_310),
    plenty("SAILTWINE", "Waxed sail twine", 480),
    plenty("NEEDLES", "Sailmaker's needles, set of five", 720),
    plenty("PALM", "Sewing palm, right hand", 1_650),
    plenty("CHART-N", "Chart, northern waters", 2_800),
    plenty("CHART-S", "Chart, southern waters", 2_800),
    plenty("DIVIDERS", "Dividers, one-handed", 1_990),
    plenty("COMPASS", "Hand bearing compass", 5_600),
    plenty("LOGBOOK", "Ship's log, 200 pages", 1_450),
    plenty("TEAPOT", "Enamel teapot, gimballed", 3_200),
    plenty("MUG", "Enamel mug, blue", 550),
    plenty("KETTLE", "Whistling kettle", 2_750),
    plenty("BLANKET", "Wool blanket, navy", 6_400),
    plenty("OILSKIN", "Oilskin jacket", 12_900),
    plenty("SOUWESTER", "Sou'wester, yellow", 2_150),
    plenty("FENDER", "Fender, hemp", 3_380),
    plenty("OAR", "Oar, ash, 2.4 m", 8_700),
    plenty("PADDLE", "Canoe paddle", 4_950),
    plenty("OUTRIGGER", "Outrigger float, pine", 24_500),
    scarce("SEXTANT", "Sextant, the last one", 38_000, 1),
    scarce("BELL", "Ship's bell, large", 18_500, 0),
    scarce("FIGUREHEAD", "Figurehead, carved", 96_000, 0),
    scarce("ANCHOR", "Folding anchor, 12 kg", 7_250, 0),
    scarce("BAROMETER", "Barometer, aneroid", 11_300, 0),
];

/// All of it.
pub const fn catalogue() -> &'static [Goods] {
    &GOODS
}

/// The goods of this code.
///
/// # Panics
/// When the shop does not sell it: stories and goods are both constants.
pub fn goods(sku: &str) -> &'static Goods {
    GOODS.iter().find(|goods| goods.sku == sku).expect("the stories name goods of this shop")
}

impl Goods {
    /// The price, with its currency.
    pub fn unit_price(&self) -> Money {
        Money { currency_code: CURRENCY.to_owned(), minor_units: self.price }
    }

    /// Its entry in the catalogue.
    pub fn item(&self) -> CatalogueItem {
        CatalogueItem {
            sku: self.sku.to_owned(),
            title: self.title.to_owned(),
            prices: vec![Price { unit_price: Some(self.unit_price()), min_quantity: 1 }],
        }
    }

    /// There is always enough of it.
    pub fn is_plenty(&self) -> bool {
        self.stock > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_are_told_to_try_is_sold_here_at_that_price() {
        assert_eq!((goods("LANTERN").price, goods("BELL").price), (4_500, 18_500));
        let example = include_str!("../../../../examples/place_order.rs");
        let named = |goods: &&Goods| example.contains(&format!("sku: {:?}.into()", goods.sku));
        let mug = catalogue().iter().find(named).expect("the example names goods of this shop");
        assert!(example.contains(&format!("minor_units: {}", mug.price)), "{} costs {}", mug.sku, mug.price);
    }
}
