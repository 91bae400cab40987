//! Colours, when there is a terminal to show them and nobody forbids it (NO_COLOR).

use std::io::IsTerminal;

/// What a piece of text is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Ended otherwise, and rightly so.
    Mixed,
    /// Wants attention.
    Bad,
    /// Beside the point.
    Faint,
    /// The point.
    Strong,
}

impl Tone {
    /// The text in this tone; as it is when standard output shows no colours.
    pub fn paint(self, text: &str) -> String {
        let code = match self {
            Self::Good => "32",
            Self::Mixed => "33",
            Self::Bad => "31",
            Self::Faint => "2",
            Self::Strong => "1",
        };
        if coloured() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
