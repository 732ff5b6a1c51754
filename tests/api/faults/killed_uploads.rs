//! SIGKILL while tus-js-client uploads.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::crash::Seed;
use crate::resumable::Stage;
use crate::support::{Cut, Network, Png, Setup, node};

const SCRIPT: &str = "many_with_tus.mjs";
const KILLS: usize = 50;
/// The files that are uploaded until the server has been killed often enough, and again.
const FILES: usize = 16;

#[tokio::test]
async fn uploads_survive_fifty_kills_of_the_host() {
    let Some(node) = node(SCRIPT) else { return };
    let node = Arc::new(node);
    let seed = Seed::new();
    let mut dice = seed.dice();
    let setup = Setup::default().variable("max_upload_seconds", 30);
    let mut stage = Stage::with(setup);
    let network = Network::before(stage.darkroom.address(), |_| Cut::Never);
    let endpoint = format!("{}/v1/uploads", network.address());
    let (mut kills, mut files) = (0, Vec::new());
    while kills < KILLS {
        let batch: Vec<Bytes> = (0..FILES)
            .map(|_| {
                let size = usize::try_from(200 + dice.below(900_000)).expect("small");
                Png::of_size(size).bytes()
            })
            .collect();
        let jobs: Vec<_> = batch
            .iter()
            .enumerate()
            .map(|(index, file)| {
                let path = format!("{index}.png");
                node.write(&path, file);
                let options = json!({"chunkSize": 1 + dice.below(100_000)});
                json!({"endpoint": endpoint, "path": path, "options": options})
            })
            .collect();
        node.write("jobs.json", json!(jobs).to_string().as_bytes());
        let (token, running) = (stage.token.clone(), Arc::clone(&node));
        let client = move || running.succeed(&[SCRIPT, &token, "jobs.json"]);
        let client = tokio::task::spawn_blocking(client);
        while !client.is_finished() {
            tokio::time::sleep(Duration::from_millis(20 + dice.below(150))).await;
            if kills < KILLS {
                kill(&mut stage, &network).await;
                kills += 1;
            }
        }
        let printed = client.await.expect("every upload is acknowledged");
        let acknowledged: HashSet<&str> = printed.lines().collect();
        assert_eq!(acknowledged.len(), FILES);
        files.extend(batch);
    }
    stage.take_back_open().await;
    stage.holds_only(&files).await;
}

/// Kills the server, and starts it again where clients find it.
async fn kill(stage: &mut Stage, network: &Network) {
    stage.darkroom.kill();
    stage.darkroom.start_again();
    stage.alice = stage.darkroom.client("alice");
    let admin = stage.admin();
    let audited = admin.audit(&json!({"limit": 200})).await;
    assert_eq!(audited["findings"], json!([]));
    network.lead_to(stage.darkroom.address());
}
