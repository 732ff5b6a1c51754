//! tus-js-client over a network that breaks its connections at every place.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};

use super::Stage;
use crate::faults::crash::Seed;
use crate::support::{Cut, Network, Png, Program, Setup, eventually, node};

const SCRIPT: &str = "many_with_tus.mjs";
/// The length of the small files.
const SMALL: usize = 200;
/// More bytes than an image object has.
const OBJECT: u64 = 1000;
/// In heads and answers, the distance between the places where connections break.
const STRIDE: usize = 8;

/// Uploads files to these URLs, each in this way. All must be acknowledged.
fn upload(node: &Program, stage: &Stage, jobs: &[(String, Bytes)], options: &Value) {
    let list: Vec<Value> = jobs
        .iter()
        .enumerate()
        .map(|(index, (endpoint, file))| {
            let path = format!("{index:04}.png");
            node.write(&path, file);
            json!({"endpoint": endpoint, "path": path, "options": options})
        })
        .collect();
    node.write("jobs.json", json!(list).to_string().as_bytes());
    let printed = node.succeed(&[SCRIPT, &stage.token, "jobs.json"]);
    let acknowledged: HashSet<&str> = printed.lines().collect();
    assert_eq!(acknowledged.len(), jobs.len());
}

/// A loopback address with as many digits as every other one: what clients send must not depend
/// on it.
fn address(index: usize) -> Ipv4Addr {
    let byte = |number: usize| u8::try_from(100 + number).expect("few");
    Ipv4Addr::new(127, 100, byte(index / 100), byte(index % 100))
}

fn index(address: Ipv4Addr) -> usize {
    let [_, _, hundreds, ones] = address.octets().map(usize::from);
    (hundreds - 100) * 100 + ones - 100
}

/// Every place where the connection of an upload of a small file can break, but for the last
/// `spared` bytes of the last answer. The first one is none.
async fn places(node: &Program, path: &str, options: &Value, spared: u64) -> Vec<Cut> {
    let stage = Stage::start();
    let network = Network::before(stage.darkroom.address(), |_| Cut::Never);
    let endpoint = format!("http://{}:{}{path}", address(0), network.port());
    let file = Png::of_size(SMALL).bytes();
    upload(node, &stage, &[(endpoint, file)], options);
    let ended = eventually(|| async { !network.traffic().is_empty() });
    assert_eq!(ended.await, Ok(()));
    let [traffic] = network.traffic()[..] else {
        panic!("more than one connection: {:?}", network.traffic());
    };
    let (sent, answered) = traffic;
    // The file is the last that is sent.
    let file = sent - SMALL as u64;
    let heads = (0..file).step_by(STRIDE).map(Cut::Sent);
    let bytes = (file..=sent).map(Cut::Sent);
    let answers = 1..answered.saturating_sub(spared);
    let answers = answers.step_by(STRIDE).map(Cut::Answered);
    [Cut::Never]
        .into_iter()
        .chain(heads)
        .chain(bytes)
        .chain(answers)
        .collect()
}

/// Uploads a file for each place where its first connection can break.
async fn breaks_everywhere(path: &str, options: &Value, spared: u64) {
    let Some(node) = node(SCRIPT) else { return };
    // What the client forgot after a lost answer expires.
    let stage = Stage::with(Setup::default().variable("max_upload_seconds", 60));
    let cuts = places(&node, path, options, spared).await;
    assert!(cuts.len() > SMALL + 100, "{}", cuts.len());
    let plan = {
        let cuts = cuts.clone();
        let mut seen = HashSet::new();
        move |address: Ipv4Addr| {
            let is_first = seen.insert(address);
            if is_first {
                cuts[index(address)]
            } else {
                Cut::Never
            }
        }
    };
    let network = Network::before(stage.darkroom.address(), plan);
    let jobs: Vec<(String, Bytes)> = (0..cuts.len())
        .map(|index| {
            let endpoint = format!("http://{}:{}{path}", address(index), network.port());
            (endpoint, Png::of_size(SMALL).bytes())
        })
        .collect();
    upload(&node, &stage, &jobs, options);
    let files: Vec<Bytes> = jobs.into_iter().map(|(_, file)| file).collect();
    stage.take_back_open().await;
    stage.holds_only(&files).await;
}

#[tokio::test]
async fn a_connection_may_break_at_every_byte_of_a_file() {
    breaks_everywhere("/v1/uploads", &json!({}), 0).await;
}

#[tokio::test]
async fn a_connection_may_break_at_every_byte_under_the_draft_of_the_ietf() {
    // In Node.js, the library waits for ever for the rest of a body that breaks off.
    let options = json!({"protocol": "ietf-draft-05"});
    breaks_everywhere("/v1/images", &options, OBJECT).await;
}

#[tokio::test]
async fn a_large_file_arrives_although_its_connection_breaks_a_hundred_times() {
    const SIZE: usize = 60 << 20;
    const BREAKS: usize = 100;
    let Some(node) = node(SCRIPT) else { return };
    let seed = Seed::new();
    let mut dice = seed.dice();
    // It is far larger than the memory that the server may use.
    let setup = Setup::default().variable("max_upload_bytes", SIZE);
    let stage = Stage::with(setup.instance_memory(16 << 20));
    let broken = Arc::new(Mutex::new(0));
    let plan = {
        let broken = Arc::clone(&broken);
        move |_| {
            let mut broken = broken.lock().expect("not poisoned");
            if *broken == BREAKS {
                return Cut::Never;
            }
            *broken += 1;
            match dice.below(8) {
                0 => Cut::Answered(dice.below(1000)),
                _ => Cut::Sent(dice.below(1 << 19)),
            }
        }
    };
    let network = Network::before(stage.darkroom.address(), plan);
    let endpoint = format!("{}/v1/uploads", network.address());
    let file = Png::of_size(SIZE).bytes();
    let options = json!({"chunkSize": 16 << 20});
    upload(&node, &stage, &[(endpoint, file.clone())], &options);
    assert_eq!(*broken.lock().expect("not poisoned"), BREAKS);
    let (sent, _) = network.traffic().iter().fold((0, 0), |sum, traffic| {
        (sum.0 + traffic.0, sum.1 + traffic.1)
    });
    // What was in flight when a connection broke is sent again, but not more.
    assert!(sent < 2 * SIZE as u64, "{sent} bytes were sent");
    stage.holds_only(&[file]).await;
}
