//! Storms: some hundred orders from seeded dice, while customers change their minds, the warehouse counts, a person
//! answers at random, the gateway has its moods and every wire loses, doubles and delays. Whatever happened, everything
//! adds up when it is over.
//!
//! A storm is its seed, which is printed when it fails. `OUTRIGGER_STORMS=500` has so many of them; `OUTRIGGER_STORMS=17..18`
//! has that one.

mod after;
mod books;
mod luck;
mod plan;
mod storm;

use ambient::{Ambient, Timestamp};
use luck::{Luck, Weather};
use outrigger::system::Config;
use outrigger_tests::{Ground, Telling, World, power_fails};
use std::{ops::Range, time::Duration};
use storm::Storm;
use tokio::runtime::Runtime;

/// The seeds to be told: so many as a story has time for, unless more are asked for.
fn seeds(usual: u64) -> Range<u64> {
    let Ok(asked) = std::env::var("OUTRIGGER_STORMS") else { return 1..usual + 1 };
    let number = |text: &str| text.parse().expect("OUTRIGGER_STORMS is a number of storms, or FIRST..END");
    match asked.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => 1..number(&asked) + 1,
    }
}

/// Orders of one storm: more when there is time for more.
fn orders(usual: usize) -> usize {
    if std::env::var("OUTRIGGER_STORMS").is_ok() { 150 } else { usual }
}

/// Says which storm it was.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            eprintln!("this was the storm of seed {seed}: OUTRIGGER_STORMS={seed}..{} tells it again", seed + 1);
        }
    }
}

/// Faults and patience by the dice: some shops hold goods briefly, some ask a person early.
fn moods(config: &mut Config, seed: u64) {
    let luck = Luck::of(seed, "moods");
    config.payments.seed = seed;
    config.payments.faults.decline = luck.pick(&[0.0, 0.05]);
    config.payments.faults.silent = luck.pick(&[0.0, 0.1]);
    config.payments.faults.error = luck.pick(&[0.0, 0.1, 0.2]);
    config.payments.faults.slow = luck.pick(&[0.0, 0.1]);
    (config.inventory.fault_seed, config.shipping.fault_seed) = (seed, seed);
    config.inventory.fault_rate = luck.pick(&[0.0, 0.1, 0.2]);
    config.shipping.fault_rate = luck.pick(&[0.0, 0.1, 0.2]);
    config.inventory.hold_for =
        luck.pick(&[Duration::from_millis(300), Duration::from_secs(2), Duration::from_secs(900)]);
    config.orders.unknown_patience = luck.pick(&[Duration::from_secs(3), Duration::from_secs(600)]);
    config.orders.ship_patience = luck.pick(&[Duration::from_secs(2), Duration::from_secs(600)]);
    config.orders.concurrency = luck.pick(&[3, 512]);
}

async fn over(storm: &Storm, world: World, weather: Weather) {
    let refunds = storm.calm(&world, weather).await;
    books::add_up(storm, &world, &refunds).await;
    world.stop().await;
}

async fn weathers(telling: Telling, storm: Storm, weather: Weather) {
    let seed = storm.seed;
    let _named = Named(seed);
    let ambient = Ambient::seeded(seed, Timestamp::from_millis(1_764_000_000_000));
    let Some(world) = World::under(telling, ambient, |config| moods(config, seed)).await else { return };
    storm::open_shop(&world, storm.plan.opening).await;
    world.wires().fare(move |attempt| weather.fate(attempt));
    storm.rage(&world).await;
    over(&storm, world, weather).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_storm_everything_adds_up_in_process() {
    for seed in seeds(12) {
        let luck = Luck::of(seed, "weather");
        let longest = luck.pick(&[Duration::from_secs(2), Duration::from_secs(30)]);
        let weather = Weather { seed, roughness: luck.pick(&[0.1, 0.2, 0.4]), longest, hangs: true };
        weathers(Telling::InProcess, Storm::new(seed, orders(30), Duration::from_secs(20)), weather).await;
    }
}

fn in_real_time(seed: u64) -> Weather {
    Weather { seed, roughness: 0.2, longest: Duration::from_millis(500), hangs: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_everything_adds_up_over_tcp() {
    for seed in seeds(2) {
        let storm = Storm::new(seed, orders(30), Duration::from_secs(2));
        weathers(Telling::OverTcp, storm, in_real_time(seed)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_everything_adds_up_on_postgres() {
    for seed in seeds(2) {
        let storm = Storm::new(seed, orders(30), Duration::from_secs(2));
        weathers(Telling::OnPostgres, storm, in_real_time(seed)).await;
    }
}

/// The power fails three times in the middle of the storm; whoever did not hear asks again.
fn survives_power_failures(telling: Telling, seed: u64) {
    let _named = Named(seed);
    let Some(ground) = Ground::of(telling) else { return };
    let (storm, weather) = (Storm::new(seed, orders(30), Duration::from_secs(2)), in_real_time(seed));
    let open = || World::on(&ground, telling.placement(), Ambient::system(), |config| moods(config, seed));
    let luck = Luck::of(seed, "power");
    for life in 0..3 {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let world = open().await;
            if life == 0 {
                storm::open_shop(&world, storm.plan.opening).await;
            }
            world.wires().fare(move |attempt| weather.fate(attempt));
            let light = luck.within(Duration::from_millis(800));
            let _ = tokio::time::timeout(light, storm.rage(&world)).await;
        });
        power_fails(runtime, &ground);
    }
    Runtime::new().unwrap().block_on(async {
        let world = open().await;
        world.wires().fare(move |attempt| weather.fate(attempt));
        storm.rage(&world).await;
        over(&storm, world, weather).await;
    });
}

#[test]
fn after_a_storm_with_power_failures_everything_adds_up_in_process() {
    for seed in seeds(2) {
        survives_power_failures(Telling::InProcess, seed);
    }
}

#[test]
fn after_a_storm_with_power_failures_everything_adds_up_over_tcp() {
    for seed in seeds(1) {
        survives_power_failures(Telling::OverTcp, seed);
    }
}

#[test]
fn after_a_storm_with_power_failures_everything_adds_up_on_postgres() {
    for seed in seeds(1) {
        survives_power_failures(Telling::OnPostgres, seed);
    }
}
