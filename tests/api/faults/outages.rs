//! Stores that fail for a while: clear answers, no loss, and no restart.

use std::io::{Seek as _, SeekFrom, Write as _};

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Client, Darkroom, Disk, FIXTURES, Png, content, eventually, path, problem, send, spin_differs,
};

const SIZE: usize = 1_000_000;

/// The acknowledged images, with their content.
struct Kept {
    images: Vec<(Value, Bytes)>,
}

impl Kept {
    async fn new(client: &Client) -> Self {
        let mut kept = Self { images: Vec::new() };
        for size in [5_000, SIZE] {
            kept.upload(client, size).await;
        }
        kept
    }

    async fn upload(&mut self, client: &Client, size: usize) {
        let file = Png::of_size(size).bytes();
        let image = client.upload(file.clone()).await;
        self.images.insert(0, (image, file));
    }

    /// Checks that every acknowledged image is there, and no other.
    async fn check(&self, client: &Client) {
        let images: Vec<&Value> = self.images.iter().map(|(image, _)| image).collect();
        assert_eq!(client.list().await.iter().collect::<Vec<_>>(), images);
        for (image, file) in &self.images {
            assert!(client.download(image).await == *file, "{image}");
        }
    }
}

async fn unavailable(response: reqwest::Response) {
    let retry_after = response.headers().get("retry-after").cloned();
    problem(response, 503, "unavailable").await;
    assert!(retry_after.is_some(), "no Retry-After");
}

/// Uploads until the store has room again.
async fn recovers(client: &Client, kept: &mut Kept) {
    let accepted = || async {
        let response = client.send(FIXTURES[0].bytes).await;
        let status = response.status();
        assert!(matches!(status.as_u16(), 201 | 503), "{status}");
        match status.as_u16() {
            201 => {
                let image: Value = response.json().await.expect("JSON");
                client.delete(path(&image)).await.status() == 204
            }
            _ => false,
        }
    };
    assert_eq!(eventually(accepted).await, Ok(()));
    kept.upload(client, SIZE - 1).await;
    kept.check(client).await;
}

#[tokio::test]
async fn a_full_disk_is_reported_and_survived() {
    let darkroom = Darkroom::with().on(Disk::Small(24)).start();
    let alice = darkroom.client("alice");
    let mut kept = Kept::new(&alice).await;
    let ballast = darkroom.disk().join("ballast");
    let mut file = std::fs::File::create(&ballast).expect("the disk is visible");
    while file.write_all(&[0; 4096]).is_ok() {}
    for size in [SIZE - 7, 4 * SIZE, 2 * SIZE] {
        unavailable(alice.send(Png::of_size(size).bytes()).await).await;
    }
    // Requests that need no space still work.
    kept.check(&alice).await;
    assert_eq!(alice.get("/health/live").await.status(), 200);
    drop(file);
    std::fs::remove_file(ballast).expect("removed");
    recovers(&alice, &mut kept).await;
}

#[tokio::test]
async fn a_disk_that_refuses_writes_is_reported_and_survived() {
    if spin_differs("its stores are in a separate process") {
        return;
    }
    let darkroom = Darkroom::with().on(Disk::Limited).start();
    let alice = darkroom.client("alice");
    let mut kept = Kept::new(&alice).await;
    darkroom.limit_files(Some(0));
    for size in [9_000, SIZE - 7] {
        unavailable(alice.send(Png::of_size(size).bytes()).await).await;
    }
    let (image, _) = &kept.images[0];
    unavailable(alice.delete(path(image)).await).await;
    kept.check(&alice).await;
    darkroom.limit_files(None);
    recovers(&alice, &mut kept).await;
}

#[tokio::test]
async fn a_catalog_that_another_program_locks_is_reported_and_survived() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let mut kept = Kept::new(&alice).await;
    let other = darkroom.catalog();
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("the catalog is locked");
    let keyed = || {
        send(
            alice
                .post()
                .header("idempotency-key", "k")
                .body(FIXTURES[1].bytes),
        )
    };
    let files = [9_000, 9_001].map(|size| Png::of_size(size).bytes());
    let (keyed_first, first, second) = tokio::join!(
        keyed(),
        alice.send(files[0].clone()),
        alice.send(files[1].clone()),
    );
    for response in [keyed_first, first, second] {
        unavailable(response).await;
    }
    kept.check(&alice).await;
    other
        .execute_batch("ROLLBACK")
        .expect("the catalog is unlocked");
    // An idempotency key whose request failed in this way is free again.
    assert_eq!(keyed().await.status(), 201);
    // A commit that was given up may have succeeded since: its image is then whole.
    for image in alice.list().await {
        if !kept.images.iter().any(|(known, _)| *known == image) {
            let bytes = alice.download(&image).await;
            let is_sent = bytes == FIXTURES[1].bytes || files.contains(&bytes);
            assert!(is_sent, "{image}");
            assert_eq!(alice.delete(path(&image)).await.status(), 204);
        }
    }
    recovers(&alice, &mut kept).await;
}

#[tokio::test]
async fn a_damaged_catalog_is_reported_and_can_be_repaired_while_serving() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let mut kept = Kept::new(&alice).await;
    // Then everything is in the file itself, and nothing in its write-ahead log.
    let emptied = || async {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = darkroom
            .catalog()
            .query_row(sql, [], |row| row.get::<_, i64>(0));
        busy == Ok(0)
    };
    assert_eq!(eventually(emptied).await, Ok(()));
    let intact = std::fs::read(darkroom.catalog_path()).expect("read");
    let write = |from: usize, bytes: &[u8]| {
        let file = std::fs::File::options()
            .write(true)
            .open(darkroom.catalog_path());
        let mut file = file.expect("opened");
        file.seek(SeekFrom::Start(from as u64)).expect("there");
        file.write_all(bytes).expect("written");
    };
    write(4096, &vec![0xa5; intact.len() - 4096]);
    let (image, _) = &kept.images[0];
    unavailable(alice.get(content(image)).await).await;
    unavailable(alice.get("/v1/images").await).await;
    unavailable(alice.send(Png::of_size(9_000).bytes()).await).await;
    let many = json!({"ids": [image["id"]]});
    let deletion = alice.json(Method::POST, "/v1/images/delete", &many);
    unavailable(deletion.await).await;
    assert_eq!(alice.get("/health/live").await.status(), 200);
    assert!(darkroom.log().contains("malformed"), "{}", darkroom.log());
    write(4096, &intact[4096..]);
    recovers(&alice, &mut kept).await;
}
