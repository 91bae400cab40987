//! The part of a `FileDescriptorSet` that policies need, as our own mirror of it.
//!
//! An extension is an ordinary field on the wire, so a mirror that declares its number reads it without any reflection.
//! The option fields are kept as bytes here: decoding them to their type drops what the type does not know, and the
//! reader has to notice that. Decoding the set with `prost_types` would lose them altogether. An option that was written
//! field by field may stand there in several parts; put one behind the other, they are the whole.

#[derive(Clone, PartialEq, prost::Message)]
pub struct Set {
    #[prost(message, repeated, tag = "1")]
    pub files: Vec<File>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct File {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub package: String,
    #[prost(message, repeated, tag = "6")]
    pub services: Vec<Service>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Service {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, repeated, tag = "2")]
    pub methods: Vec<Method>,
    #[prost(message, optional, tag = "3")]
    pub options: Option<ServiceOptions>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ServiceOptions {
    /// `outrigger.policy.v1.ServicePolicy`, still encoded; in parts, see above.
    #[prost(bytes = "vec", repeated, tag = "50001")]
    pub policy: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Method {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "4")]
    pub options: Option<MethodOptions>,
    #[prost(bool, tag = "5")]
    pub client_streaming: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct MethodOptions {
    /// The standard option `idempotency_level`.
    #[prost(int32, tag = "34")]
    pub idempotency_level: i32,
    /// `outrigger.policy.v1.MethodPolicy`, still encoded; in parts, see above.
    #[prost(bytes = "vec", repeated, tag = "50001")]
    pub policy: Vec<Vec<u8>>,
}
