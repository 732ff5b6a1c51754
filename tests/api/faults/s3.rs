//! Blobs in a bucket. If `cargo xtask test` finds no S3 server, it reports these tests as skipped,
//! and fails in CI.

use crate::support::{
    Darkroom, FIXTURES, Png, Raw, S3, content, created, eventually, path, problem, send,
};

/// Longer than two parts of a multipart upload.
const LARGE: usize = 12_000_000;

/// A server with a prefix of a bucket.
async fn start() -> Option<(Darkroom, S3)> {
    let s3 = S3::start().await?;
    Some((Darkroom::with().blobs_in_s3(&s3).start(), s3))
}

#[tokio::test]
async fn images_are_stored_in_a_bucket_and_read_back() {
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
    // Equal content is stored as one object.
    images.insert(0, alice.upload(large.clone()).await);
    assert_eq!(darkroom.chunks(), 0, "chunks in the key-value store");
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
async fn requests_to_the_bucket_belong_to_the_trace_of_the_request_that_causes_them() {
    let Some((darkroom, s3)) = start().await else {
        return;
    };
    let alice = darkroom.client("alice");
    let field = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    s3.gate().listen();
    let upload = alice.post().header("traceparent", field);
    let image = created(send(upload.body(FIXTURES[0].bytes)).await).await;
    let traced = |heard: &str| heard.matches(&format!("traceparent: {field}\r\n")).count();
    let written = s3.gate().heard();
    assert!(
        written.contains("PUT /") && traced(&written) > 0,
        "{written}"
    );
    s3.gate().listen();
    assert_eq!(alice.download(&image).await, FIXTURES[0].bytes);
    let read = s3.gate().heard();
    assert!(read.contains("GET /") && traced(&read) == 0, "{read}");
}

#[tokio::test]
async fn refused_uploads_leave_nothing_in_the_bucket() {
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
async fn a_sender_that_disconnects_leaves_nothing_in_the_bucket() {
    let Some((darkroom, s3)) = start().await else {
        return;
    };
    let file = Png::of_size(LARGE).bytes();
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &[&format!("Content-Length: {LARGE}")])
        .await;
    raw.send(&file[..11_000_000]).await;
    let begun = eventually(|| async { s3.uploads().await == 1 }).await;
    assert_eq!(begun, Ok(()), "no multipart upload has begun");
    drop(raw);
    let gone = eventually(|| async { s3.uploads().await == 0 }).await;
    assert_eq!(gone, Ok(()), "{}", darkroom.log());
    assert_eq!(s3.objects().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_small_instance_stores_a_large_file() {
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
async fn a_server_without_s3_answers_503_and_recovers() {
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
async fn an_s3_that_falls_silent_is_abandoned_and_does_not_delay_others() {
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
    // The instance that waits still serves requests that need no bucket.
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
async fn a_wrong_secret_is_logged_without_showing_it() {
    let Some(s3) = S3::start().await else {
        return;
    };
    let setup = Darkroom::with().blobs_in_s3(&s3);
    let darkroom = setup
        .variable("s3_secret_access_key", "wrong-secret")
        .launch();
    let response = darkroom.anonymous().get("/health/ready").await;
    problem(response, 503, "unavailable").await;
    // A request is logged after its answer.
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
async fn a_server_that_the_manifest_does_not_allow_is_not_reached() {
    let Some(s3) = S3::start().await else {
        return;
    };
    let setup = Darkroom::with().blobs_in_s3(&s3).reaching_nothing();
    let darkroom = setup.launch();
    let response = darkroom.anonymous().get("/health/ready").await;
    problem(response, 503, "unavailable").await;
}
