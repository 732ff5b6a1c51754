//! SIGKILL at random moments of a storm of uploads and deletions, with a full audit of the stores
//! after each.
//!
//! - `storm`: clients that upload, delete, read and sweep until the server is gone
//! - `pieces`: their uploads in pieces, with which they go on when it is back
//! - `ledger`: the acknowledged operations, and the images that must therefore exist

pub(crate) mod ledger;
mod pieces;
pub(crate) mod storm;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::{Client, Darkroom, Redis, Setup, eventually, redis_keys};
use ledger::{CHUNK, Ledger};
use storm::{Dice, Storm};

/// How long an upload may take, in seconds. After that time, the remains of a crash are swept.
const UPLOAD_SECONDS: u64 = 5;

/// The seed of a test, which is printed if the test fails.
pub(crate) struct Seed(u64);

impl Seed {
    /// `DARKROOM_TEST_SEED`, or a new one.
    pub(crate) fn new() -> Self {
        let given = std::env::var("DARKROOM_TEST_SEED").ok();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let fresh = now.expect("after 1970").subsec_nanos().into();
        Self(given.map_or(fresh, |text| text.parse().expect("a number")))
    }

    /// Dice with this seed.
    pub(crate) fn dice(&self) -> Dice {
        Dice::new(self.0)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat this run, set DARKROOM_TEST_SEED={}", self.0);
        }
    }
}

/// Kills the server this many times. Checks the stores each time, and that in the end they contain
/// exactly the chunks that the images need.
async fn kills(setup: Setup, rounds: usize, chunks: impl Fn(&Darkroom) -> usize) {
    let seed = Seed::new();
    let mut dice = seed.dice();
    let setup = setup.variable("chunk_bytes", CHUNK);
    let setup = setup.variable("max_upload_seconds", UPLOAD_SECONDS);
    let setup = setup.variable("late_write_seconds", 1);
    let mut darkroom = setup.variable("delete_grace_seconds", 3).start();
    let mut ledger = Ledger::new();
    let mut answers = 0;
    for round in 0..rounds {
        let storm = Storm::begin(&darkroom, &ledger, &mut dice);
        tokio::time::sleep(Duration::from_millis(5 + dice.below(100))).await;
        darkroom.kill();
        answers += storm.end(&mut ledger).await;
        darkroom.start_again();
        let admin = darkroom.scoped("root", "admin");
        let images = everything(&admin).await;
        ledger.settle(&images);
        let audited = admin.audit(&json!({"limit": 200})).await;
        assert_eq!(audited["findings"], json!([]), "round {round}");
        assert_eq!(audited["images"], images.len(), "round {round}");
        if round % 20 == 19 || round + 1 == rounds {
            ledger.read_all(&darkroom).await;
        }
    }
    assert!(
        answers > 2 * rounds,
        "{answers} answers are too few for a storm"
    );
    let admin = darkroom.scoped("root", "admin");
    let swept = eventually(|| async {
        admin.sweep().await;
        chunks(&darkroom) == ledger.chunks()
    });
    let swept = swept.await;
    let left = (chunks(&darkroom), ledger.chunks());
    assert_eq!(swept, Ok(()), "(chunks, needed) are {left:?}");
    ledger.read_all(&darkroom).await;
}

/// The images of all owners.
pub(crate) async fn everything(admin: &Client) -> Vec<Value> {
    let mut images = Vec::new();
    let mut query = "/v1/images?limit=200".to_owned();
    loop {
        let response = admin.get(&query).await;
        assert_eq!(response.status(), 200);
        let mut page: Value = response.json().await.expect("JSON");
        images.append(page["items"].as_array_mut().expect("a list"));
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("/v1/images?limit=200&cursor={cursor}"),
            None => return images,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_lose_nothing_and_leak_nothing() {
    let chunks = |darkroom: &Darkroom| usize::try_from(darkroom.chunks()).expect("not negative");
    kills(Setup::default(), 200, chunks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_with_blobs_in_redis_lose_nothing_and_leak_nothing() {
    if let Some(redis) = Redis::start() {
        let url = redis.url();
        let setup = Setup::default().blobs_in(redis);
        kills(setup, 40, |_| redis_keys(&url).len()).await;
    }
}
