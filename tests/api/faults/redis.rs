//! Blobs in Redis. If `cargo xtask test` finds no `redis-server`, it reports these tests as
//! skipped, and fails in CI.

use crate::support::{Darkroom, FIXTURES, Png, Redis, Setup, content, eventually, path, problem};
use crate::support::{redis_keys, unique};

/// A server with a Redis of its own, and the URL of that Redis.
fn start() -> Option<(Darkroom, String)> {
    let redis = Redis::start()?;
    let url = redis.url();
    Some((Setup::default().blobs_in(redis).start(), url))
}

#[tokio::test]
async fn images_are_stored_in_redis_and_read_back() {
    let Some((darkroom, url)) = start() else {
        return;
    };
    let alice = darkroom.client(&unique("alice"));
    let mut images = Vec::new();
    for file in FIXTURES {
        let image = alice.upload(file.bytes).await;
        assert_eq!(alice.download(&image).await, file.bytes);
        images.insert(0, image);
    }
    let large = Png::of_size(5_000_000).bytes();
    let image = alice.upload(large.clone()).await;
    assert!(alice.download(&image).await == large);
    images.insert(0, image);
    assert_eq!(alice.list().await, images);

    let keys = redis_keys(&url);
    assert!(
        keys.iter().all(|key| key.starts_with("darkroom:blob:")),
        "{keys:?}"
    );
    assert_eq!(keys.len(), FIXTURES.len() + large.len().div_ceil(384 << 10));
    assert_eq!(alice.delete(path(&images[0])).await.status(), 204);
    problem(alice.get(content(&images[0])).await, 404, "not-found").await;
}

#[tokio::test]
async fn refused_uploads_leave_nothing_in_redis() {
    let Some((darkroom, url)) = start() else {
        return;
    };
    let alice = darkroom.client("alice");
    let file = Png::of_size(2_000_000).bytes();
    let response = alice.send(file.slice(..1_999_999)).await;
    problem(response, 422, "undecodable-image").await;
    let request = alice
        .post()
        .header("repr-digest", crate::support::repr_digest(b"other"));
    let response = crate::support::send(request.body(file.clone())).await;
    problem(response, 400, "digest-mismatch").await;
    // Equal content is stored as one blob.
    alice.upload(file.clone()).await;
    alice.upload(file.clone()).await;
    let chunks = file.len().div_ceil(384 << 10);
    let left = eventually(|| async { redis_keys(&url).len() == chunks }).await;
    assert_eq!(left, Ok(()), "{:?}", redis_keys(&url));
}

#[tokio::test]
async fn a_server_without_redis_answers_503_and_recovers() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let mut darkroom = Setup::default().blobs_in(redis).start();
    let alice = darkroom.client("alice");
    let file = FIXTURES[0].bytes;
    let image = alice.upload(file).await;
    darkroom.redis().stop();
    for response in [
        alice.get("/health/ready").await,
        alice.get(content(&image)).await,
        alice.send(Png::of_size(1000).bytes()).await,
    ] {
        let retry_after = response.headers().get("retry-after").cloned();
        problem(response, 503, "unavailable").await;
        assert!(retry_after.is_some(), "no Retry-After");
    }
    assert_eq!(alice.get("/health/live").await.status(), 200);
    assert_eq!(alice.get(path(&image)).await.status(), 200);
    darkroom.redis().start_again();
    let recovered = eventually(|| async { alice.get("/health/ready").await.status() == 200 });
    assert_eq!(recovered.await, Ok(()));
    alice.upload(FIXTURES[1].bytes).await;
}

#[tokio::test]
async fn late_writes_of_a_redis_that_was_silent_are_swept() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let url = redis.url();
    let setup = Setup::default().blobs_in(redis);
    let setup = setup.variable("chunk_bytes", 1024);
    let setup = setup.variable("max_upload_seconds", 20);
    let mut darkroom = setup.variable("late_write_seconds", 1).start();
    let (alice, admin) = (darkroom.client("alice"), darkroom.scoped("root", "admin"));
    let file = Png::of_size(5000).bytes();
    let image = alice.upload(file.clone()).await;
    let kept = redis_keys(&url);
    darkroom.redis().freeze(true);
    let place = content(&image);
    let (read, small, large, live) = tokio::join!(
        alice.get(place),
        alice.send(Png::of_size(700).bytes()),
        alice.send(Png::of_size(50_000).bytes()),
        alice.get("/health/live"),
    );
    for response in [read, small, large] {
        let retry_after = response.headers().get("retry-after").cloned();
        problem(response, 503, "unavailable").await;
        assert!(retry_after.is_some(), "no Retry-After");
    }
    assert_eq!(live.status(), 200);
    darkroom.redis().freeze(false);
    let recovered = eventually(|| async { alice.get("/health/ready").await.status() == 200 });
    assert_eq!(recovered.await, Ok(()));
    let swept = eventually(|| async {
        admin.sweep().await;
        let mut keys = redis_keys(&url);
        keys.sort();
        let mut kept = kept.clone();
        kept.sort();
        keys == kept
    });
    assert_eq!(swept.await, Ok(()), "{:?}", redis_keys(&url));
    assert!(alice.download(&image).await == file);
}
