//! While the database is away the process is not ready: health says so, and whoever leads callers here leads them elsewhere.
//! Those who come all the same are let in: a short absence is waited out within their deadlines.

use fabric::Mesh;
use parking_lot::Mutex;
use std::time::Duration;
use store::Data;
use tokio::{task::JoinHandle, time::sleep};

/// How often it is looked; looking costs nothing.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looks after the database until it is ended or dropped.
pub struct Presence(Mutex<Option<JoinHandle<()>>>);

impl Presence {
    /// Nothing is to be looked after: a folder does not go away.
    pub const fn certain() -> Self {
        Self(Mutex::new(None))
    }

    /// From now on `mesh` is ready while `data` can be reached.
    pub fn watched(data: Data, mesh: Mesh) -> Self {
        Self(Mutex::new(Some(tokio::spawn(follow(data, mesh)))))
    }

    /// Health is left as it is from here on.
    pub async fn end(&self) {
        let watch = self.0.lock().take();
        if let Some(watch) = watch {
            watch.abort();
            // Ended by us: that is all it can say.
            let _ = watch.await;
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(watch) = self.0.get_mut() {
            watch.abort();
        }
    }
}

async fn follow(data: Data, mesh: Mesh) {
    let mut ready = true;
    loop {
        sleep(LOOK_EVERY).await;
        let there = data.is_reachable();
        if there != ready {
            mesh.ready(there).await;
            ready = there;
        }
    }
}
