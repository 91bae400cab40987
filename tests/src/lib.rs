//! The world that stories are told in: the whole system, on either placement, with the customer's and the operator's
//! view of it. A story is written once and runs on every placement ([`story!`]).

mod basket;
mod power;
mod wires;
mod world;

pub use fabric::Placement;

pub use basket::{Basket, PRICE, basket, pence};
pub use power::power_fails;
pub use wires::{Attempt, Delivery, Wires};
pub use world::{Settled, World, reason, refused};

/// A story, told in one process under paused time and again over TCP in real time; `settings |config| { … }` before it
/// changes what the system is started with.
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

            async fn world(placement: $crate::Placement) -> World {
                World::with(placement, |$config| $settings).await
            }

            #[tokio::test(start_paused = true)]
            async fn in_process() {
                tell(world($crate::Placement::InProcess).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_tcp() {
                tell(world($crate::Placement::Tcp).await).await;
            }
        }
    };
}
