//! The real contract: read without an error, and not by accident empty.

use policy::Contract;
use std::time::Duration;

#[test]
fn the_policies_of_the_real_contract_survive_their_compilation() {
    let contract = Contract::from_descriptors(api::DESCRIPTORS).unwrap();
    let charge = contract.method("/outrigger.payment.v1.PaymentService/Charge").unwrap();
    assert!(charge.idempotent);
    assert_eq!(charge.deadline.default, Some(Duration::from_secs(5)));
    assert_eq!(charge.retry.map(|retry| retry.attempts), Some(3));
    assert!(charge.callers.contains("orders") && !charge.callers.contains("edge"));
}

#[test]
fn every_service_of_the_real_contract_has_callers() {
    let contract = Contract::from_descriptors(api::DESCRIPTORS).unwrap();
    let nobodys: Vec<&str> =
        contract.methods().filter(|(_, policy)| policy.callers.is_empty()).map(|(path, _)| path).collect();
    assert!(nobodys.is_empty(), "{nobodys:?}");
    assert!(contract.methods().count() > 20);
}
