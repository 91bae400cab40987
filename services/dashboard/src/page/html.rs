//! The page as HTML: the frame, and the part of it that is replaced when something happened. Maud escapes everything.

use super::{
    format::{clock, duration, headline, iso, number},
    panels,
};
use crate::summary::Summary;
use ambient::Timestamp;
use api::order::v1::OrderState;
use maud::{DOCTYPE, Markup, html};

/// The whole page: it says everything without a script, which only keeps it up to date.
pub fn page(summary: &Summary, now: Timestamp) -> Markup {
    frame(fragment(summary, now))
}

/// The page when it cannot say anything yet. Its script fills it as soon as that has changed.
pub fn page_away(now: Timestamp) -> Markup {
    frame(away(None, now))
}

fn frame(main: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Outrigger" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/page.css";
                script src="/assets/page.js" defer {}
            }
            body {
                header {
                    (mark())
                    h1 { "Outrigger" }
                    p.tagline { "orders, as they happen" }
                    p #live role="status" data-state="still" { "reload to update" }
                }
                main { (main) }
                footer {
                    "The same as JSON: " a href="/api/summary" { "/api/summary" }
                    ". Times are UTC. Figures follow the services' events, and may be a moment behind them."
                }
            }
        }
    }
}

/// The inside of `main` while the figures cannot be read: since when, and the last that could be. Their ages stand still
/// at that moment too.
pub fn away(last: Option<&Summary>, since: Timestamp) -> Markup {
    html! {
        p.away role="alert" {
            "The figures cannot be read since " time datetime=(iso(since)) { (clock(since)) }
            ": the database does not answer. Orders are safe; "
            @if last.is_some() { "below is what was known then, and this " } @else { "this page " }
            "goes on by itself as soon as it answers again."
        }
        @if let Some(last) = last { (fragment(last, since)) }
    }
}

/// What changes: the inside of `main`.
pub fn fragment(summary: &Summary, now: Timestamp) -> Markup {
    html! {
        (headlines(summary))
        div.board {
            div.stories {
                (panels::pace(summary))
                (panels::attention(summary, now))
                (panels::changes(summary))
            }
            div.sums {
                (panels::states(summary))
                (panels::money(summary))
                (panels::time_to_confirm(summary))
                (panels::stock_outs(summary, now))
                (panels::sources(summary, now))
            }
        }
    }
}

/// The float beside the boat.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" {
            path.hull d="M3 17h17c0 5-3 8-7 8H9c-3 0-6-3-6-8z" {}
            path.spar d="M8 17V5m0 2l9 8m-6 5h16" {}
            path.float d="M22 21h8c0 2.5-1.5 4-4 4s-4-1.5-4-4z" {}
        }
    }
}

fn headlines(summary: &Summary) -> Markup {
    let (orders, ended) = (summary.orders(), summary.ended());
    let waiting = summary.needing_attention();
    let moving = orders - ended - waiting;
    let (declined, lacking) = (summary.standing(OrderState::Declined), summary.standing(OrderState::OutOfStock));
    let speed = &summary.time_to_confirm;
    let most = summary.money.iter().max_by_key(|flow| flow.taken);
    html! {
        dl.headlines {
            (headline_of("Orders", &number(orders), html! { (number(moving)) " on their way" }, ""))
            (headline_of("Settled", &percent(ended, orders), html! { (number(ended)) " ended" }, ""))
            @if let Some(flow) = most {
                (headline_of(
                    &format!("Taken, {}", flow.currency),
                    &headline(&flow.currency, flow.taken),
                    html! { (headline(&flow.currency, flow.refunded)) " given back" },
                    "",
                ))
            } @else {
                (headline_of("Taken", "—", html! { "no money has moved" }, ""))
            }
            @if speed.orders > 0 {
                (headline_of("Confirmed within", &duration(speed.p50_ms), html! { "99 of 100 within " (duration(speed.p99_ms)) }, ""))
            } @else {
                (headline_of("Confirmed within", "—", html! { "none confirmed yet" }, ""))
            }
            (headline_of(
                "Turned away",
                &number(declined + lacking),
                html! { "declined, or no stock" },
                "",
            ))
            (headline_of(
                "Need a person",
                &number(waiting),
                html! { @if waiting > 0 { "listed below" } @else { "nothing to do" } },
                if waiting > 0 { "alarm" } else { "" },
            ))
        }
        p.asof {
            (number(summary.events())) " events taken in"
            @if let Some(last) = summary.last_at() {
                ", the latest at " time datetime=(iso(last)) { (clock(last)) }
            }
        }
    }
}

fn headline_of(title: &str, figure: &str, beside: Markup, class: &str) -> Markup {
    html! {
        div class={ "tile " (class) } {
            dt { (title) }
            dd.figure { (figure) }
            dd.beside { (beside) }
        }
    }
}

/// Never `100 %` while one is missing, nor `0 %` once one is there.
fn percent(part: i64, whole: i64) -> String {
    match (part, whole) {
        (_, 0) => "—".to_owned(),
        (part, whole) if part == whole => "100 %".to_owned(),
        (0, _) => "0 %".to_owned(),
        (part, whole) => format!("{} %", (part as f64 / whole as f64 * 100.0).round().clamp(1.0, 99.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_said_only_when_it_is_all() {
        let shown = [(0, 0), (0, 5), (1, 100_000), (99_999, 100_000), (5, 5)].map(|(part, whole)| percent(part, whole));
        assert_eq!(shown, ["—", "0 %", "1 %", "99 %", "100 %"]);
    }

    #[test]
    fn a_page_without_any_event_says_so() {
        let page = page(&Summary::default(), Timestamp::default()).into_string();
        assert!(page.contains("0 events taken in") && page.contains("No orders yet"), "{page}");
    }
}
