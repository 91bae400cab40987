//! The world that stories are told in: the whole system, on either placement and either engine, with the customer's and
//! the operator's view of it. A story is written once and told in every way ([`Telling`], [`story!`]).

mod basket;
mod ground;
mod power;
mod telling;
mod wires;
mod world;

pub use basket::{Basket, PRICE, basket, pence};
pub use ground::Ground;
pub use power::power_fails;
pub use telling::Telling;
pub use wires::{Attempt, Delivery, Wires};
pub use world::{Settled, World, reason, refused};

/// A story, told in one process under paused time, again over TCP in real time, and again on PostgreSQL;
/// `settings |config| { … }` before it changes what the system is started with.
#[macro_export]
macro_rules! story {
    ($(#[doc = $doc:expr])* async fn $($story:tt)+) => {
        $crate::story! { settings |_config| {} $(#[doc = $doc])* async fn $($story)+ }
    };
    (
        settings |$config:ident| $settings:block
        $(#[doc = $doc:expr])* async fn $name:ident($($world:ident)+: World) $story:block
    ) => {
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn tell($($world)+: World) $story

            async fn told(telling: $crate::Telling) {
                if let Some(world) = World::told(telling, |$config| $settings).await {
                    tell(world).await;
                }
            }

            #[tokio::test(start_paused = true)]
            async fn in_process() {
                told($crate::Telling::InProcess).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_tcp() {
                told($crate::Telling::OverTcp).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                told($crate::Telling::OnPostgres).await;
            }
        }
    };
}
