//! How long calls take, and how they end.

use super::family::{Distributions, Handle, Labels, seconds};
use crate::names::labels;
use prometheus_client::metrics::histogram::Histogram;
use std::{sync::LazyLock, time::Duration};

/// How many codes gRPC has.
const CODES: usize = 17;

pub(super) static SERVER: LazyLock<Distributions> = LazyLock::new(|| Distributions::new_with_constructor(seconds));
pub(super) static CLIENT: LazyLock<Distributions> = LazyLock::new(|| Distributions::new_with_constructor(seconds));

/// Counts one method's calls on one side. Made once, with the method's stack.
#[derive(Debug)]
pub struct Calls {
    family: &'static Distributions,
    labels: Labels,
    by_code: [Handle<Histogram>; CODES],
}

impl Calls {
    /// As the callee sees them.
    pub fn server(method: &str) -> Self {
        Self::of(&SERVER, vec![(labels::SYSTEM, "grpc".into()), (labels::METHOD, method.into())])
    }

    /// As `caller` sees them.
    pub fn client(caller: &str, callee: &str, method: &str) -> Self {
        let labels = vec![
            (labels::SYSTEM, "grpc".into()),
            (labels::METHOD, method.into()),
            (labels::CALLER, caller.into()),
            (labels::CALLEE, callee.into()),
        ];
        Self::of(&CLIENT, labels)
    }

    fn of(family: &'static Distributions, labels: Labels) -> Self {
        Self { family, labels, by_code: Default::default() }
    }

    /// A call ended with a code, by its number and its name.
    pub fn ended(&self, code: i32, name: &'static str, took: Duration) {
        let Some(handle) = usize::try_from(code).ok().and_then(|code| self.by_code.get(code)) else { return };
        let labelled = || {
            let mut all = self.labels.clone();
            all.push((labels::STATUS, name.to_owned()));
            self.family.get_or_create_owned(&all)
        };
        handle.get(labelled).observe(took.as_secs_f64());
    }
}
