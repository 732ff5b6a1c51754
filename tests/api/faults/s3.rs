//! Blobs in a bucket. Where `cargo xtask test` finds no S3 server it reports that
//! this is skipped, and fails in CI.

use crate::support::{Darkroom, FIXTURES, Png, Raw, S3, content, eventually, path, problem};

/// Longer than two parts of a multipart upload.
const LARGE: usize = 12_000_000;

/// A server over a corner of a bucket.
async fn start() -> Option<(Darkroom, S3)> {
    let s3 = S3::start().await?;
    Some((Darkroom::with().blobs_in_s3(&s3).start(), s3))
}

#[tokio::test]
async fn images_go_in_and_out_of_a_bucket() {
    let Some((mut darkroom, s3)) = start().await else {
        return;
    };
    let alice = darkroom.client("alice");
    let mut images = Vec::new();
    let large = Png::of_size(LARGE).bytes();
    for file in FIXTURES {
        images.insert(0, alice.upload(file.bytes).await);
    }
    images.insert(0, alice.upload(large.clone()).await);
    // The same content twice is one object.
    images.insert(0, alice.upload(large.clone()).await);
    assert_eq!(darkroom.chunks(), 0, "in the key-value store");
    let shared = eventually(|| async { s3.objects().await.len() == FIXTURES.len() + 1 });
    assert_eq!(shared.await, Ok(()));

    darkroom.stop();
    darkroom.start_again();
    let alice = darkroom.client("alice");
    assert_eq!(alice.list().await, images);
    for (image, file) in images.iter().rev().zip(FIXTURES) {
        assert_eq!(alice.download(image).await, file.bytes);
    }
    assert!(alice.download(&images[0]).await == large);
    assert_eq!(alice.delete(path(&images[0])).await.status(), 204);
    problem(alice.get(content(&images[0])).await, 404, "not-found").await;
    assert!(alice.download(&images[1]).await == large);
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_in_the_bucket() {
    let Some((darkroom, s3)) = start().await else {
        return;
    };
    let alice = darkroom.client("alice");
    let file = Png::of_size(LARGE).bytes();
    for length in [2_000_000, LARGE - 1] {
        let response = alice.send(file.slice(..length)).await;
        problem(response, 422, "undecodable-image").await;
    }
    assert_eq!((s3.objects().await, s3.uploads().await), (Vec::new(), 0));
}

#[tokio::test]
async fn a_sender_who_goes_away_leaves_nothing_in_the_bucket() {
    let Some((darkroom, s3)) = start().await else {
        return;
    };
    let file = Png::of_size(LARGE).bytes();
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &[&format!("Content-Length: {LARGE}")])
        .await;
    raw.send(&file[..11_000_000]).await;
    let begun = eventually(|| async { s3.uploads().await == 1 }).await;
    assert_eq!(begun, Ok(()), "no part is on its way");
    drop(raw);
    let gone = eventually(|| async { s3.uploads().await == 0 }).await;
    assert_eq!(gone, Ok(()), "{}", darkroom.log());
    assert_eq!(s3.objects().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_large_file_goes_through_a_small_instance() {
    let Some(s3) = S3::start().await else {
        return;
    };
    let setup = Darkroom::with().blobs_in_s3(&s3);
    let darkroom = setup.instance_memory(24 << 20).start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(26_000_000).bytes();
    let image = alice.upload(file.clone()).await;
    assert!(alice.download(&image).await == file);
}

#[tokio::test]
async fn without_s3_the_server_says_so_and_recovers() {
    let Some((darkroom, s3)) = start().await else {
        return;
    };
    let alice = darkroom.client("alice");
    let file = Png::of_size(LARGE).bytes();
    let image = alice.upload(file.clone()).await;
    s3.gate().shut();
    for response in [
        alice.get("/health/ready").await,
        alice.get(content(&image)).await,
        alice.send(Png::of_size(1000).bytes()).await,
        alice.send(Png::of_size(LARGE - 7).bytes()).await,
    ] {
        let retry_after = response.headers().get("retry-after").cloned();
        problem(response, 503, "unavailable").await;
        assert!(retry_after.is_some(), "no Retry-After");
    }
    assert_eq!(alice.get("/health/live").await.status(), 200);
    assert_eq!(alice.get(path(&image)).await.status(), 200);
    s3.gate().open();
    let recovered = eventually(|| async { alice.get("/health/ready").await.status() == 200 });
    assert_eq!(recovered.await, Ok(()));
    assert!(alice.download(&image).await == file);
    alice.upload(FIXTURES[1].bytes).await;
    assert_eq!(s3.objects().await.len(), 2);
}

#[tokio::test]
async fn an_s3_that_falls_silent_is_given_up_and_holds_up_nobody() {
    let Some((darkroom, s3)) = start().await else {
        return;
    };
    let alice = darkroom.client("alice");
    let file = FIXTURES[0].bytes;
    let image = alice.upload(file).await;
    s3.gate().hush();
    let place = content(&image);
    let (small, large) = (Png::of_size(1000).bytes(), Png::of_size(LARGE).bytes());
    let silent = async {
        tokio::join!(
            alice.get("/health/ready"),
            alice.get(place),
            alice.send(small),
            alice.send(large),
        )
    };
    // The instance that waits goes on with what needs no bucket.
    let others = async {
        tokio::join!(
            alice.get("/health/live"),
            alice.get(path(&image)),
            alice.list()
        )
    };
    let ((ready, read, small, large), (live, found, list)) = tokio::join!(silent, others);
    for response in [ready, read, small, large] {
        let retry_after = response.headers().get("retry-after").cloned();
        problem(response, 503, "unavailable").await;
        assert!(retry_after.is_some(), "no Retry-After");
    }
    assert_eq!(
        (live.status().as_u16(), found.status().as_u16()),
        (200, 200)
    );
    assert_eq!(list.len(), 1);
    s3.gate().open();
    let recovered = eventually(|| async { alice.get("/health/ready").await.status() == 200 });
    assert_eq!(recovered.await, Ok(()));
    assert_eq!(alice.download(&image).await, file);
}

#[tokio::test]
async fn a_wrong_secret_is_told_to_the_log_and_not_shown() {
    let Some(s3) = S3::start().await else {
        return;
    };
    let setup = Darkroom::with().blobs_in_s3(&s3);
    let darkroom = setup
        .variable("s3_secret_access_key", "wrong-secret")
        .launch();
    let response = darkroom.anonymous().get("/health/ready").await;
    problem(response, 503, "unavailable").await;
    // The line of a request comes after its answer.
    let is_logged = || async {
        darkroom
            .log()
            .contains("403 Forbidden SignatureDoesNotMatch")
    };
    let logged = eventually(is_logged).await;
    let log = darkroom.log();
    assert_eq!(logged, Ok(()), "{log}");
    assert!(!log.contains("wrong-secret"), "{log}");
}

#[tokio::test]
async fn what_the_manifest_does_not_allow_is_not_reached() {
    let Some(s3) = S3::start().await else {
        return;
    };
    let setup = Darkroom::with().blobs_in_s3(&s3).reaching_nothing();
    let darkroom = setup.launch();
    let response = darkroom.anonymous().get("/health/ready").await;
    problem(response, 503, "unavailable").await;
}
