//! `kill -9` at random moments of a replay; the next run carries on to the same totals.

use crate::{
    feed, outrigger,
    replay::{audit_is_clean, replay, totals},
};
use ambient::Ambient;
use std::{process::Stdio, time::Duration};

/// A few here; twenty over a longer replay are `tests/bench kills`.
const KILLS: u32 = 5;
const STRETCH: &str = "4s";

#[tokio::test]
async fn a_replay_killed_at_any_moment_ends_in_the_same_totals() {
    let folder = tempfile::tempdir().unwrap();
    let feed = feed::synthetic(folder.path(), 120);
    let expected = totals(&replay(&feed, &folder.path().join("undisturbed"), &[]));
    let ambient = Ambient::system();
    for kill in 0..KILLS {
        let data = folder.path().join(format!("killed-{kill}"));
        let (feed_path, data_path) = (feed.to_str().unwrap(), data.to_str().unwrap());
        let mut victim = outrigger(&["replay", feed_path, "--data", data_path, "--speed", STRETCH])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moment = Duration::from_millis(200) + ambient.jitter(Duration::from_millis(3_600));
        tokio::time::sleep(moment).await;
        assert!(victim.try_wait().unwrap().is_none(), "it had ended before it was killed, at {moment:?}");
        victim.kill().unwrap();
        victim.wait().unwrap();
        assert_eq!(totals(&replay(&feed, &data, &[])), expected, "killed after {moment:?}");
        audit_is_clean(&data);
    }
}
