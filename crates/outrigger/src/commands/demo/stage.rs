//! Where the stories are seen. On a terminal: a row per order that is under way, updated in place, and above them what
//! has ended. Otherwise: what has ended, line by line. For programs: nothing before the end.

use crate::{
    shop::Story,
    show::{Output, Tone, clipped, money, path_word, say, state_tone},
};
use api::order::v1::{Order, OrderState};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use std::{io::IsTerminal, time::Duration};

/// The stage.
pub struct Stage {
    output: Output,
    rows: Mutex<Vec<Row>>,
    live: Option<MultiProgress>,
}

#[derive(Clone, Default)]
struct Row {
    head: String,
    path: Vec<OrderState>,
    notes: Vec<String>,
    bar: Option<ProgressBar>,
}

impl Stage {
    /// For so many stories.
    pub fn open(output: Output, stories: usize) -> Self {
        let live = (output == Output::Table && std::io::stdout().is_terminal()).then(MultiProgress::new);
        Self { output, rows: Mutex::new(vec![Row::default(); stories]), live }
    }

    /// An order was placed.
    pub fn enter(&self, at: usize, story: &Story, order: &Order) {
        let bar = self.live.as_ref().map(|live| {
            let bar = live.add(ProgressBar::new_spinner());
            let style =
                ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is right: a test draws it");
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let mut rows = self.rows.lock();
        rows[at].head = format!(
            "{:>2}  {:<12} {:<29} {:>11}",
            at + 1,
            story.who,
            clipped(&story.what(), 29),
            money(order.total.as_ref())
        );
        rows[at].bar = bar;
        rows[at].show();
    }

    /// An order moved.
    pub fn moved(&self, at: usize, state: OrderState) {
        let mut rows = self.rows.lock();
        if rows[at].path.last() != Some(&state) {
            rows[at].path.push(state);
        }
        rows[at].show();
    }

    /// Something else happened to it.
    pub fn note(&self, at: usize, what: &str) {
        self.rows.lock()[at].notes.push(what.to_owned());
    }

    /// An order has ended: its row, and in a line below what it shows and what happened.
    pub fn leave(&self, at: usize, story: &Story, order: &Order) {
        let row = self.rows.lock()[at].clone();
        if let Some(bar) = &row.bar {
            bar.finish_and_clear();
        }
        let mut told = vec![story.shows.to_owned()];
        told.extend(row.notes.iter().cloned());
        let known = |reason: &String| reason.is_empty() || told.iter().any(|told| told.ends_with(reason.as_str()));
        told.extend(Some(order.reason.clone()).filter(|reason| !known(reason)));
        self.say(&format!("{}  {}\n    {}", row.head, row.painted_path(), Tone::Faint.paint(&told.join(" · "))));
    }

    fn say(&self, text: &str) {
        match (&self.live, self.output) {
            // The terminal may have gone away; the orders have not.
            (Some(live), _) => drop(live.println(text)),
            (None, Output::Table) => {
                say!("{text}");
            }
            (None, Output::Json) => {}
        }
    }

    /// All have ended.
    pub fn close(&self) {
        if let Some(live) = &self.live {
            let _ = live.clear();
        }
    }
}

impl Row {
    fn show(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}  {}", self.head, self.painted_path()));
        }
    }

    fn painted_path(&self) -> String {
        let words = self.path.iter().enumerate().map(|(at, state)| {
            let last = at + 1 == self.path.len();
            let tone = if last { state_tone(*state) } else { Tone::Faint };
            tone.paint(&path_word(*state))
        });
        words.collect::<Vec<_>>().join(&Tone::Faint.paint(" › "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::stories;

    #[test]
    fn a_story_can_be_shown_from_beginning_to_end() {
        let stage = Stage::open(Output::Json, 1);
        stage.enter(0, &stories()[0], &Order::default());
        stage.moved(0, OrderState::Received);
        stage.moved(0, OrderState::Received);
        stage.moved(0, OrderState::OutOfStock);
        assert_eq!(stage.rows.lock()[0].painted_path(), "received › out of stock");
        stage.leave(0, &stories()[0], &Order::default());
        ProgressStyle::with_template("{spinner} {wide_msg}").unwrap();
    }
}
