//! The W3C trace context, version 00: `00-<trace>-<parent>-<flags>`.

use http::HeaderValue;
use std::{fmt, str::FromStr};

/// Which trace a piece of work belongs to, and which span caused it.
///
/// ```
/// use outrigger_telemetry::Traceparent;
///
/// let mut bits = 1..;
/// let root = Traceparent::root(true, || bits.next().expect("endless"));
/// let child = root.child(77);
/// assert_eq!(child.trace_id(), root.trace_id());
/// assert_eq!(child.to_string().parse(), Ok(child));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
}

/// Not a trace context of version 00 (or later, read as 00): it is dropped and a new trace begins, as the W3C asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

const SAMPLED: u8 = 1;
/// Bytes of a trace context in its text form.
const LENGTH: usize = 55;

impl Traceparent {
    /// The beginning of a trace. `bits` gives random bits; three draws are taken. `sampled`: spans of it are recorded.
    pub fn root(sampled: bool, mut bits: impl FnMut() -> u64) -> Self {
        let trace_id = (u128::from(bits()) << 64) | u128::from(bits());
        // All zeroes mean "none" in the format; chance may give them.
        Self { trace_id: trace_id.max(1), parent_id: bits().max(1), flags: if sampled { SAMPLED } else { 0 } }
    }

    /// The same trace, caused by the span `id`.
    pub fn child(self, id: u64) -> Self {
        Self { parent_id: id.max(1), ..self }
    }

    /// The same, its spans recorded or not.
    pub const fn flagged(self, sampled: bool) -> Self {
        let flags = if sampled { self.flags | SAMPLED } else { self.flags & !SAMPLED };
        Self { flags, ..self }
    }

    /// Its flags as they travel.
    pub const fn flags(self) -> u8 {
        self.flags
    }

    /// As a header's value.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.text()).expect("hexadecimal digits and dashes are valid in a header")
    }

    /// What a header says; none when that is no trace context.
    pub fn of(header: &HeaderValue) -> Option<Self> {
        header.to_str().ok()?.parse().ok()
    }

    fn text(self) -> [u8; LENGTH] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        digits(&mut text[3..35], self.trace_id);
        digits(&mut text[36..52], u128::from(self.parent_id));
        digits(&mut text[53..55], u128::from(self.flags));
        text
    }

    /// The trace.
    pub const fn trace_id(self) -> u128 {
        self.trace_id
    }

    /// The span that caused what carries this.
    pub const fn parent_id(self) -> u64 {
        self.parent_id
    }

    /// Whether the one who sent it records its spans.
    pub const fn sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }
}

impl FromStr for Traceparent {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        // A later version may go on after a dash; version ff is forbidden.
        let known = bytes.len() == LENGTH || (bytes.len() > LENGTH && bytes[LENGTH] == b'-' && !text.starts_with("00"));
        if !known || [2, 35, 52].iter().any(|dash| bytes[*dash] != b'-') {
            return Err(Malformed);
        }
        let version = hex(&bytes[..2])?;
        let trace_id = hex(&bytes[3..35])?;
        let parent_id = hex(&bytes[36..52])?;
        let flags = hex(&bytes[53..55])?;
        if version == 0xff || trace_id == 0 || parent_id == 0 {
            return Err(Malformed);
        }
        let low = |value: u128| u64::try_from(value).map_err(|_| Malformed);
        Ok(Self { trace_id, parent_id: low(parent_id)?, flags: u8::try_from(flags).map_err(|_| Malformed)? })
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

/// Writes a value in lower-case hexadecimal digits, from the last backwards.
fn digits(text: &mut [u8], mut value: u128) {
    for digit in text.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

/// Lower-case hexadecimal digits only, as the W3C asks.
fn hex(digits: &[u8]) -> Result<u128, Malformed> {
    digits.iter().try_fold(0, |value, digit| match digit {
        b'0'..=b'9' => Ok(value << 4 | u128::from(digit - b'0')),
        b'a'..=b'f' => Ok(value << 4 | u128::from(digit - b'a' + 10)),
        _ => Err(Malformed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_specification_is_read_and_written_back() {
        let context: Traceparent = EXAMPLE.parse().unwrap();
        assert_eq!(context.trace_id(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(context.parent_id(), 0x00f0_67aa_0ba9_02b7);
        assert!(context.sampled());
        assert_eq!(context.to_string(), EXAMPLE);
        assert_eq!(context.header(), EXAMPLE);
        assert_eq!(context.flagged(false).to_string(), EXAMPLE.replace("-01", "-00"));
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = format!("cc{}-what-the-future-adds", &EXAMPLE[2..]);
        assert!(later.parse::<Traceparent>().is_ok());
    }

    #[test]
    fn anything_else_is_malformed() {
        let long = format!("{EXAMPLE}-more");
        let zero_trace = EXAMPLE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let zero_parent = EXAMPLE.replace("00f067aa0ba902b7", &"0".repeat(16));
        let version = EXAMPLE.replacen("00", "ff", 1);
        let capitals = EXAMPLE.replace('b', "B");
        let signed = EXAMPLE.replace("00f067aa0ba902b7", "+0f067aa0ba902b7");
        let wide = "é".repeat(30);
        for text in ["", "00", &long, &zero_trace, &zero_parent, &version, &capitals, &signed, &wide, &EXAMPLE[..54]] {
            assert_eq!(text.parse::<Traceparent>(), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn chance_cannot_make_an_identifier_that_means_none() {
        let context = Traceparent::root(false, || 0);
        assert_eq!(context.to_string().parse(), Ok(context));
        assert!(!context.sampled());
    }
}
