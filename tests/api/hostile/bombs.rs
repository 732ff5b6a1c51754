//! Small files that claim to be, or would inflate to, far more than a server should make room for
//! (`tests/fixtures/make_bombs.py`): they are judged by their headers.

use std::time::Duration;

use futures_util::future::join_all;

use crate::support::{Darkroom, Kind, host_kind, problem};

/// The most memory that an instance may use for any of them, in bytes.
const MEMORY: u64 = 16 << 20;
/// The most processor time that an upload of one may cost, including all overhead.
const TIME: Duration = Duration::from_millis(50);

/// The files, each with the problem it is refused with, or none if it is a valid image.
macro_rules! bombs {
    ($($name:literal: $slug:expr,)*) => {
        [$(($name, include_bytes!(concat!("../../fixtures/bombs/", $name)).as_slice(), $slug),)*]
    };
}

const BOMBS: [(&str, &[u8], Option<&str>); 14] = bombs! {
    "pixels.png": Some("too-many-pixels"),
    "pixels.jpg": Some("too-many-pixels"),
    "pixels.gif": Some("too-many-pixels"),
    "pixels.webp": Some("too-many-pixels"),
    "pixels.avif": Some("too-many-pixels"),
    "frame.gif": Some("too-many-pixels"),
    "frames.png": Some("too-many-pixels"),
    "frames.gif": Some("too-many-pixels"),
    "frames.webp": Some("too-many-pixels"),
    "frames.avif": Some("too-many-pixels"),
    // The server does not inflate them, so they are images with an unusual text or profile.
    "profile.png": None,
    "text.png": None,
    "international-text.png": None,
    "xmp.png": None,
};

async fn upload_all(darkroom: &Darkroom, owner: &str) {
    let client = darkroom.client(owner);
    for (name, bytes, slug) in BOMBS {
        let response = client.send(bytes).await;
        match slug {
            Some(slug) => drop(problem(response, 422, slug).await),
            None => assert_eq!(response.status(), 201, "{name}"),
        }
    }
}

#[tokio::test]
async fn bombs_cost_hardly_any_memory_or_time() {
    for strip in ["none", "gps", "all"] {
        let darkroom = Darkroom::with()
            .instance_memory(MEMORY)
            .variable("strip_metadata", strip)
            .start();
        upload_all(&darkroom, "first").await;
        let before = darkroom.processor_time();
        let owners: Vec<String> = (0..8).map(|number| format!("mallory-{number}")).collect();
        join_all(owners.iter().map(|owner| upload_all(&darkroom, owner))).await;
        let time = darkroom.processor_time() - before;
        let count = owners.len() * BOMBS.len();
        let each = time / u32::try_from(count).expect("few");
        assert!(each < TIME, "{strip}: {each:?}");
        if host_kind() == Kind::Embedded {
            let memory = darkroom.peak_guest_memory().await;
            assert!((1..=MEMORY).contains(&memory), "{strip}: {memory} bytes");
        }
    }
}
