//! What can be wrong with a contract, each said so that its reader knows what to change.

/// A contract that cannot be kept. Found at start, before anything is served (I11).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// The bytes are not an encoded `FileDescriptorSet`.
    #[error("the embedded descriptors cannot be decoded ({0}): embed the bytes of `encode_file_descriptor_set()`")]
    Descriptors(String),
    /// An option is missing, unknown, malformed, or contradicts another.
    #[error("{file}: {method}: {option}: {problem}: {remedy}")]
    Option {
        /// The `.proto` file.
        file: String,
        /// The full name of the method or service, `package.Service/Method`.
        method: String,
        /// Which option, as a path: `deadline.max`.
        option: String,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
}
