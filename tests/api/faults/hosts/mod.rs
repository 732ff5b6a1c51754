//! Three hosts on one PostgreSQL and one blob store, with clocks that differ by two minutes: what
//! was acknowledged by any of them stays, and happens once, whatever is killed or cut off.
//!
//! - `client`: clients that send every operation to whichever host, until it is answered
//! - `faults`: what happens meanwhile
//! - `truth`: what the stores must therefore contain

mod client;
mod faults;
mod truth;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::crash::Seed;
use crate::support::{Darkroom, Postgres, Redis, S3, Setup};
use client::One;
use faults::Faults;
use truth::Truth;

/// How far the clock of each host is from the true time, in seconds.
const CLOCKS: [i32; 3] = [-60, 0, 60];
/// The most images of an owner. Clients upload until it is reached.
const QUOTA: usize = 40;
/// All owners.
const OWNERS: [&str; 2] = ["alice", "bob"];
/// How many clients there are.
const CLIENTS: usize = 6;
/// How long a host may take to find a store again.
const AGAIN: Duration = Duration::from_secs(20);
/// The environment variable for another number of rounds.
const ROUNDS: &str = "DARKROOM_TEST_ROUNDS";

/// The addresses of the hosts, which change when one starts again.
type Addresses = Arc<Mutex<Vec<String>>>;

/// Waits until a host has found its stores again, which one of the faults has ended.
async fn until_ready(host: &Darkroom) {
    let start = Instant::now();
    while host.anonymous().get("/health/ready").await.status() != 200 {
        assert!(start.elapsed() < AGAIN, "the stores are not found again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Runs this many rounds of a storm on three hosts that keep their blobs as `setup` says.
async fn storm(
    postgres: Postgres,
    setup: impl Fn() -> Setup + Sync,
    redis: Option<Redis>,
    rounds: usize,
) {
    let rounds = std::env::var(ROUNDS).map_or(rounds, |text| text.parse().expect("a number"));
    let seed = Seed::new();
    let mut dice = seed.dice();
    let gates: Vec<_> = CLOCKS.map(|_| postgres.another_gate()).into();
    let host = |number: usize| {
        let user = darkroom_postgres::USER;
        setup()
            .catalog_at(&postgres.url_at(gates[number].port(), user))
            .without_sqlite()
            .clock(CLOCKS[number])
            .variable("quota_images", QUOTA)
            .variable("late_write_seconds", 1)
            .variable("delete_grace_seconds", 1)
            .start()
    };
    // The first of them migrates while the others start.
    let hosts: Vec<Darkroom> = std::thread::scope(|scope| {
        let starting = [0, 1, 2].map(|number| {
            scope.spawn({
                let host = &host;
                move || host(number)
            })
        });
        starting.map(|host| host.join().expect("it starts")).into()
    });
    let addresses: Vec<_> = hosts.iter().map(|host| host.address().to_owned()).collect();
    let addresses = Arc::new(Mutex::new(addresses));
    let mut clients: Vec<One> = (0..CLIENTS)
        .map(|number| One::new(number, &addresses, dice.fork()))
        .collect();
    let mut faults = Faults {
        postgres,
        gates,
        hosts,
        redis,
        addresses: Arc::clone(&addresses),
        dice,
        counts: Default::default(),
    };
    for round in 0..rounds {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        for mut client in clients.drain(..) {
            let is_over = Arc::clone(&is_over);
            running.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    client.act().await;
                }
                client
            });
        }
        faults.happen().await;
        is_over.store(true, Ordering::Relaxed);
        while let Some(client) = running.join_next().await {
            clients.push(client.expect("the client saw no broken promise"));
        }
        let is_last = round + 1 == rounds;
        let truth = Truth::of(&clients);
        until_ready(&faults.hosts[round % 3]).await;
        truth
            .check(&faults.hosts[round % 3], is_last || round % 10 == 9)
            .await;
    }
    let answers: usize = clients.iter().map(|client| client.answers).sum();
    eprintln!(
        "{answers} operations in {rounds} rounds: {}",
        faults.summary()
    );
    assert!(answers > 20 * rounds, "{answers} operations are too few");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_hosts_on_postgres_and_redis_lose_nothing_and_repeat_nothing() {
    let (Some(postgres), Some(redis)) = (Postgres::start_alone(), Redis::start_durable()) else {
        return;
    };
    let url = redis.url();
    let setup = || Setup::default().blobs_at(url.clone());
    storm(postgres, setup, Some(redis), 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_hosts_on_postgres_and_s3_lose_nothing_and_repeat_nothing() {
    let (Some(postgres), Some(s3)) = (Postgres::start_alone(), S3::start().await) else {
        return;
    };
    storm(postgres, || Setup::default().blobs_in_s3(&s3), None, 3).await;
}
