//! Causes that the rules themselves know; every other is a callee's own word.

/// The cause of an order that its customer cancelled.
pub const CANCELLED_BY_CUSTOMER: &str = "CANCELLED_BY_CUSTOMER";
/// The cause of an order whose payment was refused.
pub const PAYMENT_DECLINED: &str = "PAYMENT_DECLINED";
/// The output of an undone payment that had taken money.
pub const TAKEN: &str = "taken";
/// The cause of an order for want of stock.
pub const OUT_OF_STOCK: &str = "OUT_OF_STOCK";
