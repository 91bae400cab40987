//! When the next order is due.

use super::args::Speed;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Orders at even intervals, or as they come. An order that is late does not make the later ones hurry past their times.
pub struct Pace {
    started: Instant,
    interval: Duration,
    placed: u32,
}

impl Pace {
    /// For so many orders.
    pub fn of(speed: Option<Speed>, orders: u64) -> Self {
        let interval = match speed {
            None => Duration::ZERO,
            Some(Speed::PerSecond(rate)) => Duration::from_secs_f64(1.0 / rate),
            Some(Speed::Over(time)) => time.div_f64(orders.max(1) as f64),
        };
        Self { started: Instant::now(), interval, placed: 0 }
    }

    /// Returns when the next order may be placed.
    pub async fn next(&mut self) {
        self.placed = self.placed.saturating_add(1);
        if !self.interval.is_zero() {
            sleep_until(self.started + self.interval.saturating_mul(self.placed)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn orders_are_stretched_over_the_whole_time() {
        let (mut pace, started) = (Pace::of(Some(Speed::Over(Duration::from_secs(20))), 40), Instant::now());
        for _ in 0..40 {
            pace.next().await;
        }
        assert_eq!(started.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_speed_nothing_waits() {
        let (mut pace, started) = (Pace::of(None, 40), Instant::now());
        pace.next().await;
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
