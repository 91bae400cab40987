//! The command line: what there is to say, and who does it.

use crate::{
    commands::{audit, demo, order, replay, serve},
    context::Context,
    failure::Failure,
    show::Output,
};
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Carries customers' orders through six services, and loses no money, no stock and no order.
#[derive(Debug, Parser)]
#[command(name = "outrigger", version, about, propagate_version = true)]
#[command(after_help = "Exit status: 0 fine, 1 a finding or a refusal, 2 misuse or nobody answered.\n\
    Settings: flags over OUTRIGGER_* variables over outrigger.toml; docs/settings.md lists all. OUTRIGGER_LOG sets the log, \
    e.g. `info`.")]
pub struct Cli {
    /// For people or for programs.
    #[arg(short, long, global = true, value_enum, default_value_t, display_order = 900)]
    pub output: Output,
    /// The settings file [env: OUTRIGGER_CONFIG] [default: outrigger.toml, when it is there].
    #[arg(long, global = true, value_name = "FILE", display_order = 901)]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

/// What there is to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Places a shop's worth of orders with trouble mixed in, and tells how each ends.
    Demo(demo::Args),
    /// Runs the system until it is told to stop.
    Serve(serve::Args),
    /// Places, shows and decides orders.
    #[command(subcommand)]
    Order(order::Command),
    /// Imports a retailer's feed of invoice lines as orders and returns.
    Replay(replay::Args),
    /// Checks that money, stock and orders are right (I1 to I5) over all services.
    Audit(audit::Args),
}

impl Command {
    /// What is logged when OUTRIGGER_LOG does not say. Where things go wrong on purpose, warnings of it are no news.
    pub const fn log(&self) -> &'static str {
        match self {
            Self::Demo(_) | Self::Replay(_) => "error",
            // That a database is waited for, and no longer.
            Self::Serve(_) => "warn,outrigger::system=info",
            _ => "warn",
        }
    }
}

impl Cli {
    /// Does what was said.
    pub async fn run(self) -> Result<(), Failure> {
        let context = Context { output: self.output, config: self.config };
        match self.command {
            Command::Demo(args) => demo::run(args, &context).await,
            Command::Serve(args) => serve::run(args, &context).await,
            Command::Order(command) => order::run(command, &context).await,
            Command::Replay(args) => replay::run(args, &context).await,
            Command::Audit(args) => audit::run(args, &context).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::variables;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn numbers_that_ask_for_nothing_are_refused() {
        for line in ["order list --limit 0", "order parked --limit 0", "demo --orders 0", "order watch X --after=-1"] {
            let words = ["outrigger"].into_iter().chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }

    #[test]
    fn the_help_of_serve_names_every_setting() {
        let mut cli = Cli::command();
        let help = cli.find_subcommand_mut("serve").unwrap().render_long_help().to_string();
        let missing: Vec<String> = variables().into_iter().filter(|name| !help.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn what_is_read_names_one_place() {
        let both = ["outrigger", "audit", "--endpoint", "http://127.0.0.1:1", "--data", "x"];
        assert!(Cli::try_parse_from(both).is_err());
        assert!(Cli::try_parse_from(["outrigger", "serve", "all"]).is_ok());
    }
}
