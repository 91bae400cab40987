//! What can be set, and where mail goes. Apart so that the program's configuration sees no more than this.

use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The settings of notifications.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How mail leaves. None: as files in the folder `mail` beside the data, or in memory when the data is.
    pub transport: Option<Transport>,
    /// The sender, `Name <address>`. The domain is also the right side of every Message-ID.
    pub from: String,
    /// How many mails are taken at once, and marked as sent in one unit.
    pub batch: u64,
    /// How many of them are with the mail server at the same time.
    pub at_once: usize,
    /// How long one delivery may take.
    pub patience: Duration,
    /// Wait before the second attempt; each further wait doubles.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
    /// A mail that could not be delivered for so long is given up.
    pub give_up_after: Duration,
    /// Mails that reached their end are forgotten after this.
    pub keep: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            transport: None,
            from: "Outrigger <orders@outrigger.invalid>".into(),
            batch: 200,
            at_once: 8,
            patience: Duration::from_secs(60),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(3_600),
            give_up_after: Duration::from_secs(5 * 24 * 3_600),
            keep: Duration::from_secs(90 * 24 * 3_600),
        }
    }
}

/// How mail leaves.
#[derive(Clone)]
pub enum Transport {
    /// As `.eml` files, for whoever has no mail server: `<dir>/<last character of the event id>/<event id>.eml`, so
    /// that no folder grows too large to look at and a repeat replaces its file. Not synced: a crash of the process
    /// loses none, a crash of the machine may lose those of the last seconds.
    Files {
        /// Made when it is not there.
        dir: PathBuf,
    },
    /// To a mail server.
    Smtp {
        /// `smtp://user:password@host:25`; `smtps://` for TLS from the start, `?tls=required` for STARTTLS.
        url: String,
    },
    /// Kept in memory, for tests.
    Memory(Mailbox),
}

/// Without the password that a server's address may carry.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { dir } => f.debug_struct("Files").field("dir", dir).finish(),
            Self::Smtp { .. } => f.debug_struct("Smtp").finish_non_exhaustive(),
            Self::Memory(_) => f.write_str("Memory"),
        }
    }
}

impl Settings {
    /// The way out for data at `place`.
    pub(crate) fn way(&self, place: Option<&Path>) -> Transport {
        let beside = || match place {
            Some(place) => Transport::Files { dir: place.join("mail") },
            None => Transport::Memory(Mailbox::default()),
        };
        self.transport.clone().unwrap_or_else(beside)
    }
}

/// Mails kept in memory: the latest [`Mailbox::ROOM`] of them. Cloning shares it.
#[derive(Clone, Default)]
pub struct Mailbox(Arc<Mutex<VecDeque<String>>>);

impl Mailbox {
    /// How many are kept.
    pub const ROOM: usize = 10_000;

    /// The mails as they would have gone over the wire, oldest first.
    pub fn mails(&self) -> Vec<String> {
        self.0.lock().iter().cloned().collect()
    }

    pub(crate) fn push(&self, mail: String) {
        let mut mails = self.0.lock();
        if mails.len() == Self::ROOM {
            mails.pop_front();
        }
        mails.push_back(mail);
    }
}
