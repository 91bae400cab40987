//! The whole contract of a program: every method's policy, and the descriptors it was read from.

use crate::{
    ContractError, MethodPolicy,
    descriptors::{File, Set},
    method::Place,
    v1,
};
use prost::Message;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Every method's policy. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Contract(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    methods: HashMap<String, MethodPolicy>,
    services: HashSet<String>,
    descriptors: Vec<u8>,
}

impl Contract {
    /// Reads the policies out of an encoded `FileDescriptorSet` whose custom options were kept
    /// (`protox::Compiler::encode_file_descriptor_set`).
    ///
    /// **Errors.** [`ContractError::Descriptors`] when the bytes are no such set; else [`ContractError::Option`] for the first
    /// option that cannot be kept, with the file, the method and the option. A program should not start on either.
    ///
    /// ```
    /// use outrigger_policy::Contract;
    ///
    /// // An empty set promises nothing, and breaks nothing.
    /// let contract = Contract::from_descriptors(&[])?;
    /// assert!(contract.method("/shop.v1.Shop/Buy").is_none());
    /// assert!(Contract::from_descriptors(b"something else").is_err());
    /// # Ok::<(), outrigger_policy::ContractError>(())
    /// ```
    pub fn from_descriptors(encoded: &[u8]) -> Result<Self, ContractError> {
        let set = Set::decode(encoded).map_err(|error| ContractError::Descriptors(error.to_string()))?;
        let mut inner = Inner { descriptors: encoded.to_vec(), ..Inner::default() };
        for file in &set.files {
            inner.read(file)?;
        }
        Ok(Self(Arc::new(inner)))
    }

    /// The policy of one method, by its path on the wire: `/package.Service/Method`.
    pub fn method(&self, path: &str) -> Option<&MethodPolicy> {
        self.0.methods.get(path)
    }

    /// Every method's path and policy, in no particular order.
    pub fn methods(&self) -> impl Iterator<Item = (&str, &MethodPolicy)> {
        self.0.methods.iter().map(|(path, policy)| (path.as_str(), policy))
    }

    /// Whether the contract has this service, by its full name: `package.Service`.
    pub fn has_service(&self, name: &str) -> bool {
        self.0.services.contains(name)
    }

    /// The encoded descriptors that this was read from: what reflection serves.
    pub fn descriptors(&self) -> &[u8] {
        &self.0.descriptors
    }
}

impl Inner {
    fn read(&mut self, file: &File) -> Result<(), ContractError> {
        for service in &file.services {
            let name = format!("{}.{}", file.package, service.name);
            let place = Place { file: &file.name, method: &name };
            let options = service.options.clone().unwrap_or_default();
            let policy: v1::ServicePolicy = place.decode(&options.policy.concat())?;
            for method in &service.methods {
                let full = format!("{name}/{}", method.name);
                let place = Place { file: &file.name, method: &full };
                self.methods.insert(format!("/{full}"), MethodPolicy::read(&place, method, &policy)?);
            }
            self.services.insert(name);
        }
        Ok(())
    }
}
