//! The panels of the page, one function each: a heading, a figure or table, and a word when there is nothing to show.

use super::{
    chart::{self, Column},
    format::{amount, clock, duration, iso, minute, number, short, words},
};
use crate::{
    domain::STEP,
    summary::{self, Change, Step, Summary},
};
use ambient::Timestamp;
use api::order::v1::OrderState;
use maud::{Markup, html};

/// States in the order in which an order meets them.
const ALONG_THE_WAY: [OrderState; 12] = [
    OrderState::Received,
    OrderState::Paying,
    OrderState::Reserving,
    OrderState::Confirmed,
    OrderState::Shipped,
    OrderState::Completed,
    OrderState::Declined,
    OrderState::OutOfStock,
    OrderState::Cancelled,
    OrderState::Refunding,
    OrderState::Refunded,
    OrderState::NeedsAttention,
];

/// Columns of the chart over time: at most these, and at least those, so that a short past is not one lonely column.
const COLUMNS: i64 = 60;
const FEWEST: i64 = 20;

/// The colour of a state, by what it means.
fn tone(state: OrderState) -> &'static str {
    match state {
        OrderState::Completed | OrderState::Shipped | OrderState::Confirmed => "good",
        OrderState::Declined | OrderState::OutOfStock | OrderState::Cancelled => "ended",
        OrderState::Refunding | OrderState::Refunded => "back",
        OrderState::NeedsAttention => "alarm",
        OrderState::Unspecified | OrderState::Received | OrderState::Paying | OrderState::Reserving => "moving",
    }
}

fn state(state: OrderState) -> Markup {
    html! { span class={ "state " (tone(state)) } { (words(summary::name(state))) } }
}

