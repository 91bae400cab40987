//! Sets of gRPC status codes, by the names that the specification gives them.

/// The names, each at the place of its number.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A set of status codes.
///
/// ```
/// use outrigger_policy::Codes;
///
/// let codes: Codes = [Codes::number("UNAVAILABLE").expect("a code of the specification")].into_iter().collect();
/// assert!(codes.contains(14));
/// assert!(!codes.contains(13));
/// assert_eq!(codes.names(), ["UNAVAILABLE"]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes(u32);

impl Codes {
    /// The number of the code called `name` ("UNAVAILABLE"); none when the specification has no such code.
    pub fn number(name: &str) -> Option<i32> {
        NAMES.iter().position(|known| *known == name).and_then(|at| i32::try_from(at).ok())
    }

    /// The name of a code, "UNKNOWN" for a number that the specification does not have, as it says one must read it.
    pub fn name(number: i32) -> &'static str {
        usize::try_from(number).ok().and_then(|at| NAMES.get(at)).copied().unwrap_or("UNKNOWN")
    }

    /// Whether the code with this number is in the set.
    pub const fn contains(self, number: i32) -> bool {
        number >= 0 && number < 32 && self.0 & (1 << number) != 0
    }

    /// No code at all.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the codes in the set, by number.
    pub fn names(self) -> Vec<&'static str> {
        (0..).zip(NAMES).filter(|(number, _)| self.contains(*number)).map(|(_, name)| name).collect()
    }
}

/// Numbers outside the specification are left out.
impl FromIterator<i32> for Codes {
    fn from_iter<I: IntoIterator<Item = i32>>(numbers: I) -> Self {
        Self(numbers.into_iter().filter(|n| (0..17).contains(n)).fold(0, |set, n| set | 1 << n))
    }
}
