//! Why a system does not start, and whether it is worth another try.

use fabric::HostError;
use std::{io, net::SocketAddr};
use store::{OpenError, StoreError};

/// Why the system did not start. What had started was stopped again.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Host(#[from] HostError),
    /// The page's port cannot be opened.
    #[error("the page cannot be served on {address}: {source}; choose another address or port")]
    Page { address: SocketAddr, source: io::Error },
    /// The metrics' port cannot be opened.
    #[error("metrics: {0}")]
    Metrics(#[source] HostError),
    #[error("orders: {0}")]
    Orders(#[from] orders::StartError),
    #[error("payments: {0}")]
    Payments(#[from] payments::StartError),
    #[error("inventory: {0}")]
    Inventory(#[from] inventory::StartError),
    #[error("shipping: {0}")]
    Shipping(#[from] shipping::StartError),
    #[error("notifications: {0}")]
    Notifications(#[from] notifications::StartError),
    #[error("dashboard: {0}")]
    Dashboard(#[from] dashboard::StartError),
}

impl StartError {
    /// The place for data is out of reach for a while; the same start may succeed later, with nothing changed here.
    pub fn is_temporary(&self) -> bool {
        self.open().is_some_and(OpenError::is_temporary) || self.store().is_some_and(is_absence)
    }

    /// What is wrong with the place for data, whoever found it.
    pub fn open(&self) -> Option<&OpenError> {
        match self {
            Self::Open(error)
            | Self::Orders(orders::StartError::Open(error))
            | Self::Payments(payments::StartError::Open(error))
            | Self::Inventory(inventory::StartError::Open(error))
            | Self::Shipping(shipping::StartError::Open(error))
            | Self::Notifications(notifications::StartError::Open(error))
            | Self::Dashboard(dashboard::StartError::Open(error)) => Some(error),
            _ => None,
        }
    }

    /// What is waited for when the error is temporary, and why.
    pub fn absence(&self) -> (String, String) {
        match self.open() {
            Some(OpenError::Unreachable { place, reason }) => (place.clone(), reason.clone()),
            _ => ("its place".to_owned(), self.to_string()),
        }
    }

    fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Orders(orders::StartError::Store(error))
            | Self::Inventory(inventory::StartError::Store(error))
            | Self::Notifications(notifications::StartError::Subscribe(error))
            | Self::Dashboard(dashboard::StartError::Subscribe(error)) => Some(error),
            _ => None,
        }
    }
}

fn is_absence(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_))
}
