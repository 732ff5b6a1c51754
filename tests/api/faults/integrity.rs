//! Damage in the stores: a download never completes with wrong bytes.

use crate::support::{Client, Darkroom, FIXTURES, Png, S3, content, eventually, problem, send};
use serde_json::Value;

/// Three chunks.
const SIZE: usize = 1_000_000;
const CHUNK: usize = 384 << 10;

/// Downloads an image, which must break off. Returns the number of bytes received, all of which
/// must be right.
async fn broken_off(client: &Client, image: &Value, file: &[u8]) -> usize {
    let request = client.request(reqwest::Method::GET, content(image));
    // If damage is found early, not even the head may have been sent.
    let Ok(mut response) = request.send().await else {
        return 0;
    };
    assert_eq!(response.status(), 200);
    let mut received = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => received.extend_from_slice(&piece),
            Ok(None) => panic!("the download completed after {} bytes", received.len()),
            Err(_) => break,
        }
    }
    assert!(
        file.starts_with(&received),
        "wrong bytes among the first {}",
        received.len()
    );
    received.len()
}

async fn range(client: &Client, image: &Value, range: &str) -> reqwest::Response {
    let request = client.request(reqwest::Method::GET, content(image));
    send(request.header("range", format!("bytes={range}"))).await
}

#[tokio::test]
async fn a_changed_bit_breaks_the_transfer_and_is_logged() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(SIZE).bytes();
    let image = alice.upload(file.clone()).await;
    let keys = darkroom.chunk_keys();
    assert_eq!(keys.len(), 3);
    darkroom.damage_chunk(&keys[2], |chunk| chunk[1000] ^= 4);
    assert!(broken_off(&alice, &image, &file).await <= 2 * CHUNK);
    let is_logged = || async { darkroom.log().contains("chunk 2 of blob") };
    assert_eq!(eventually(is_logged).await, Ok(()), "{}", darkroom.log());

    let whole = range(&alice, &image, "100-800").await;
    assert_eq!(whole.status(), 206);
    assert!(whole.bytes().await.expect("a body") == file[100..=800]);
    let response = range(&alice, &image, "999999-999999").await;
    problem(response, 500, "internal").await;
}

#[tokio::test]
async fn with_sha256_checks_not_even_a_forged_seal_passes() {
    let setup = Darkroom::with().variable("verify_downloads", "sha256");
    let darkroom = setup.start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(SIZE).bytes();
    let (image, sound) = (alice.upload(file.clone()).await, FIXTURES[0].bytes);
    let other = alice.upload(sound).await;
    assert!(alice.download(&image).await == file);
    let key = &darkroom.chunk_keys()[1];
    // The form in which chunks were stored before seals were introduced.
    darkroom.damage_chunk(key, |chunk| {
        chunk[1000] ^= 4;
        chunk.truncate(CHUNK);
    });
    let request = alice.request(reqwest::Method::GET, content(&image));
    if let Ok(response) = request.send().await {
        let body = response.bytes().await;
        assert!(body.is_err(), "the download completed");
    }
    let is_logged = || async { darkroom.log().contains("does not match its SHA-256") };
    assert_eq!(eventually(is_logged).await, Ok(()), "{}", darkroom.log());
    assert!(alice.download(&other).await == sound);
}

#[tokio::test]
async fn a_truncated_missing_or_swapped_chunk_breaks_the_transfer() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(SIZE).bytes();
    let image = alice.upload(file.clone()).await;
    let keys = darkroom.chunk_keys();
    let mut second = Vec::new();
    darkroom.damage_chunk(&keys[1], |chunk| second.clone_from(chunk));
    let mut first = Vec::new();
    darkroom.damage_chunk(&keys[0], |chunk| first.clone_from(chunk));
    type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);
    let damages: [Damage<'_>; 3] = [
        &|chunk| chunk.truncate(chunk.len() - 1),
        &|chunk| chunk.clear(),
        &|chunk| chunk.clone_from(&first),
    ];
    for damage in damages {
        darkroom.damage_chunk(&keys[1], damage);
        assert!(broken_off(&alice, &image, &file).await <= CHUNK);
        darkroom.damage_chunk(&keys[1], |chunk| chunk.clone_from(&second));
        assert!(alice.download(&image).await == file);
    }
    // Damage that is found before the first byte is sent has an answer of its own.
    darkroom.damage_chunk(&keys[0], |chunk| chunk[0] ^= 1);
    problem(alice.get(content(&image)).await, 500, "internal").await;
}

#[tokio::test]
async fn damage_in_a_bucket_breaks_the_transfer() {
    let Some(s3) = S3::start().await else {
        return;
    };
    let darkroom = Darkroom::with().blobs_in_s3(&s3).start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(SIZE).bytes();
    let image = alice.upload(file.clone()).await;
    let key = s3.objects().await.pop().expect("an object");
    let object = s3.get(&key).await;
    let mut changed = object.clone();
    changed[900_000] ^= 1;
    s3.put(&key, changed).await;
    assert!(broken_off(&alice, &image, &file).await <= 2 * CHUNK);
    s3.put(&key, object[..900_000].to_vec()).await;
    assert!(broken_off(&alice, &image, &file).await <= 2 * CHUNK);
    s3.put(&key, object).await;
    assert!(alice.download(&image).await == file);
}
