//! The bound on the memory of a host as a whole.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join_all;

use crate::support::{Darkroom, Png, Raw, refusal, spin_differs};

const MIB: u64 = 1 << 20;
/// The memory of an instance.
const INSTANCE: u64 = 32 * MIB;
/// Uploads at the same time, of which no more than a few have room.
const UPLOADS: usize = 600;

/// A bound with room for three instances, as `docs/operations.md` computes it.
fn bound() -> u64 {
    let processors = std::thread::available_parallelism().map_or(1, |number| number.get() as u64);
    (128 + 32 * processors) * MIB + 3 * (INSTANCE + 16 * 2 * MIB)
}

/// Uploads a file slowly on a connection of its own. Returns the status.
async fn upload_slowly(darkroom: &Darkroom, file: &[u8]) -> u16 {
    let mut raw = Raw::connect(darkroom).await;
    let length = format!("Content-Length: {}", file.len());
    raw.begin_upload("alice", &[&length, "Connection: close"])
        .await;
    for piece in file.chunks(file.len() / 5) {
        raw.send(piece).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    raw.response().await.status
}

#[tokio::test]
async fn slow_uploads_for_which_there_is_no_memory_wait_and_all_are_stored() {
    if spin_differs("it has no such bound") {
        return;
    }
    let bound = bound();
    let darkroom = Darkroom::with()
        .instance_memory(INSTANCE)
        .flag(&format!("--max-memory={bound}"))
        .variable("request_log", "off")
        .start();
    let file = Png::of_size(1_000_000).bytes();
    let uploads = join_all((0..UPLOADS).map(|_| upload_slowly(&darkroom, &file)));
    let is_over = Cell::new(false);
    let uploads = async {
        let statuses = uploads.await;
        is_over.set(true);
        statuses
    };
    let watch = async {
        let mut most = 0;
        while !is_over.get() {
            most = darkroom.held_memory().max(most);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        most
    };
    let (statuses, most) = tokio::join!(uploads, watch);
    assert_eq!(statuses, [201; UPLOADS]);
    eprintln!("{most} bytes were held, of {bound}");
    assert!(most < bound, "{most} bytes were held, and {bound} allowed");
    let alice = darkroom.client("alice");
    for image in alice.list().await.iter().take(5) {
        assert!(alice.download(image).await == file);
    }
    assert_eq!(darkroom.images(), UPLOADS as i64);
}

#[tokio::test]
async fn a_bound_that_is_too_small_is_refused_at_the_start() {
    if spin_differs("it has no such bound") {
        return;
    }
    let setup = Darkroom::with()
        .instance_memory(INSTANCE)
        .flag(&format!("--max-memory={}", bound() / 2));
    let text = refusal(setup, "--max-memory").await;
    assert!(
        text.contains("--max-memory") && text.contains("too little"),
        "{text}"
    );
}
