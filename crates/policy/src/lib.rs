//! What a contract promises.
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/outrigger.policy.v1.rs"));
}
