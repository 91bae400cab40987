//! Progress: a bar on a terminal, nothing in a pipe.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal, time::Duration};

/// How far a long piece of work has come.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar of `total` steps on standard error, if that is a terminal and people are to read the output.
    pub fn of(total: u64, what: &str, shown: bool) -> Self {
        let target = match shown && std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr_with_hz(10),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style = ProgressStyle::with_template("{msg} {wide_bar:.cyan/blue} {pos}/{len} · {per_sec} · {eta} left");
        bar.set_style(style.expect("the template is right: a test draws it").progress_chars("━━─"));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// So many more are done.
    pub fn add(&self, more: u64) {
        self.0.inc(more);
    }

    /// Something else is done now.
    pub fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }
}

/// The bar goes away with the work.
impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// "1,234 orders", "1 order".
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_counted() {
        assert_eq!(counted(1, "order", "orders"), "1 order");
        assert_eq!(counted(1_234_567, "order", "orders"), "1,234,567 orders");
        assert_eq!(counted(12, "order", "orders"), "12 orders");
    }

    #[test]
    fn a_bar_can_be_drawn() {
        let progress = Progress::of(2, "placing", false);
        progress.add(1);
        progress.say("settling");
    }
}
