//! Charts as plain SVG: shapes without colours, which the style sheet gives them, so that they follow a light or dark
//! theme; scaled by the browser to the room they get. Every chart says in words what it shows.

use maud::{Markup, html};

/// One column: what it is, and its parts from the bottom up, each with its class.
pub struct Column {
    pub label: String,
    pub parts: Vec<(&'static str, i64)>,
}

/// Height of a chart's own coordinates; its width is the number of columns times ten.
const HEIGHT: f64 = 100.0;

/// Stacked columns, evenly spaced.
pub fn columns(summary: &str, columns: &[Column]) -> Markup {
    let tallest = columns.iter().map(Column::height).max().unwrap_or(0).max(1) as f64;
    let width = 10 * columns.len().max(1);
    html! {
        svg.columns viewBox=(format!("0 0 {width} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(summary) {
            @for (index, column) in columns.iter().enumerate() {
                g {
                    title { (column.label) }
                    rect.reach x=(10 * index) y="0" width="10" height=(HEIGHT) {}
                    @for (class, from, height) in column.stacked(tallest) {
                        rect class=(class) x=(10 * index + 1) y=(units(HEIGHT - from - height)) width="8" height=(units(height)) {}
                    }
                }
            }
        }
    }
}

impl Column {
    fn height(&self) -> i64 {
        self.parts.iter().map(|(_, size)| size).sum()
    }

    /// Class, start and height of each part. What is there at all is at least visible.
    fn stacked(&self, tallest: f64) -> Vec<(&'static str, f64, f64)> {
        let mut from = 0.0;
        let shown = self.parts.iter().filter(|(_, size)| *size > 0);
        shown
            .map(|(class, size)| {
                let height = (*size as f64 / tallest * HEIGHT).max(1.5).min(HEIGHT - from);
                let part = (*class, from, height);
                from += height;
                part
            })
            .collect()
    }
}

/// A bar that fills its part of `most`, drawn behind or beside a number that says the same.
pub fn bar(class: &str, size: i64, most: i64) -> Markup {
    let share = if most > 0 { size.max(0) as f64 / most as f64 * 100.0 } else { 0.0 };
    let share = if size > 0 { share.clamp(0.8, 100.0) } else { 0.0 };
    html! {
        svg.bar aria-hidden="true" {
            rect.track width="100%" height="100%" rx="3" {}
            rect class=(class) width=(format!("{}%", units(share))) height="100%" rx="3" {}
        }
    }
}

/// Few digits: finer than a pixel is of no use.
fn units(value: f64) -> String {
    format!("{:.1}", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_one_scale_and_stay_within_it() {
        let column = |parts: &[(&'static str, i64)]| Column { label: "<now>".into(), parts: parts.to_vec() };
        let tall = column(&[("a", 60), ("b", 40)]);
        assert_eq!(tall.stacked(100.0), [("a", 0.0, 60.0), ("b", 60.0, 40.0)]);
        assert_eq!(column(&[("a", 1)]).stacked(1e6), [("a", 0.0, 1.5)]);
        let svg = columns("all", &[tall]).into_string();
        assert!(svg.contains("<title>&lt;now&gt;</title>"), "{svg}");
    }

    #[test]
    fn a_bar_never_leaves_its_track_and_never_vanishes() {
        assert!(bar("x", 1, 1_000_000).into_string().contains("0.8%"));
        assert!(bar("x", 9, 3).into_string().contains("100.0%"));
        assert!(bar("x", 0, 0).into_string().contains("\"0.0%\""));
        assert!(columns("none", &[]).into_string().contains("0 0 10 100"));
    }
}
