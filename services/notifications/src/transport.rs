//! The way out: files, a mail server, or memory. The only place that knows lettre's transports and what a server's
//! refusal means. It sees mails, never the store.

use crate::{
    domain::Letter,
    settings::{Mailbox, Settings, Transport},
    templates,
};
use futures::future::join_all;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox as Sender,
    transport::smtp::{Error as SmtpError, PoolConfig},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::Instant;

/// What became of one delivery. The words are ours: a server's own may repeat the recipient's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted.
    Sent,
    /// Refused for good.
    Refused(String),
    /// Not now; this mail's own trouble.
    Later(String),
    /// Nobody to give mails to at the moment: no use in trying the next one.
    Unreachable(String),
}

/// A way out that is ready to be used.
pub struct Post {
    from: Sender,
    way: Way,
    at_once: usize,
    patience: Duration,
}

enum Way {
    Files(PathBuf),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Memory(Mailbox),
}

/// Why mail cannot leave as configured.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The sender is not an address.
    #[error("the sender of mails, {0:?}, is not of the form `Name <address>`")]
    From(String),
    /// The address of the mail server cannot be understood; it is not repeated here, since it may hold a password.
    #[error("the mail server's address is not of the form smtp://user:password@host:port ({0})")]
    Url(&'static str),
    /// The folder for mails cannot be made.
    #[error("the folder for mails, {dir}, cannot be made: {source}; choose another one, or make it writable", dir = dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Post {
    /// A way out for the data at `place`, none when it is in memory.
    pub fn open(settings: &Settings, place: Option<&Path>) -> Result<Self, PostError> {
        let from = settings.from.parse().map_err(|_| PostError::From(settings.from.clone()))?;
        let at_once = settings.at_once.max(1);
        let way = match settings.way(place) {
            Transport::Files { dir } => {
                fs::create_dir_all(&dir).map_err(|source| PostError::Folder { dir: dir.clone(), source })?;
                Way::Files(dir)
            }
            Transport::Smtp { url } => Way::Smtp(smtp(&url, at_once, settings.patience)?),
            Transport::Memory(mailbox) => Way::Memory(mailbox),
        };
        Ok(Self { from, way, at_once, patience: settings.patience })
    }

    /// Delivers the letters; the outcomes are in their order. Fewer outcomes than letters: the rest was not tried, since
    /// there was nobody to give them to, or not time enough: none is begun that might take until `until`, when another
    /// sender may take them up.
    pub async fn deliver(&self, letters: &[Letter], until: Option<Instant>) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(letters.len());
        let step = if matches!(self.way, Way::Smtp(_)) { self.at_once } else { letters.len().max(1) };
        for some in letters.chunks(step) {
            let stuck = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unreachable(_)));
            if stuck || until.is_some_and(|until| Instant::now() + self.patience > until) {
                break;
            }
            outcomes.extend(self.hand_over(some).await);
        }
        outcomes
    }

    async fn hand_over(&self, letters: &[Letter]) -> Vec<Outcome> {
        let mails = letters.iter().map(|letter| templates::compose(letter, &self.from));
        match &self.way {
            Way::Smtp(server) => {
                let sends = mails.map(|mail| async move {
                    match mail {
                        Ok(mail) => self.send(server, mail).await,
                        Err(unsendable) => Outcome::Refused(unsendable.to_string()),
                    }
                });
                join_all(sends).await
            }
            Way::Files(dir) => {
                let named = letters.iter().map(|letter| file(dir, &letter.event_id));
                write_all(named.zip(mails.map(|mail| mail.map(|mail| mail.formatted()))).collect()).await
            }
            Way::Memory(mailbox) => mails
                .map(|mail| match mail {
                    Ok(mail) => {
                        mailbox.push(String::from_utf8_lossy(&mail.formatted()).into_owned());
                        Outcome::Sent
                    }
                    Err(unsendable) => Outcome::Refused(unsendable.to_string()),
                })
                .collect(),
        }
    }

    async fn send(&self, server: &AsyncSmtpTransport<Tokio1Executor>, mail: Message) -> Outcome {
        match tokio::time::timeout(self.patience, server.send(mail)).await {
            Ok(Ok(_accepted)) => Outcome::Sent,
            Ok(Err(error)) => judge(&error),
            Err(_elapsed) => Outcome::Unreachable("the mail server did not answer in time".into()),
        }
    }
}

