//! What an operator watches: how many sagas are under way, and whether they get on. Both are answered by partial indexes,
//! so that finished sagas cost nothing.

use crate::{engine::Engine, plan::Plan, rows};
use ambient::Timestamp;
use store::StoreError;

/// How the sagas of one kind stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// Their kind.
    pub kind: &'static str,
    /// Those with a move of their own to make, now or at its time. Those that wait for the world or a person have none.
    pub running: u64,
    /// Since when the longest due of them is due; none when none is late.
    pub due_since: Option<Timestamp>,
}

impl<P: Plan> Engine<P> {
    /// How the sagas of this kind stand.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn census(&self) -> Result<Census, StoreError> {
        let (kind, now) = (self.0.plan.kind(), self.0.ambient.now());
        let read = self.0.store.read(kind, |tx, kind| {
            Box::pin(async move { Ok((rows::running(tx, kind).await?, rows::next_due(tx, kind).await?)) })
        });
        let (running, due) = read.await?;
        Ok(Census { kind, running, due_since: due.filter(|due| *due <= now) })
    }
}
