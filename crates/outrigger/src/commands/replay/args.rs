//! What may be said of a replay.

use crate::{duration, system::Config};
use clap::Args as ClapArgs;
use std::{path::PathBuf, time::Duration};

/// The replay.
#[derive(Clone, Debug, ClapArgs)]
#[command(after_help = "\
Each invoice is an order under its own number, so that a second replay adds none. An invoice whose number starts with C \
is a cancellation: each of its lines takes back what the same customer bought of the same code at the same price, newest \
first among the invoices before it, all of it or nothing, once those orders have arrived. What cannot be imported is \
reported line by line with its reason.

Faults: the gateway loses that part of messages, half of them before and half after they took effect; inventory and \
shipping fail that part of calls, half before and half after they took effect. The same seed makes the same faults for \
the same call.")]
pub struct Args {
    /// The feed, a CSV file: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country.
    pub file: PathBuf,
    /// Import into the data at this place, a folder or postgres://user@host:port/database, with the whole system in this
    /// process [env: OUTRIGGER_DATA] [default: ./outrigger-data].
    #[arg(long, value_name = "DIR|URL")]
    pub data: Option<String>,
    /// Import into a running system instead.
    #[arg(long, conflicts_with = "data", value_name = "URL")]
    pub endpoint: Option<String>,
    /// Orders placed at the same time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub concurrency: u32,
    /// Orders a second (`50`), or the time to stretch the orders over (`20s`) [default: as fast as it goes].
    #[arg(long, value_parser = speed, value_name = "N|TIME")]
    pub speed: Option<Speed>,
    /// Opening stock, in percent of what the whole feed sells.
    #[arg(long, default_value_t = 100, value_name = "PERCENT")]
    pub stock_percent: u32,
    /// How long to wait at the end until every order is final or waits for a person.
    #[arg(long, default_value = "10m", value_parser = duration::parse, value_name = "TIME")]
    pub settle: Duration,
    /// Write every skipped line with its reason to this CSV file; otherwise the first few are printed.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub faults: Faults,
}

/// How fast orders are placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    PerSecond(f64),
    Over(Duration),
}

fn speed(text: &str) -> Result<Speed, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(Speed::PerSecond(rate)),
        Ok(_) => Err("orders a second must be more than zero".to_owned()),
        Err(_) => duration::parse(text).map(Speed::Over),
    }
}

/// Faults to make on purpose.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Faults")]
pub struct Faults {
    /// The part of calls to gateway, inventory and shipping that fail, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = rate, value_name = "RATE")]
    pub fault_rate: f64,
    /// The same for the gateway alone.
    #[arg(long, value_parser = rate, value_name = "RATE")]
    pub gateway_fault_rate: Option<f64>,
    /// The same for inventory alone.
    #[arg(long, value_parser = rate, value_name = "RATE")]
    pub inventory_fault_rate: Option<f64>,
    /// The same for shipping alone.
    #[arg(long, value_parser = rate, value_name = "RATE")]
    pub shipping_fault_rate: Option<f64>,
    /// The part of payments that the gateway declines, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = rate, value_name = "RATE")]
    pub decline_rate: f64,
    /// The seed of the faults' dice.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or_else(|| format!("'{text}' is not between 0 and 1"))
}

impl Faults {
    /// Something is to fail.
    pub fn any(&self) -> bool {
        let rates = [self.gateway_fault_rate, self.inventory_fault_rate, self.shipping_fault_rate];
        self.fault_rate > 0.0 || self.decline_rate > 0.0 || rates.into_iter().flatten().any(|rate| rate > 0.0)
    }

    /// Puts the dice into the services' hands.
    pub fn apply(&self, config: &mut Config) {
        let gateway = self.gateway_fault_rate.unwrap_or(self.fault_rate);
        let faults = &mut config.payments.faults;
        (faults.error, faults.silent, faults.decline) = (gateway / 2.0, gateway / 2.0, self.decline_rate);
        config.inventory.fault_rate = self.inventory_fault_rate.unwrap_or(self.fault_rate);
        config.shipping.fault_rate = self.shipping_fault_rate.unwrap_or(self.fault_rate);
        (config.payments.seed, config.inventory.fault_seed, config.shipping.fault_seed) =
            (self.seed, self.seed, self.seed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_rate_or_a_time() {
        assert_eq!(speed("50"), Ok(Speed::PerSecond(50.0)));
        assert_eq!(speed("20s"), Ok(Speed::Over(Duration::from_secs(20))));
        assert!(speed("0").is_err() && speed("fast").is_err());
    }

    #[test]
    fn a_rate_is_between_none_and_all() {
        assert_eq!(rate("0.2"), Ok(0.2));
        assert!(rate("1.2").is_err() && rate("-1").is_err() && rate("NaN").is_err());
    }
}
