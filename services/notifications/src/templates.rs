//! Turns a [`Letter`] into a mail. The texts are in `templates/`: the first line is the subject, and `{order}`,
//! `{amount}` and `{why}` are filled in. Apart because it is the only place that knows what a mail looks like.

use crate::domain::{Letter, Template};
use api::types::Money;
use lettre::{
    Address, Message,
    message::{Mailbox, header::ContentType},
};
use std::time::{Duration, UNIX_EPOCH};

/// Subject and body.
#[derive(Debug, PartialEq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
}

/// A letter that no server could deliver: trying again would not help.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Unsendable {
    #[error("the address is not a mail address")]
    Address,
    #[error("the mail cannot be written")]
    Message,
}

/// The mail of a letter, ready for any transport. The same letter always gives the same bytes: its Message-ID comes
/// from the event and its date is the event's.
pub fn compose(letter: &Letter, from: &Mailbox) -> Result<Message, Unsendable> {
    let to: Address = letter.recipient.parse().map_err(|_| Unsendable::Address)?;
    let Rendered { subject, text } = render(letter);
    let at = UNIX_EPOCH + Duration::from_millis(letter.at.as_millis().max(0).cast_unsigned());
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .message_id(Some(message_id(&letter.event_id, from)))
        .date(at)
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|_| Unsendable::Message)
}

/// The Message-ID of an event's mail. Event ids are ULIDs; whatever an event brings instead cannot break out of the header.
pub fn message_id(event_id: &str, from: &Mailbox) -> String {
    let plain: String = event_id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("<{plain}@{}>", from.email.domain())
}

/// Fills the letter's template.
pub fn render(letter: &Letter) -> Rendered {
    let amount = money(&letter.amount);
    let text =
        fill(source(letter.template), &[("order", &letter.order_id), ("amount", &amount), ("why", why(&letter.cause))]);
    let (subject, text) = text.split_once("\n\n").unwrap_or(("", &text));
    Rendered { subject: subject.into(), text: text.into() }
}

const fn source(template: Template) -> &'static str {
    match template {
        Template::Confirmed => include_str!("../templates/confirmed.txt"),
        Template::Shipped => include_str!("../templates/shipped.txt"),
        Template::Completed => include_str!("../templates/completed.txt"),
        Template::Declined => include_str!("../templates/declined.txt"),
        Template::OutOfStock => include_str!("../templates/out_of_stock.txt"),
        Template::Cancelled => include_str!("../templates/cancelled.txt"),
        Template::Refunded => include_str!("../templates/refunded.txt"),
        Template::Delayed => include_str!("../templates/delayed.txt"),
        Template::Returned => include_str!("../templates/returned.txt"),
    }
}

/// The cause in a customer's words. Causes that are only of use to operators are not explained to customers.
fn why(cause: &str) -> &'static str {
    match cause {
        "OUT_OF_STOCK" => ", because what you ordered is no longer in stock",
        "CANCELLED_BY_CUSTOMER" => ", as you asked",
        _ => "",
    }
}

/// Replaces each `{name}` once, in one pass: what a value contains is never looked at again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// `12.34 GBP`, with as many decimals as the currency has.
fn money(money: &Money) -> String {
    let code = &money.currency_code;
    let money::Cut { whole, part } = money::cut(code, money.minor_units);
    let sign = if money.minor_units < 0 { "-" } else { "" };
    format!("{sign}{whole}{part} {code}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambient::Timestamp;

    fn letter(template: Template) -> Letter {
        Letter {
            event_id: "01HF000000000000000000EVNT".into(),
            order_id: "01HF00000000000000000ORDER".into(),
            template,
            recipient: "ada@example.com".into(),
            amount: Money { currency_code: "GBP".into(), minor_units: 123_405 },
            cause: "OUT_OF_STOCK".into(),
            at: Timestamp::from_millis(1_700_000_000_000),
            attempts: 0,
        }
    }

    fn from() -> Mailbox {
        "Outrigger <orders@shop.example>".parse().unwrap()
    }

    #[test]
    fn every_template_names_the_order_and_leaves_nothing_unfilled() {
        for template in Template::ALL {
            let mail = render(&letter(template));
            assert!(mail.subject.contains("01HF00000000000000000ORDER"), "{template:?}: {}", mail.subject);
            assert!(!mail.subject.contains('\n') && mail.subject.len() < 100, "{template:?}");
            assert!(!mail.text.contains(['{', '}']), "{template:?}: {}", mail.text);
            assert!(mail.text.lines().all(|line| line.len() < 100) && mail.text.ends_with("ORDER\n"), "{template:?}");
        }
    }

    #[test]
    fn a_refund_says_how_much_and_why() {
        let text = "Your order has ended, because what you ordered is no longer in stock.\n\
                    We have given 1234.05 GBP back to you, the same way that\nyou paid; it can take a few days to arrive.\n\n\
                    Order 01HF00000000000000000ORDER\n";
        let subject = "Your order 01HF00000000000000000ORDER is refunded";
        assert_eq!(render(&letter(Template::Refunded)), Rendered { subject: subject.into(), text: text.into() });
    }

    #[test]
    fn an_operators_cause_is_not_shown_to_customers() {
        let letter = Letter { cause: "CARRIER_UNREACHABLE".into(), ..letter(Template::Refunded) };
        assert!(render(&letter).text.starts_with("Your order has ended.\nWe have given"));
    }

    #[test]
    fn the_same_letter_is_the_same_bytes() {
        let mail = || compose(&letter(Template::Shipped), &from()).unwrap().formatted();
        assert_eq!(mail(), mail());
        let text = String::from_utf8(mail()).unwrap();
        assert!(text.contains("Message-ID: <01HF000000000000000000EVNT@shop.example>"), "{text}");
        assert!(text.contains("Date: Tue, 14 Nov 2023 22:13:20 +0000"), "{text}");
    }

    #[test]
    fn neither_addresses_nor_ids_can_add_headers() {
        let two = Letter { recipient: "a@example.com\r\nBcc: b@example.com".into(), ..letter(Template::Shipped) };
        assert_eq!(compose(&two, &from()).unwrap_err(), Unsendable::Address);
        let odd = Letter {
            event_id: "x>\r\nBcc: b@example.com".into(),
            order_id: "o\r\nBcc: b@example.com".into(),
            ..letter(Template::Shipped)
        };
        let text = String::from_utf8(compose(&odd, &from()).unwrap().formatted()).unwrap();
        let head = text.split_once("\r\n\r\n").unwrap().0;
        assert!(!head.contains("\nBcc"), "{head}");
    }

    #[test]
    fn what_a_value_contains_is_not_filled_in_again() {
        assert_eq!(fill("{a}{b}", &[("a", "{b}"), ("b", "x")]), "{b}x");
        assert_eq!(fill("{unheard of}. {a", &[("a", "1")]), ". 1");
    }

    #[test]
    fn currencies_have_their_own_decimals() {
        let show = |code: &str, minor_units| money(&Money { currency_code: code.into(), minor_units });
        assert_eq!(show("GBP", 5), "0.05 GBP");
        assert_eq!(show("JPY", 1_200), "1200 JPY");
        assert_eq!(show("KWD", -1_500), "-1.500 KWD");
        assert_eq!(show("EUR", i64::MIN), "-92233720368547758.08 EUR");
    }
}
