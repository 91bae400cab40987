//! What a contract promises: how long each method may take, whether it may be repeated, when it is retried, who may
//! call it.
//!
//! The promises are options in the `.proto` files, so they travel with the contract: [`Contract::from_descriptors`]
//! reads them back from the encoded descriptors that a program embeds. Reading is strict (I11): whatever is unknown,
//! missing or contradictory is a [`ContractError`] that names the method, the option and the way out, and the program
//! does not start. This crate is a leaf, so that strangers can use it without our stubs; it knows nothing of transports.
//!
//! # Writing a policy
//!
//! Import `outrigger/policy/v1/policy.proto`, and say beside each method what holds for it:
//!
//! ```proto
//! rpc Buy(BuyRequest) returns (BuyResponse) {
//!   option idempotency_level = IDEMPOTENT;
//!   option (outrigger.policy.v1.method) = {
//!     deadline: {default: "2s" max: "10s"}
//!     retry: {attempts: 3 codes: "UNAVAILABLE" attempt_timeout: "500ms"}
//!   };
//! }
//! ```
//!
//! | option | unit | when left out |
//! |---|---|---|
//! | `idempotency_level` | `IDEMPOTENT`, `NO_SIDE_EFFECTS` | not idempotent: never repeated (I10) |
//! | `deadline.default`, `.max` | a whole number and `ms`, `s`, `m` or `h` | refused, unless `unbounded: true` |
//! | `retry` | | no attempt but the first |
//! | `retry.attempts` | attempts, the first included: 2 to 5 | refused |
//! | `retry.codes` | names of gRPC status codes | refused |
//! | `retry.initial_backoff`, `.max_backoff` | duration | 20 ms, 1 s |
//! | `retry.attempt_timeout` | duration | an attempt may take what the call has left |
//! | `callers` | names of services, `operator`, `edge` | the service's list; when that is empty too, nobody may call |
//!
//! # Reading it back
//!
//! Embed the descriptors with their custom options kept. In a build script that is protox's `encode_file_descriptor_set`;
//! its decoded sibling `file_descriptor_set`, which code generators take, drops the options without a word.
//!
//! ```
//! use outrigger_policy::Contract;
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut compiler = protox::Compiler::new(["../../proto", "examples"])?;
//! let embedded = compiler.include_imports(true).open_file("shop.proto")?.encode_file_descriptor_set();
//!
//! let contract = Contract::from_descriptors(&embedded)?;
//! let buy = contract.method("/shop.v1.Shop/Buy").expect("it is in the contract");
//! assert_eq!(buy.deadline.grant(None), Some(Duration::from_secs(2)));
//! assert_eq!(buy.retry.map(|retry| retry.attempts), Some(3));
//! # Ok(()) }
//! ```

mod codes;
mod contract;
mod descriptors;
mod durations;
mod error;
mod method;
#[cfg(test)]
mod tests;

/// The option types, generated from `proto/outrigger/policy/v1/policy.proto`.
#[allow(clippy::all)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/outrigger.policy.v1.rs"));
}

pub use codes::Codes;
pub use contract::Contract;
pub use error::ContractError;
pub use method::{DeadlinePolicy, MethodPolicy, RetryPolicy};
