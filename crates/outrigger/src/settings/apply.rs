//! From what is written to what the services are started with.

use super::{Settings, SettingsError, values};
use crate::system::Config;

const RETRY: &str = "retry";

impl Settings {
    /// Puts the services' settings into `config`; where data lives and who listens is the command's to say.
    ///
    /// # Errors
    /// A value that cannot be used, with its key and origin.
    pub fn apply(&self, config: &mut Config) -> Result<(), SettingsError> {
        if let Some(on_failure) = self.on_failure()? {
            config.orders.on_failure = on_failure;
        }
        let count = |key| self.get(key, values::count);
        set(&mut config.orders.concurrency, count("orders.concurrency")?.map(|said| said.map(|many| many as usize)));
        set(&mut config.database.connections, count("database.connections")?);
        set(&mut config.database.statement_timeout, self.get("database.statement_timeout", values::some_time)?);
        set(&mut config.inventory.hold_for, self.get("inventory.hold_for", values::some_time)?);
        set(&mut config.shipping.dispatch_after, self.get("shipping.dispatch_after", values::time)?);
        set(&mut config.shipping.deliver_after, self.get("shipping.deliver_after", values::time)?);
        if let Some(server) = self.get("notifications.smtp", values::mail_server)? {
            config.notifications.transport = Some(notifications::Transport::Smtp { url: server.value });
        }
        set(&mut config.notifications.from, self.get("notifications.from", values::text)?);
        Ok(())
    }

    fn on_failure(&self) -> Result<Option<orders::OnFailure>, SettingsError> {
        let answer = self.get("orders.on_failure", |text| match text {
            RETRY => Ok(None),
            text => values::policy(text).map(Some).map_err(|problem| format!("{problem}, nor {RETRY}")),
        })?;
        let retry_for = self.get("orders.retry_for", values::some_time)?;
        let then = self.get("orders.then", values::policy)?;
        if answer.as_ref().is_none_or(|said| said.value.is_some()) {
            let told = |key, origin| SettingsError::Value {
                key,
                origin,
                problem: format!("says how to retry, but orders.on_failure is not {RETRY}; set it, or take this away"),
            };
            let retries = retry_for.map(|said| told("orders.retry_for", said.origin));
            if let Some(error) = retries.or_else(|| then.map(|said| told("orders.then", said.origin))) {
                return Err(error);
            }
            return Ok(answer.and_then(|said| said.value).map(orders::OnFailure::Settled));
        }
        let retry_for = retry_for.map_or(RETRY_FOR, |said| said.value);
        Ok(Some(orders::OnFailure::Retry { retry_for, then: then.map_or(orders::Policy::Refund, |said| said.value) }))
    }
}

const RETRY_FOR: std::time::Duration = std::time::Duration::from_secs(600);

fn set<T>(to: &mut T, said: Option<super::Sourced<T>>) {
    if let Some(said) = said {
        *to = said.value;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{known, tests::settings},
        *,
    };
    use crate::system::Where;
    use ambient::{Ambient, Timestamp};
    use fabric::Placement;
    use std::{fmt::Debug, time::Duration};

    fn usual() -> Config {
        Config::new(Ambient::seeded(1, Timestamp::from_millis(0)), Where::Memory, Placement::InProcess)
    }

    fn documented<T: Debug + PartialEq>(key: &str, read: impl Fn(&str) -> Result<T, String>, held: T) {
        assert_eq!(read(known::setting(key).unwrap().usual).unwrap(), held, "{key}");
    }

    #[test]
    fn what_the_documents_call_usual_is_what_holds_when_nothing_is_said() {
        let mut config = usual();
        settings("", &[]).unwrap().apply(&mut config).unwrap();
        documented("orders.concurrency", values::count, u32::try_from(config.orders.concurrency).unwrap());
        documented("database.connections", values::count, config.database.connections);
        documented("database.statement_timeout", values::time, config.database.statement_timeout);
        documented("inventory.hold_for", values::time, config.inventory.hold_for);
        documented("shipping.dispatch_after", values::time, config.shipping.dispatch_after);
        documented("shipping.deliver_after", values::time, config.shipping.deliver_after);
        documented("notifications.from", values::text, config.notifications.from);
        documented("orders.retry_for", values::time, RETRY_FOR);
        documented("grace", values::time, config.grace);
        assert_eq!(config.orders.on_failure, orders::OnFailure::Settled(orders::Policy::Refund));
    }

    #[test]
    fn how_to_retry_is_said_only_with_retry() {
        let mut config = usual();
        let set = settings("[orders]\non_failure = \"retry\"\nretry_for = \"2m\"\nthen = \"hold\"\n", &[]).unwrap();
        set.apply(&mut config).unwrap();
        let retry = orders::OnFailure::Retry { retry_for: Duration::from_secs(120), then: orders::Policy::Hold };
        assert_eq!(config.orders.on_failure, retry);
        let set = settings("[orders]\nretry_for = \"2m\"\n", &[("OUTRIGGER_ORDERS_ON_FAILURE", "hold")]).unwrap();
        let told = set.apply(&mut config).unwrap_err().to_string();
        assert!(told.starts_with("orders.retry_for (") && told.contains("line 2): says how to retry"), "{told}");
        let set = settings("", &[("OUTRIGGER_ORDERS_ON_FAILURE", "panic")]).unwrap();
        let told = set.apply(&mut config).unwrap_err().to_string();
        assert!(
            told.ends_with("(variable OUTRIGGER_ORDERS_ON_FAILURE): 'panic' is neither refund nor hold, nor retry"),
            "{told}"
        );
    }
}
