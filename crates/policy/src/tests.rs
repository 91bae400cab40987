//! One test for each thing that can be wrong with a contract, and one for what is right.

use crate::{
    Codes, Contract, ContractError,
    descriptors::{File, Method, MethodOptions, Service, ServiceOptions, Set},
    v1,
};
use prost::Message;
use std::time::Duration;

/// A contract of one method, and what is said of it.
struct Written {
    policy: v1::MethodPolicy,
    idempotency_level: i32,
    client_streaming: bool,
    unknown: &'static [u8],
}

fn written() -> Written {
    let deadline = v1::DeadlinePolicy { default: "2s".into(), max: "10s".into(), unbounded: false };
    let retry = v1::RetryPolicy { attempts: 3, codes: vec!["UNAVAILABLE".into()], ..v1::RetryPolicy::default() };
    let policy = v1::MethodPolicy { deadline: Some(deadline), retry: Some(retry), callers: Vec::new() };
    Written { policy, idempotency_level: 2, client_streaming: false, unknown: &[] }
}

impl Written {
    fn deadline(mut self, change: impl FnOnce(&mut v1::DeadlinePolicy)) -> Self {
        change(self.policy.deadline.as_mut().unwrap());
        self
    }

    fn retry(mut self, change: impl FnOnce(&mut v1::RetryPolicy)) -> Self {
        change(self.policy.retry.as_mut().unwrap());
        self
    }

    fn read(self) -> Result<Contract, ContractError> {
        let service = v1::ServicePolicy { callers: vec!["orders".into()] };
        let policy = [&self.policy.encode_to_vec(), self.unknown].concat();
        let options = MethodOptions { idempotency_level: self.idempotency_level, policy: vec![policy] };
        let method = Method { name: "Buy".into(), options: Some(options), client_streaming: self.client_streaming };
        let service = Service {
            name: "Shop".into(),
            methods: vec![method],
            options: Some(ServiceOptions { policy: vec![service.encode_to_vec()] }),
        };
        let file = File { name: "shop/v1/shop.proto".into(), package: "shop.v1".into(), services: vec![service] };
        Contract::from_descriptors(&Set { files: vec![file] }.encode_to_vec())
    }

