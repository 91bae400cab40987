//! How things are shown to people and to programs: amounts, times, states, orders, tables. The only place that knows of
//! colours and terminals.

mod amount;
mod json;
mod order;
mod progress;
mod table;
mod tone;

pub use amount::{amount, money, parse_amount};
pub use json::{order_json, print_json};
pub use order::{
    change_line, clipped, order_page, order_rows, path_word, short_time, state_name, state_of, state_tone,
};
pub use progress::{Progress, counted};
pub use table::{plain_table, table};
pub use tone::Tone;

use clap::ValueEnum;

/// A line to standard output. Whoever reads it may have heard enough (`| head`): that is no reason to stop working.
/// True while somebody reads.
pub fn heard(line: &str) -> bool {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
}

/// [`heard`], formatted, whoever listens.
macro_rules! say {
    ($($words:tt)*) => {
        let _ = $crate::show::heard(&format!($($words)*));
    };
}
pub(crate) use say;

/// How this program was called, for the commands that it proposes.
pub fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "outrigger".to_owned())
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Tables and sentences.
    #[default]
    Table,
    /// One JSON value (`watch`: one a line).
    Json,
}
