//! Stories that are functions of the place where their data is kept.

/// Tells stories on both engines. `$place::memory()` makes a place in memory, where time is paused;
/// `$place::postgres(story).await` one on PostgreSQL, where it is real, or none where there is no server, which is said.
///
/// ```ignore
/// servers::on_both_engines! { Place: what_is_paid_is_in_the_ledger, a_refund_is_made_once }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($place:ty: $($story:ident),+ $(,)?) => {
        mod in_memory {
            use super::*;

            $(#[tokio::test(start_paused = true)]
            async fn $story() {
                super::$story(<$place>::memory()).await;
            })+
        }

        mod on_postgres {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                if let Some(place) = <$place>::postgres(stringify!($story)).await {
                    super::$story(place).await;
                }
            })+
        }
    };
}
