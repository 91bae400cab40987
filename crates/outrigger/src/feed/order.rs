//! From an invoice to the order that is placed for it.

use super::{
    invoice::{Invoice, MOST_LINES},
    line::{CURRENCY, Kind, Line},
    reason::{Reason, Skipped},
};
use api::{
    order::v1::{ChargeLine, Customer, OrderLine, Payment, PaymentMethod, PlaceOrderRequest, WaitFor},
    types::Money,
};

/// An invoice that is an order.
pub struct Sale {
    pub request: PlaceOrderRequest,
    /// Its goods, for those that come back later.
    pub goods: Vec<Line>,
    /// Its charges.
    pub charges: Vec<Line>,
}

/// The order of an invoice that sells, or nothing when it cannot be one; and its lines that are not part of it.
pub fn sale(invoice: Invoice) -> (Option<Sale>, Vec<Skipped>) {
    let Invoice { number, lines, mut skipped } = invoice;
    let (mut goods, mut charges) = (Vec::new(), Vec::new());
    for line in lines {
        match line.sold() {
            Ok(Kind::Goods) => goods.push(line),
            Ok(Kind::Charge) => charges.push(line),
            Err(reason) => skipped.push(reason),
        }
    }
    match request(&number, &goods, &charges) {
        Ok(request) => (Some(Sale { request, goods, charges }), skipped),
        Err((reason, detail)) => {
            let lines = goods.iter().chain(&charges);
            skipped.extend(lines.map(|line| line.skip(reason, detail.clone())));
            (None, skipped)
        }
    }
}

fn request(number: &str, goods: &[Line], charges: &[Line]) -> Result<PlaceOrderRequest, (Reason, String)> {
    let Some(first) = goods.first() else {
        return Err((Reason::InvoiceWithoutGoods, "nothing of it can be shipped".to_owned()));
    };
    if goods.len() + charges.len() > MOST_LINES {
        return Err((Reason::InvoiceTooLong, "the shop takes 1,000".to_owned()));
    }
    let lines = goods.iter().chain(charges);
    match lines.map(amount).try_fold(0i64, |sum, line| sum.checked_add(line?)) {
        Some(total) if total > 0 => {}
        Some(total) => {
            return Err((Reason::InvoiceNotPositive, format!("it comes to {}", crate::show::amount(total, CURRENCY))));
        }
        None => return Err((Reason::InvoiceNotPositive, "it comes to more than can be counted".to_owned())),
    }
    let customer_id = match first.customer.as_str() {
        "" => format!("guest-{number}"),
        known => known.to_owned(),
    };
    Ok(PlaceOrderRequest {
        request_id: number.to_owned(),
        customer: Some(Customer { customer_id, email: String::new() }),
        lines: goods.iter().map(order_line).collect(),
        charges: charges.iter().map(charge_line).collect(),
        payment: Some(payment(number)),
        on_failure: None,
        wait_for: WaitFor::Confirmed.into(),
    })
}

fn amount(line: &Line) -> Option<i64> {
    line.price.checked_mul(line.quantity)
}

fn money(minor_units: i64) -> Money {
    Money { currency_code: CURRENCY.to_owned(), minor_units }
}

fn order_line(line: &Line) -> OrderLine {
    OrderLine {
        sku: line.code.clone(),
        quantity: line.quantity,
        unit_price: Some(money(line.price)),
        ..OrderLine::default()
    }
}

fn charge_line(line: &Line) -> ChargeLine {
    ChargeLine {
        code: line.code.clone(),
        title: line.title.clone(),
        amount: Some(money(amount(line).unwrap_or_default())),
    }
}

/// The feed does not say how an invoice was paid: its number decides, the same way every time.
fn payment(number: &str) -> Payment {
    let method = match number.bytes().map(u32::from).sum::<u32>() % 3 {
        0 => PaymentMethod::Card,
        1 => PaymentMethod::Transfer,
        _ => PaymentMethod::Wallet,
    };
    Payment { method: method.into(), token: format!("tok_ok:{number}") }
}

#[cfg(test)]
mod tests {
    use super::{super::line::tests::line, *};

    fn invoice(number: &str, lines: &[&str]) -> Invoice {
        let lines = (2..).zip(lines).map(|(at, text)| line(at, &format!("{number},{text},UK"))).collect();
        Invoice { number: number.into(), lines, skipped: Vec::new() }
    }

    #[test]
    fn an_invoice_is_one_order_under_its_own_number() {
        let (sale, skipped) = sale(invoice("536365", &["85123A,HEART,6,d,2.55,17850", "POST,POSTAGE,2,d,18.00,17850"]));
        let request = sale.unwrap().request;
        assert_eq!((request.request_id.as_str(), request.customer.unwrap().customer_id.as_str()), ("536365", "17850"));
        assert_eq!(request.lines[0].unit_price.as_ref().unwrap().minor_units, 255);
        assert_eq!(request.charges[0].amount.as_ref().unwrap().minor_units, 3_600);
        assert_eq!(skipped, []);
    }

    #[test]
    fn a_line_that_cannot_be_sold_leaves_the_rest_of_its_invoice() {
        let (sale, skipped) = sale(invoice("1", &["A,x,6,d,2.55,", "B1,x,-2,d,1.00,", "C1,x,1,d,0,"]));
        assert_eq!(sale.unwrap().request.customer.unwrap().customer_id, "guest-1");
        let reasons: Vec<_> = skipped.iter().map(|line| (line.line, line.reason)).collect();
        assert_eq!(reasons, [(3, Reason::QuantityNotPositive), (4, Reason::PriceNotPositive)]);
    }

    #[test]
    fn an_invoice_of_charges_alone_or_of_nothing_is_no_order() {
        let reasons = |lines: &[&str]| {
            let (sale, skipped) = sale(invoice("1", lines));
            assert!(sale.is_none());
            skipped.into_iter().map(|line| line.reason).collect::<Vec<_>>()
        };
        assert_eq!(reasons(&["BANK CHARGES,x,1,d,15,7"]), [Reason::InvoiceWithoutGoods]);
        let given_away = reasons(&["A,x,1,d,2.00,7", "D,Discount,-1,d,2.00,7"]);
        assert_eq!(given_away, [Reason::InvoiceNotPositive, Reason::InvoiceNotPositive]);
        let long: Vec<&str> = vec!["A,x,1,d,2.00,7"; 1_001];
        assert_eq!(reasons(&long).len(), 1_001);
    }
}
