//! A retailer's feed of our own making, blemishes included, and the real one where it is at hand.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

pub const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/// Writes a feed of so many ordinary invoices, with everything a real one has: several prices of one code, the same code
/// twice in an invoice, postage, discounts, write-offs, prices of zero, customers unknown, cancellations that match and
/// that do not.
pub fn synthetic(folder: &Path, invoices: u32) -> PathBuf {
    let mut text = format!("{HEADER}\r\n");
    let mut line = |invoice: &str, code: &str, what: &str, quantity: i64, minute: u32, price: &str, customer: &str| {
        let (hour, minute) = (8 + minute / 60 % 10, minute % 60);
        let day = 1 + minute / 600;
        writeln!(
            text,
            "{invoice},{code},{what},{quantity},2010-12-{day:02}T{hour:02}:{minute:02}:00,{price},{customer},United Kingdom\r"
        )
        .unwrap();
    };
    for n in 0..invoices {
        let invoice = (700_000 + n).to_string();
        let customer = if n % 9 == 4 { String::new() } else { (15_000 + n % 7).to_string() };
        let price = ["2.55", "3.39", "0.85"][n as usize % 3];
        line(&invoice, &format!("8{:04}A", n % 11), "HEART HOLDER", i64::from(1 + n % 6), n, price, &customer);
        line(&invoice, "22752", "\"BOXES, SET OF 7\"", 2, n, "7.65", &customer);
        line(&invoice, "22752", "SET 7 BOXES", 1, n, "6.95", &customer);
        if n % 5 == 0 {
            line(&invoice, "POST", "POSTAGE", 1, n, "18.00", &customer);
        }
        if n % 13 == 6 {
            line(&invoice, "D", "Discount", -1, n, "1.50", &customer);
            line(&invoice, "22139", "", -3, n, "0", "");
            line(&invoice, "22139", "amazon", 5, n, "0", &customer);
        }
    }
    // The first matches invoice 700000's customer, code and price; the second nobody's.
    line("C700500", "22752", "\"BOXES, SET OF 7\"", -1, invoices, "7.65", "15000");
    line("C700501", "22752", "\"BOXES, SET OF 7\"", -1, invoices, "7.65", "99999");
    line("C700502", "D", "Discount", -1, invoices, "27.50", "15001");
    let path = folder.join("feed.csv");
    std::fs::write(&path, text).unwrap();
    path
}

/// A month's first days of a real retailer, beside the project; `None` where it is not at hand.
pub fn real() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("../shared/data/online-retail-2010-12.csv");
    path.exists().then_some(path)
}
