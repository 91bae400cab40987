//! Whether a trace is recorded. Asked before any span is built, so that what is not recorded costs nothing.

use crate::Traceparent;

/// The samplers of `OTEL_TRACES_SAMPLER`. All are functions of the trace alone: every hop of a trace decides alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    root: Root,
    /// The parent's flag decides where there is a parent.
    by_parent: bool,
}

/// What decides where there is no parent.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Root {
    On,
    Off,
    /// Trace identifiers whose lower half, halved, is below this.
    Below(u64),
}

impl Sampler {
    /// By the name it has in `OTEL_TRACES_SAMPLER`; none for names that are not known. `ratio` is 0 to 1, and used by those
    /// that have one.
    pub fn named(name: &str, ratio: f64) -> Option<Self> {
        let (by_parent, root) = match name.strip_prefix("parentbased_") {
            Some(root) => (true, root),
            None => (false, name),
        };
        let root = match root {
            "always_on" => Root::On,
            "always_off" => Root::Off,
            "traceidratio" => Root::below(ratio),
            _ => return None,
        };
        Some(Self { root, by_parent })
    }

    /// Whether this trace is recorded here.
    pub fn samples(self, parent: Option<Traceparent>, trace_id: u128) -> bool {
        match (parent, self.root) {
            (Some(parent), _) if self.by_parent => parent.sampled(),
            (_, Root::On) => true,
            (_, Root::Off) => false,
            (_, Root::Below(bound)) => low_half(trace_id) >> 1 < bound,
        }
    }
}

impl Root {
    fn below(ratio: f64) -> Self {
        // The bound that all of OpenTelemetry's SDKs use: 63 bits, so that the same trace is chosen everywhere.
        if ratio >= 1.0 { Self::On } else { Self::Below((ratio.max(0.0) * (1u64 << 63) as f64) as u64) }
    }
}

fn low_half(trace_id: u128) -> u64 {
    (trace_id & u128::from(u64::MAX)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(sampled: bool) -> Option<Traceparent> {
        Some(Traceparent::root(sampled, || 7))
    }

    #[test]
    fn the_parent_decides_whatever_the_rate() {
        for (name, ratio) in [("parentbased_always_on", 1.0), ("parentbased_traceidratio", 0.0)] {
            let sampler = Sampler::named(name, ratio).unwrap();
            assert!(sampler.samples(parent(true), 1));
            assert!(!sampler.samples(parent(false), 1));
        }
    }

    #[test]
    fn a_root_is_sampled_by_its_trace_alone() {
        let sampler = Sampler::named("parentbased_traceidratio", 0.25).unwrap();
        let mut dice = ambient::Dice::new(7);
        let ids: Vec<u128> = (0..10_000).map(|_| u128::from(dice_bits(&mut dice))).collect();
        let sampled = ids.iter().filter(|id| sampler.samples(None, **id)).count();
        assert!((2_300..2_700).contains(&sampled), "{sampled} of 10,000");
        assert!(ids.iter().all(|id| sampler.samples(None, *id) == sampler.samples(None, *id)));
    }

    fn dice_bits(dice: &mut ambient::Dice) -> u64 {
        dice.bits()
    }

    #[test]
    fn samplers_that_ask_no_parent_decide_alone() {
        assert!(Sampler::named("always_on", 1.0).unwrap().samples(parent(false), 1));
        assert!(!Sampler::named("always_off", 1.0).unwrap().samples(parent(true), 1));
        assert!(Sampler::named("traceidratio", 1.0).unwrap().samples(parent(false), u128::MAX));
        assert!(!Sampler::named("traceidratio", 0.0).unwrap().samples(parent(true), 0));
    }

    #[test]
    fn others_are_not_known() {
        assert_eq!(Sampler::named("jaeger_remote", 1.0), None);
        assert_eq!(Sampler::named("parentbased_", 1.0), None);
    }
}
