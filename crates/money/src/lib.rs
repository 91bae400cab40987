//! Minor units as people read them: how many decimals a currency has (ISO 4217), and an amount cut at its point.
//!
//! Apart from every service because they must all show the same amount alike; how signs, thousands and the currency are
//! written is the reader's own. Amounts are counted, added and stored in minor units and never come here for that.

/// How many decimals a currency's amounts are shown with: 2, unless ISO 4217 says otherwise. Unknown currencies have 2.
pub fn decimals(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// An amount without its sign, cut at the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Whole units of the currency.
    pub whole: u64,
    /// The point and all decimals behind it, `.05`; empty when the currency has none.
    pub part: String,
}

/// Cuts an amount of minor units at its currency's point. The sign is left to whoever writes it.
///
/// ```
/// use outrigger_money::cut;
///
/// let shown = |currency, minor_units| {
///     let amount = cut(currency, minor_units);
///     format!("{}{} {currency}", amount.whole, amount.part)
/// };
/// assert_eq!(shown("GBP", 123_405), "1234.05 GBP");
/// assert_eq!(shown("JPY", -1_200), "1200 JPY");
/// assert_eq!(shown("KWD", 5), "0.005 KWD");
/// assert_eq!(shown("EUR", i64::MIN), "92233720368547758.08 EUR");
/// ```
pub fn cut(currency: &str, minor_units: i64) -> Cut {
    let decimals = decimals(currency);
    let (one, minor) = (10u64.pow(decimals), minor_units.unsigned_abs());
    let part = match decimals {
        0 => String::new(),
        _ => format!(".{part:0width$}", part = minor % one, width = decimals as usize),
    };
    Cut { whole: minor / one, part }
}
