//! From what is written to what the services are started with.

use super::file::{File, SettingsError};
use crate::{duration, system::Config};
use std::time::Duration;

impl File {
    /// Puts the services' settings into `config`; where data lives and who listens is the command's to say.
    ///
    /// # Errors
    /// A value that cannot be used, by its key.
    pub fn apply(&self, config: &mut Config) -> Result<(), SettingsError> {
        if let Some(on_failure) = self.on_failure()? {
            config.orders.on_failure = on_failure;
        }
        if let Some(concurrency) = self.orders.concurrency {
            config.orders.concurrency = concurrency;
        }
        set(&mut config.inventory.hold_for, "inventory.hold_for", self.inventory.hold_for.as_deref())?;
        set(&mut config.shipping.dispatch_after, "shipping.dispatch_after", self.shipping.dispatch_after.as_deref())?;
        set(&mut config.shipping.deliver_after, "shipping.deliver_after", self.shipping.deliver_after.as_deref())?;
        if let Some(url) = &self.notifications.smtp {
            config.notifications.transport = Some(notifications::Transport::Smtp { url: url.clone() });
        }
        if let Some(from) = &self.notifications.from {
            config.notifications.from.clone_from(from);
        }
        Ok(())
    }

    fn on_failure(&self) -> Result<Option<orders::OnFailure>, SettingsError> {
        let orders = &self.orders;
        let policy = |key, text: &str| match text {
            "refund" => Ok(orders::Policy::Refund),
            "hold" => Ok(orders::Policy::Hold),
            _ => Err(SettingsError::Value { key, problem: format!("'{text}' is neither \"refund\" nor \"hold\"") }),
        };
        match orders.on_failure.as_deref() {
            Some("retry") => {}
            other => {
                if let Some(key) = orders
                    .retry_for
                    .as_ref()
                    .map(|_| "orders.retry_for")
                    .or(orders.then.as_ref().map(|_| "orders.then"))
                {
                    let problem = "says how to retry, but orders.on_failure is not \"retry\"".to_owned();
                    return Err(SettingsError::Value { key, problem });
                }
                return other.map(|text| policy("orders.on_failure", text).map(orders::OnFailure::Settled)).transpose();
            }
        }
        let retry_for = read("orders.retry_for", orders.retry_for.as_deref().unwrap_or("10m"))?;
        let then = policy("orders.then", orders.then.as_deref().unwrap_or("refund"))?;
        Ok(Some(orders::OnFailure::Retry { retry_for, then }))
    }
}

fn read(key: &'static str, text: &str) -> Result<Duration, SettingsError> {
    duration::parse(text).map_err(|problem| SettingsError::Value { key, problem })
}

fn set(to: &mut Duration, key: &'static str, text: Option<&str>) -> Result<(), SettingsError> {
    if let Some(text) = text {
        *to = read(key, text)?;
    }
    Ok(())
}
