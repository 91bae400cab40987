//! What a contract promises: how long each method may take, whether it may be repeated, when it is retried, who may
//! call it.
//!
//! The promises are options in the `.proto` files, so they travel with the contract: [`Contract::from_descriptors`]
//! reads them back from the encoded descriptors that a program embeds. Reading is strict (I11): whatever is unknown,
//! missing or contradictory is a [`ContractError`] that names the method, the option and the way out, and the program
//! does not start. This crate is a leaf, so that strangers can use it without our stubs; it knows nothing of transports.
//!
//! ```
//! use outrigger_policy::Contract;
//!
//! // An empty set promises nothing, and breaks nothing.
//! let contract = Contract::from_descriptors(&[]).expect("an empty set is a valid contract");
//! assert!(contract.method("/shop.v1.Shop/Buy").is_none());
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
