//! Starting when the place for data is not there yet: a database that cannot be reached is waited for, as long as it
//! takes. Anything else that is wrong (a password, data of a newer version) is told at once: waiting would not mend it.

use super::{config::Config, entrance::Entrance, error::StartError, running::Running};
use ambient::Ambient;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// While nothing changes this is said again so often, and no oftener.
const REMIND_EVERY: Duration = Duration::from_secs(60);

/// Starts what runs behind the entrance, trying again while the place for data cannot be reached.
///
/// # Errors
/// [`StartError`] that waiting would not mend.
pub async fn patiently(entrance: &Entrance, config: &Config) -> Result<Running, StartError> {
    let mut wait = Wait { began: Instant::now(), pause: FIRST_PAUSE, reminded: None };
    loop {
        match Running::start(entrance, config).await {
            Ok(running) => {
                wait.ended();
                return Ok(running);
            }
            Err(error) if error.is_temporary() => {
                let (place, reason) = error.absence();
                entrance.say(&format!("starting: waiting for the database at {place}")).await;
                wait.tell(entrance, &place, &reason);
                wait.pause(&config.ambient).await;
            }
            Err(error) => return Err(error),
        }
    }
}

struct Wait {
    began: Instant,
    pause: Duration,
    reminded: Option<Instant>,
}

impl Wait {
    fn tell(&mut self, entrance: &Entrance, place: &str, reason: &str) {
        let now = Instant::now();
        if self.reminded.is_some_and(|before| now < before + REMIND_EVERY) {
            return;
        }
        let waited = self.reminded.map(|_| (now - self.began).as_secs());
        self.reminded = Some(now);
        let (grpc, page, metrics) = (entrance.grpc(), entrance.page(), entrance.metrics());
        tracing::warn!(
            place,
            reason,
            waited_seconds = waited,
            grpc = grpc.map(display),
            page = page.map(display),
            metrics = metrics.map(display),
            "waiting for the database; nothing is taken in meanwhile"
        );
    }

    fn ended(&self) {
        if self.reminded.is_some() {
            let waited = self.began.elapsed().as_secs();
            tracing::info!(waited_seconds = waited, "the database is there; all services run");
        }
    }

    /// Between half of it and all of it, so that many do not come at once.
    async fn pause(&mut self, ambient: &Ambient) {
        sleep(self.pause / 2 + ambient.jitter(self.pause / 2)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}
