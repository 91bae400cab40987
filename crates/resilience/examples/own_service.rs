//! A tonic service of your own, called through the layers: no contract, no mesh, nothing else of Outrigger's.
//!
//! `cargo run -p outrigger-resilience --example own_service`
//!
//! The service here is gRPC's standard health check, so that the example needs no `.proto`; put your generated client in its
//! place. It is down at first and comes up after a while: the client neither knows nor waits for that, the layers do.

use ambient::Ambient;
use outrigger_resilience::{
    Breaker, BreakerLayer, BreakerPolicy, BudgetPolicy, Deadline, Event, Next, Observer, Request, RetryBudget,
    RetryLayer, SharedBreaker, TimedLayer, within,
};
use policy::{Codes, RetryPolicy};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// What happens to calls. Log it, count it: here it is printed.
struct Printed;

impl Observer for Printed {
    fn on(&self, event: Event) {
        println!("  {event:?}");
    }
}

/// When a failed attempt of an idempotent method is made again. Read it from your contract with `outrigger_policy`, or say
/// it here.
fn retries() -> RetryPolicy {
    RetryPolicy {
        attempts: 5,
        codes: [Code::Unavailable as i32].into_iter().collect::<Codes>(),
        initial_backoff: Duration::from_millis(200),
        max_backoff: Duration::from_secs(1),
        attempt_timeout: Some(Duration::from_millis(500)),
    }
}

/// The stack around a channel, outermost first. Build it once per callee and clone it: budget and breaker are shared by all
/// calls that pass. A method that must not be repeated gets a stack without the retry.
fn stack(channel: Channel) -> impl Next {
    let observer: Arc<dyn Observer> = Arc::new(Printed);
    let ambient = Ambient::system();
    let budget = Arc::new(RetryBudget::new(BudgetPolicy::default(), Instant::now()));
    let breaker = SharedBreaker::new(Breaker::new(BreakerPolicy::default(), ambient.dice().bits()));
    let attempts = ServiceBuilder::new()
        // Around all that belongs to one attempt.
        .layer(RetryLayer::new(retries(), budget, ambient, Arc::clone(&observer)))
        // One attempt that hangs must leave time for the next.
        .layer(TimedLayer::new(retries().attempt_timeout, Arc::clone(&observer)))
        // Next to the way: every attempt is judged.
        .layer(BreakerLayer::new(breaker, observer))
        // The layers speak of statuses; a channel's error becomes one, UNAVAILABLE when nobody is there.
        .service(channel.map_err(|error: tonic::transport::Error| Status::from_error(error.into())));
    // Outermost: two seconds for the whole call, waits and answer included.
    service_fn(move |mut request: Request| {
        let deadline = Deadline::after(Instant::now(), Duration::from_secs(2));
        request.extensions_mut().insert(deadline);
        within(Some(deadline), attempts.clone().oneshot(request))
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A port that nobody listens on yet.
    let address = TcpIncoming::bind("127.0.0.1:0".parse()?)?.local_addr()?;
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (_, health) = tonic_health::server::health_reporter();
        Server::builder().add_service(health).serve(address).await
    });

    let channel = Endpoint::from_shared(format!("http://{address}"))?.connect_lazy();
    let mut client = HealthClient::new(stack(channel));
    println!("calling a service that is not up yet");
    let answer = client.check(HealthCheckRequest::default()).await?;
    println!("answered: {:?}", answer.into_inner().status());
    Ok(())
}