/// Orders by state.
pub fn states(summary: &Summary) -> Markup {
    let most = summary.states.iter().map(|count| count.orders).max().unwrap_or(0);
    html! {
        section.states {
            h2 { "Orders by state" }
            @if summary.states.is_empty() {
                p.none { "No orders yet." }
            } @else {
                table {
                    thead.unseen { tr { th { "State" } th { "Share" } th { "Orders" } } }
                    tbody {
                        @for shown in ALONG_THE_WAY {
                            @let orders = summary.standing(shown);
                            tr.nil[orders == 0] {
                                th scope="row" { (words(summary::name(shown))) }
                                td.wide { (chart::bar(tone(shown), orders, most)) }
                                td.number { (number(orders)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Orders over time: five minutes of five-second steps, or an hour of minutes once there is more than that to show.
pub fn pace(summary: &Summary) -> Markup {
    let (Some(first), Some(last)) = (summary.steps.first(), summary.steps.last()) else {
        return html! { section.pace { h2 { "Orders over time" } p.none { "No orders yet." } } };
    };
    let (first, last) = (first.start.as_millis(), last.start.as_millis());
    let (width, unit) = if last - first < COLUMNS * STEP { (STEP, "5 s") } else { (60_000, "minute") };
    let end = last.div_euclid(width);
    let begin = end + 1 - (end + 1 - first.div_euclid(width)).clamp(FEWEST, COLUMNS);
    let columns: Vec<Column> = (begin..=end).map(|step| column(&summary.steps, step * width, width)).collect();
    let busiest = columns.iter().map(|column| column.parts.iter().map(|(_, orders)| orders).sum()).max().unwrap_or(0);
    let start = Timestamp::from_millis(begin * width);
    let words = format!("Orders received, confirmed and ended per {unit}; at most {}.", number(busiest));
    html! {
        section.pace {
            h2 { "Orders over time" }
            ul.legend {
                li { span.key.moving {} "received" }
                li { span.key.good {} "confirmed" }
                li { span.key.ended {} "ended" }
                li.scale { "up to " b { (number(busiest)) } " moves per " (unit) }
            }
            (chart::columns(&words, &columns))
            p.axis {
                time datetime=(iso(start)) { (minute(start)) }
                time datetime=(iso(Timestamp::from_millis(last))) { (minute(Timestamp::from_millis(last))) }
            }
        }
    }
}

fn column(steps: &[Step], start: i64, width: i64) -> Column {
    let within = |step: &&Step| (start..start + width).contains(&step.start.as_millis());
    let (mut received, mut confirmed, mut ended) = (0, 0, 0);
    for step in steps.iter().filter(within) {
        received += step.received;
        confirmed += step.confirmed;
        ended += step.ended;
    }
    let at = clock(Timestamp::from_millis(start));
    Column {
        label: format!("{at}: {received} received, {confirmed} confirmed, {ended} ended"),
        parts: vec![("ended", ended), ("good", confirmed), ("moving", received)],
    }
}

/// Orders that wait for a person.
pub fn attention(summary: &Summary, now: Timestamp) -> Markup {
    let all = summary.needing_attention();
    let more = all - i64::try_from(summary.attention.len()).unwrap_or(i64::MAX);
    html! {
        section.attention {
            h2 { "Waiting for a person" }
            @if summary.attention.is_empty() {
                p.none { "No order waits for a person." }
            } @else {
                div.scroll { table {
                    thead { tr { th { "Order" } th { "Why" } th.number { "At stake" } th.number { "Waiting" } } }
                    tbody {
                        @for order in &summary.attention {
                            tr {
                                td { code { (order.order_id) } }
                                td { b { (words(&order.cause)) } @if !order.reason.is_empty() { br; small { (order.reason) } } }
                                td.number { (amount(&order.total.currency_code, order.total.minor_units)) " " small { (order.total.currency_code) } }
                                td.number { time datetime=(iso(order.since)) { (age(now, order.since)) } }
                            }
                        }
                    }
                } }
                @if more > 0 { p.none { "and " (number(more)) " more" } }
            }
        }
    }
}

/// Money by currency.
pub fn money(summary: &Summary) -> Markup {
    html! {
        section.money {
            h2 { "Money" }
            @if summary.money.is_empty() {
                p.none { "No money has moved yet." }
            } @else {
                div.scroll { table {
                    thead { tr { th { "Currency" } th.number { "Taken" } th.number { "Given back" } th.number { "Kept" } } }
                    tbody {
                        @for flow in &summary.money {
                            tr {
                                th scope="row" { (flow.currency) }
                                td.number { (amount(&flow.currency, flow.taken)) }
                                td.number { (amount(&flow.currency, flow.refunded)) }
                                td.number { b { (amount(&flow.currency, flow.taken - flow.refunded)) } }
                            }
                            tr.under { td colspan="4" { (chart::bar("good over-back", flow.taken - flow.refunded, flow.taken)) } }
                        }
                    }
                } }
            }
        }
    }
}

/// How long confirmation took, as a histogram.
pub fn time_to_confirm(summary: &Summary) -> Markup {
    let speed = &summary.time_to_confirm;
    let (Some(first), Some(last)) = (speed.buckets.first(), speed.buckets.last()) else {
        return html! { section.speed { h2 { "Time to confirm" } p.none { "No order has been confirmed yet." } } };
    };
    let columns: Vec<Column> = crate::buckets::between(first.up_to_ms, last.up_to_ms)
        .map(|bound| {
            let orders =
                speed.buckets.iter().filter(|bucket| bucket.up_to_ms == bound).map(|bucket| bucket.orders).sum();
            let label = format!("up to {}: {} orders", duration(bound), number(orders));
            Column { label, parts: vec![(if bound <= speed.p50_ms { "good" } else { "moving" }, orders)] }
        })
        .collect();
    let words = format!("Half within {}, 99 of 100 within {}.", duration(speed.p50_ms), duration(speed.p99_ms));
    html! {
        section.speed {
            h2 { "Time to confirm" }
            ul.legend {
                li { span.key.good {} "half: " b { (duration(speed.p50_ms)) } }
                li { span.key.moving {} "99 of 100: " b { (duration(speed.p99_ms)) } }
            }
            (chart::columns(&words, &columns))
            p.axis { span { (duration(first.up_to_ms)) } span { (duration(last.up_to_ms)) } }
        }
    }
}

/// What was not there.
pub fn stock_outs(summary: &Summary, now: Timestamp) -> Markup {
    let most = summary.stock_outs.iter().map(|out| out.refusals).max().unwrap_or(0);
    html! {
        section.stock {
            h2 { "Most often out of stock" }
            @if summary.stock_outs.is_empty() {
                p.none { "Nothing has been out of stock." }
            } @else {
                table {
                    thead { tr { th { "SKU" } th { span.unseen { "Share" } } th.number { "Refusals" } th.number { "Last" } } }
                    tbody {
                        @for out in &summary.stock_outs {
                            tr {
                                td { code { (out.sku) } }
                                td.wide { (chart::bar("back", out.refusals, most)) }
                                td.number { (number(out.refusals)) }
                                td.number { time datetime=(iso(out.last_at)) { (age(now, out.last_at)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What happened last.
pub fn changes(summary: &Summary) -> Markup {
    html! {
        section.changes {
            h2 { "Latest changes" }
            @if summary.changes.is_empty() {
                p.none { "Nothing has happened yet." }
            } @else {
                div.scroll { table {
                    thead { tr { th { "Time" } th { "Order" } th { "Change" } th.number { "Total" } } }
                    tbody { @for change in &summary.changes { (row(change)) } }
                } }
            }
        }
    }
}

fn row(change: &Change) -> Markup {
    html! {
        tr {
            td.time { time datetime=(iso(change.at)) { (clock(change.at)) } }
            td { code title=(change.order_id) { (short(&change.order_id)) } }
            td {
                @if change.from != OrderState::Unspecified && change.from != change.to {
                    span.from { (state(change.from)) " → " }
                }
                (state(change.to))
                @if change.from == change.to { " " small { "items came back" } }
                @if !change.cause.is_empty() { " " small { (words(&change.cause)) } }
            }
            td.number { (amount(&change.total.currency_code, change.total.minor_units)) " " small { (change.total.currency_code) } }
        }
    }
}

/// Who has been heard of.
pub fn sources(summary: &Summary, now: Timestamp) -> Markup {
    html! {
        section.sources {
            h2 { "Heard from" }
            @if summary.sources.is_empty() {
                p.none { "No service has told anything yet." }
            } @else {
                table {
                    thead { tr { th { "Service" } th.number { "Events" } th.number { "Last" } } }
                    tbody {
                        @for source in &summary.sources {
                            tr {
                                th scope="row" { (source.source) }
                                td.number { (number(source.events)) }
                                td.number { time datetime=(iso(source.last_at)) { (age(now, source.last_at)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn age(now: Timestamp, then: Timestamp) -> String {
    match now.as_millis() - then.as_millis() {
        recent if recent < 5_000 => "now".to_owned(),
        // In steps of five seconds, so that the page is not sent again for every second that goes by.
        millis if millis < 120_000 => format!("{} s", millis / 5_000 * 5),
        millis => duration(millis),
    }
}
