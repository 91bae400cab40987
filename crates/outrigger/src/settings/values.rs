//! How a text becomes a value, alike for flags, variables and the file. Each refusal says what is expected.

use crate::duration;
use std::{net::IpAddr, time::Duration};

/// A port; 0 takes a free one.
pub fn port(text: &str) -> Result<u16, String> {
    if text.contains("://") {
        return Err(format!(
            "'{text}' is no port but what Kubernetes sets for a Service of this name: put `enableServiceLinks: false` into \
             the pod's spec, or give the port as a flag"
        ));
    }
    text.parse().map_err(|_| format!("'{text}' is no port; give a number from 0 to 65535, where 0 takes a free one"))
}

/// An address to listen on.
pub fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| {
        format!("'{text}' is no address; give one of this machine's, e.g. 127.0.0.1, or 0.0.0.0 for all of them")
    })
}

/// A time; none is a time as well.
pub fn time(text: &str) -> Result<Duration, String> {
    duration::parse(text)
}

/// A time that is longer than none.
pub fn some_time(text: &str) -> Result<Duration, String> {
    let time = duration::parse(text)?;
    if time.is_zero() { Err(format!("'{text}' is no time at all; give a longer one, e.g. 10s")) } else { Ok(time) }
}

/// How many.
pub fn count(text: &str) -> Result<u32, String> {
    let wrong = || format!("'{text}' is not how many; give a number from 1 to 10000");
    text.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(wrong)
}

/// What a customer's order does when a step cannot go on.
pub fn policy(text: &str) -> Result<orders::Policy, String> {
    match text {
        "refund" => Ok(orders::Policy::Refund),
        "hold" => Ok(orders::Policy::Hold),
        _ => Err(format!("'{text}' is neither refund nor hold")),
    }
}

/// A mail server. What is wrong is not repeated: it may hold a password.
pub fn mail_server(text: &str) -> Result<String, String> {
    if text.starts_with("smtp://") || text.starts_with("smtps://") {
        return Ok(text.to_owned());
    }
    Err("is no mail server; give it as smtp://user:password@host:25".to_owned())
}

/// Any text.
pub fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_takes_for_a_port_is_told_for_what_it_is() {
        assert_eq!(port("0"), Ok(0));
        assert!(port("65536").is_err() && port("").is_err() && port("-1").is_err());
        assert!(port("tcp://10.0.0.1:50051").unwrap_err().contains("enableServiceLinks"));
    }

    #[test]
    fn a_bound_of_nothing_is_refused() {
        assert!(some_time("0s").is_err() && time("0s").is_ok());
        assert!(count("0").is_err() && count("many").is_err());
        assert_eq!(count("64"), Ok(64));
    }

    #[test]
    fn a_mail_servers_address_is_not_repeated() {
        assert!(!mail_server("user:secret@host").unwrap_err().contains("secret"));
    }
}