    /// The option that is refused, and what is said of it.
    fn refused(self) -> (String, String) {
        match self.read() {
            Err(ContractError::Option { file, method, option, problem, remedy }) => {
                assert_eq!((file.as_str(), method.as_str()), ("shop/v1/shop.proto", "shop.v1.Shop/Buy"));
                assert!(!remedy.is_empty());
                (option, problem)
            }
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[test]
fn what_is_written_is_what_holds() {
    let contract = written().read().unwrap();
    let policy = contract.method("/shop.v1.Shop/Buy").unwrap();
    assert_eq!(policy.deadline.default, Some(Duration::from_secs(2)));
    assert_eq!(policy.deadline.max, Some(Duration::from_secs(10)));
    assert!(policy.idempotent);
    let retry = policy.retry.unwrap();
    assert_eq!((retry.attempts, retry.codes.names()), (3, vec!["UNAVAILABLE"]));
    assert_eq!((retry.initial_backoff, retry.max_backoff), (Duration::from_millis(20), Duration::from_secs(1)));
    assert_eq!(policy.callers.iter().collect::<Vec<_>>(), ["orders"]);
    assert!(contract.has_service("shop.v1.Shop"));
    assert!(!contract.has_service("shop.v1.Other"));
}

#[test]
fn a_contract_in_a_file_is_read_whichever_way_its_options_are_written() {
    let mut compiler = protox::Compiler::new(["../../proto", "examples"]).unwrap();
    let embedded = compiler.include_imports(true).open_file("shop.proto").unwrap().encode_file_descriptor_set();
    let contract = Contract::from_descriptors(&embedded).unwrap();
    let callers = |path: &str| contract.method(path).unwrap().callers.iter().cloned().collect::<Vec<_>>();
    assert_eq!(callers("/shop.v1.Shop/Buy"), ["operator", "web"]);
    assert_eq!(callers("/shop.v1.Shop/Watch"), ["operator"]);
    assert!(contract.method("/shop.v1.Shop/Watch").unwrap().deadline.unbounded);
}

#[test]
fn i11_an_option_in_several_parts_is_read_whole() {
    let part = |policy: v1::MethodPolicy| policy.encode_to_vec();
    let Written { policy, .. } = written();
    let first = part(v1::MethodPolicy { retry: None, ..policy.clone() });
    let second = part(v1::MethodPolicy { deadline: None, ..policy });
    let options = MethodOptions { idempotency_level: 2, policy: vec![first, second] };
    let method = Method { name: "Buy".into(), options: Some(options), client_streaming: false };
    let service = Service { name: "Shop".into(), methods: vec![method], options: None };
    let file = File { name: "shop.proto".into(), package: "shop.v1".into(), services: vec![service] };
    let contract = Contract::from_descriptors(&Set { files: vec![file] }.encode_to_vec()).unwrap();
    let policy = contract.method("/shop.v1.Shop/Buy").unwrap();
    assert!(policy.retry.is_some() && policy.deadline.default.is_some());
}

#[test]
fn a_methods_own_callers_replace_the_services() {
    let mut own = written();
    own.policy.callers = vec!["operator".into()];
    let contract = own.read().unwrap();
    assert_eq!(contract.method("/shop.v1.Shop/Buy").unwrap().callers.iter().collect::<Vec<_>>(), ["operator"]);
}

#[test]
fn a_call_gets_what_it_asks_for_within_what_it_may_have() {
    let contract = written().read().unwrap();
    let deadline = contract.method("/shop.v1.Shop/Buy").unwrap().deadline;
    let seconds = Duration::from_secs;
    assert_eq!(deadline.grant(None), Some(seconds(2)));
    assert_eq!(deadline.grant(Some(seconds(5))), Some(seconds(5)));
    assert_eq!(deadline.grant(Some(seconds(60))), Some(seconds(10)));
}

#[test]
fn an_unbounded_method_may_run_for_ever() {
    let unbounded =
        written().deadline(|d| *d = v1::DeadlinePolicy { unbounded: true, ..v1::DeadlinePolicy::default() });
    let contract = unbounded.read().unwrap();
    assert_eq!(contract.method("/shop.v1.Shop/Buy").unwrap().deadline.grant(None), None);
}

#[test]
fn bytes_that_are_no_descriptors_are_refused() {
    assert!(matches!(Contract::from_descriptors(&[0xff; 9]), Err(ContractError::Descriptors(_))));
}

#[test]
fn an_error_names_file_method_option_problem_and_remedy() {
    let error = written().retry(|retry| retry.attempts = 9).read().unwrap_err().to_string();
    let expected = "shop/v1/shop.proto: shop.v1.Shop/Buy: retry.attempts: 9 attempts: 2 to 5, the first included";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn i10_a_retry_needs_an_idempotent_method() {
    let (option, problem) = Written { idempotency_level: 0, ..written() }.refused();
    assert_eq!(option, "retry");
    assert!(problem.contains("not idempotent"), "{problem}");
}

#[test]
fn a_retry_of_a_stream_of_requests_cannot_be_kept() {
    assert_eq!(Written { client_streaming: true, ..written() }.refused().0, "retry");
}

#[test]
fn an_unknown_level_of_idempotency_is_refused() {
    assert_eq!(Written { idempotency_level: 7, ..written() }.refused().0, "idempotency_level");
}

#[test]
fn i11_settings_that_the_program_does_not_know_are_refused() {
    // Field 15, a varint: an option of some later contract.
    assert_eq!(Written { unknown: &[0x78, 0x01], ..written() }.refused().0, "policy");
}

#[test]
fn i11_settings_that_cannot_be_decoded_are_refused() {
    assert_eq!(Written { unknown: &[0x0a, 0x7f], ..written() }.refused().0, "policy");
}

#[test]
fn a_method_must_say_a_deadline() {
    let mut silent = written();
    silent.policy.deadline = None;
    assert_eq!(silent.refused(), ("deadline".into(), "missing".into()));
}

#[test]
fn a_deadline_needs_a_default_and_a_most() {
    assert_eq!(written().deadline(|d| d.default.clear()).refused(), ("deadline.default".into(), "missing".into()));
    assert_eq!(written().deadline(|d| d.max.clear()).refused(), ("deadline.max".into(), "missing".into()));
}

#[test]
fn a_default_above_the_most_is_refused() {
    assert_eq!(written().deadline(|d| d.default = "11s".into()).refused().0, "deadline.default");
}

#[test]
fn an_unbounded_method_has_no_default() {
    assert_eq!(written().deadline(|d| d.unbounded = true).refused().0, "deadline.default");
}

#[test]
fn a_duration_without_sense_is_refused() {
    assert_eq!(written().deadline(|d| d.default = "soon".into()).refused().0, "deadline.default");
    assert_eq!(written().deadline(|d| d.max = "0s".into()).refused().0, "deadline.max");
    assert_eq!(written().retry(|r| r.initial_backoff = "1".into()).refused().0, "retry.initial_backoff");
    assert_eq!(written().retry(|r| r.max_backoff = "1.5s".into()).refused().0, "retry.max_backoff");
    assert_eq!(written().retry(|r| r.attempt_timeout = "-1s".into()).refused().0, "retry.attempt_timeout");
}

#[test]
fn attempts_are_two_to_five() {
    for attempts in [0, 1, 6] {
        assert_eq!(written().retry(|r| r.attempts = attempts).refused().0, "retry.attempts");
    }
}

#[test]
fn a_retry_names_codes_that_exist_and_are_failures() {
    for codes in [vec![], vec!["UNAVAILABEL".to_owned()], vec!["OK".to_owned()], vec!["14".to_owned()]] {
        assert_eq!(written().retry(|r| r.codes = codes).refused().0, "retry.codes");
    }
}

#[test]
fn a_first_wait_above_the_longest_is_refused() {
    let (option, _) = written().retry(|r| r.initial_backoff = "2s".into()).refused();
    assert_eq!(option, "retry.initial_backoff");
}

#[test]
fn an_attempt_longer_than_any_call_is_refused() {
    assert_eq!(written().retry(|r| r.attempt_timeout = "11s".into()).refused().0, "retry.attempt_timeout");
}

#[test]
fn a_caller_has_a_name() {
    let mut nameless = written();
    nameless.policy.callers = vec![String::new()];
    assert_eq!(nameless.refused().0, "callers");
}

#[test]
fn codes_are_numbers_with_names() {
    assert_eq!(Codes::number("UNAUTHENTICATED"), Some(16));
    assert_eq!(Codes::name(4), "DEADLINE_EXCEEDED");
    assert_eq!(Codes::name(99), "UNKNOWN");
    assert!(Codes::default().is_empty());
    assert!(!Codes::from_iter([99, -1]).contains(99));
}