fn smtp(url: &str, at_once: usize, patience: Duration) -> Result<AsyncSmtpTransport<Tokio1Executor>, PostError> {
    if url.contains("tls=opportunistic") {
        return Err(PostError::Url("tls=opportunistic can be talked out of TLS; use tls=required"));
    }
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
        .map_err(|_| PostError::Url("see the documentation of `transport`"))?;
    let pool = PoolConfig::new().max_size(u32::try_from(at_once).unwrap_or(u32::MAX));
    Ok(builder.timeout(Some(patience)).pool_config(pool).build())
}

/// What a failed delivery says. Only a refusal that is about this mailbox or this mail ends it: a server that wants
/// other credentials, or no mail from us at all, is somebody's mistake, and mails wait until it is mended.
fn judge(error: &SmtpError) -> Outcome {
    match error.status().map(u16::from) {
        Some(code @ (550..=553 | 556)) => Outcome::Refused(format!("the mail server refused it for good ({code})")),
        Some(code @ (450..=452)) => Outcome::Later(format!("the mail server cannot take it now ({code})")),
        Some(code) => Outcome::Unreachable(format!("the mail server takes no mail from here ({code})")),
        None if error.is_timeout() => Outcome::Unreachable("the mail server did not answer in time".into()),
        None if error.is_tls() => Outcome::Unreachable("no secure connection to the mail server".into()),
        None if error.is_client() => Outcome::Later("the mail cannot be handed over as it is".into()),
        None => Outcome::Unreachable("no connection to the mail server".into()),
    }
}

/// `<dir>/<last character>/<event id>.eml`; what an event brings instead of a ULID cannot leave the folder.
fn file(dir: &Path, event_id: &str) -> PathBuf {
    let name: String = event_id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    dir.join(name.get(name.len().saturating_sub(1)..).unwrap_or("-")).join(format!("{name}.eml"))
}

type Written = (PathBuf, Result<Vec<u8>, templates::Unsendable>);

/// Writes a batch away from the threads that serve calls. A file cut short by a crash is written again, since its mail
/// was not yet marked.
async fn write_all(mails: Vec<Written>) -> Vec<Outcome> {
    let work = move || mails.into_iter().map(|(path, mail)| written(&path, mail)).collect();
    tokio::task::spawn_blocking(work).await.unwrap_or_default()
}

fn written(path: &Path, mail: Result<Vec<u8>, templates::Unsendable>) -> Outcome {
    let mail = match mail {
        Ok(mail) => mail,
        Err(unsendable) => return Outcome::Refused(unsendable.to_string()),
    };
    let attempt = match fs::write(path, &mail) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, &mail))
        }
        other => other,
    };
    match attempt {
        Ok(()) => Outcome::Sent,
        Err(error) => Outcome::Unreachable(format!("the file cannot be written: {}", error.kind())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_event_and_stays_in_its_folder() {
        let dir = Path::new("mail");
        assert_eq!(file(dir, "01HFABC"), Path::new("mail/C/01HFABC.eml"));
        assert_eq!(file(dir, "../../etc"), Path::new("mail/c/------etc.eml"));
        assert_eq!(file(dir, ""), Path::new("mail/.eml"));
    }

    #[test]
    fn a_password_shows_neither_in_debug_output_nor_in_an_error() {
        let url = "smtp://ada:secret@mail.example:25:25".to_owned();
        let settings = Settings { transport: Some(Transport::Smtp { url }), ..Settings::default() };
        let error = Post::open(&settings, None).err().expect("two ports").to_string();
        assert!(!format!("{settings:?}{error}").contains("secret"));
    }

    #[test]
    fn a_sender_that_is_no_address_is_refused_at_start() {
        let settings = Settings { from: "nobody".into(), ..Settings::default() };
        assert!(matches!(Post::open(&settings, None), Err(PostError::From(_))));
    }
}
