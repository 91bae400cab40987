//! `kill -9` at random moments of a replay, of the program and of its database; the next run carries on to the same
//! totals as one that nobody disturbed, on SQLite.
//!
//! `OUTRIGGER_KILLS` says how many of each, `OUTRIGGER_FEED` of which feed, `OUTRIGGER_STRETCH` over how many seconds.

use crate::{
    feed, outrigger,
    replay::{audit_is_clean, replay, totals},
};
use ambient::Ambient;
use serde_json::Value;
use servers::{Database, Postgres};
use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// The replay that is disturbed, and how it ends when it is not.
struct Series {
    kills: u32,
    feed: PathBuf,
    stretch: Duration,
    expected: (Value, Value),
    ambient: Ambient,
    folder: TempDir,
}

fn said(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

impl Series {
    /// A few here; long ones over a real feed are `tests/bench`.
    fn of(kills: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let feed = said("OUTRIGGER_FEED").map_or_else(|| feed::synthetic(folder.path(), 120), PathBuf::from);
        let number = |variable, usual| said(variable).map_or(usual, |said| said.parse().unwrap());
        let stretch = Duration::from_secs(number("OUTRIGGER_STRETCH", 4).into());
        let expected = totals(&replay(&feed, folder.path().join("undisturbed"), &[]));
        Self { kills: number("OUTRIGGER_KILLS", kills), feed, stretch, expected, ambient: Ambient::system(), folder }
    }

    /// Begins a slowed replay, and returns at a random moment of it.
    async fn begun(&self, data: impl AsRef<OsStr>) -> (Child, Duration) {
        let (feed, data) = (self.feed.to_str().unwrap(), data.as_ref().to_str().unwrap());
        let speed = format!("{}s", self.stretch.as_secs());
        let mut victim = outrigger(&["replay", feed, "--data", data, "--speed", &speed])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moment = Duration::from_millis(200) + self.ambient.jitter(self.stretch.mul_f64(0.9));
        tokio::time::sleep(moment).await;
        assert!(victim.try_wait().unwrap().is_none(), "it had ended before the kill, at {moment:?}");
        (victim, moment)
    }

    fn ends_alike(&self, data: impl AsRef<OsStr>, moment: Duration) {
        assert_eq!(totals(&replay(&self.feed, &data, &[])), self.expected, "killed after {moment:?}");
        audit_is_clean(&data);
    }

    async fn kill_the_program(&self, data: impl AsRef<OsStr>) {
        let (mut victim, moment) = self.begun(&data).await;
        victim.kill().unwrap();
        victim.wait().unwrap();
        self.ends_alike(&data, moment);
    }
}

#[tokio::test]
async fn a_replay_killed_at_any_moment_ends_in_the_same_totals() {
    let series = Series::of(5);
    for kill in 0..series.kills {
        series.kill_the_program(series.folder.path().join(format!("killed-{kill}"))).await;
    }
}

#[tokio::test]
async fn a_replay_on_postgres_killed_at_any_moment_ends_in_the_same_totals() {
    let test = "a_replay_on_postgres_killed_at_any_moment_ends_in_the_same_totals";
    let Some(database) = Database::new(test) else { return };
    let series = Series::of(3);
    for kill in 0..series.kills {
        let another = (kill > 0).then(|| Database::new(test).unwrap());
        series.kill_the_program(another.as_ref().unwrap_or(&database).url()).await;
    }
}

#[tokio::test]
async fn a_replay_whose_database_is_killed_at_any_moment_ends_in_the_same_totals() {
    let test = "a_replay_whose_database_is_killed_at_any_moment_ends_in_the_same_totals";
    let Some(server) = Postgres::start(test) else { return };
    let series = Series::of(3);
    for _ in 0..series.kills {
        let database = server.database();
        let (mut victim, moment) = series.begun(database.url()).await;
        server.kill();
        tokio::time::sleep(series.ambient.jitter(Duration::from_secs(1))).await;
        server.revive();
        // What lost only its database may carry on to the end by itself.
        victim.wait().unwrap();
        series.ends_alike(database.url(), moment);
    }
}
