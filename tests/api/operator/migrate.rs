//! Moving blobs from one store to another while serving.

use std::cell::Cell;

use bytes::Bytes;
use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Client, Darkroom, FIXTURES, Png, S3, content, path, problem, send};

const ROUTE: &str = "/v1/admin/migrate-blobs";

/// Runs one step, which must succeed.
async fn step(admin: &Client, body: Value) -> Value {
    let request = admin.request(reqwest::Method::POST, ROUTE).json(&body);
    let response = send(request).await;
    let status = response.status();
    let text = response.text().await.expect("a body");
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

/// Moves all blobs. Returns how many were moved.
async fn migrate(admin: &Client) -> u64 {
    let (mut moved, mut cursor) = (0, Value::Null);
    loop {
        let done = step(admin, json!({ "cursor": cursor, "limit": 2 })).await;
        assert_eq!(done["damaged"], json!([]));
        moved += done["moved"].as_u64().expect("a number");
        cursor = done["next_cursor"].clone();
        if cursor.is_null() {
            return moved;
        }
    }
}

/// A client that keeps working, and the images that it has.
struct Load {
    client: Client,
    images: Vec<(Value, Bytes)>,
    rounds: usize,
}

impl Load {
    async fn round(&mut self) {
        let file = Png::of_size(3_000 + self.rounds * 20_011).bytes();
        let image = self.client.upload(file.clone()).await;
        self.images.push((image, file));
        let (image, file) = &self.images[self.rounds % self.images.len()];
        assert!(self.client.download(image).await == *file, "{image}");
        if self.rounds.is_multiple_of(3) {
            let (image, _) = self.images.remove(self.rounds % 5);
            assert_eq!(self.client.delete(path(&image)).await.status(), 204);
            assert_eq!(self.client.get(content(&image)).await.status(), 404);
        }
        self.rounds += 1;
    }

    async fn check_all(&self, darkroom: &Darkroom) {
        assert_eq!(
            darkroom.images(),
            i64::try_from(self.images.len()).expect("few")
        );
        for (image, file) in &self.images {
            assert!(self.client.download(image).await == *file, "{image}");
        }
    }

    /// Moves all blobs under this load. Returns how many were moved.
    async fn migrate(&mut self, darkroom: &Darkroom) -> u64 {
        self.client = darkroom.client("alice");
        let admin = darkroom.scoped("root", "admin");
        let done = Cell::new(false);
        let migration = async {
            let moved = migrate(&admin).await;
            done.set(true);
            moved
        };
        let load = async {
            while !done.get() {
                self.round().await;
            }
        };
        let (moved, ()) = join(migration, load).await;
        assert_eq!(migrate(&admin).await, 0, "nothing is left to move");
        moved
    }
}

#[tokio::test]
async fn blobs_move_to_a_bucket_and_back_while_they_are_in_use() {
    let Some(s3) = S3::start().await else {
        return;
    };
    let mut darkroom = Darkroom::with().reaching(&s3).start();
    let client = darkroom.client("alice");
    let mut images = Vec::new();
    for file in FIXTURES {
        images.push((
            client.upload(file.bytes).await,
            Bytes::from_static(file.bytes),
        ));
    }
    for size in [500_000, 12_000_000, 3_000_000] {
        let file = Png::of_size(size).bytes();
        images.push((client.upload(file.clone()).await, file));
    }
    let stored = images.len() as u64;
    let mut load = Load {
        client,
        images,
        rounds: 0,
    };
    darkroom.stop();
    darkroom.set("blob_store", "s3");
    darkroom.set("blob_store_previous", "key-value");
    darkroom.start_again();
    assert_eq!(load.migrate(&darkroom).await, stored);
    assert_eq!(darkroom.chunks(), 0, "the key-value store is empty");
    load.check_all(&darkroom).await;

    darkroom.stop();
    darkroom.set("blob_store", "key-value");
    darkroom.set("blob_store_previous", "s3");
    darkroom.start_again();
    assert!(load.migrate(&darkroom).await > 0);
    assert_eq!((s3.objects().await, s3.uploads().await), (Vec::new(), 0));
    load.check_all(&darkroom).await;

    darkroom.stop();
    darkroom.set("blob_store_previous", "");
    darkroom.start_again();
    load.client = darkroom.client("alice");
    load.check_all(&darkroom).await;
}

#[tokio::test]
async fn only_admins_migrate_and_only_with_a_previous_store() {
    let darkroom = Darkroom::shared();
    let post = |client: Client, body: &'static str| async move {
        let request = client.request(reqwest::Method::POST, ROUTE);
        let request = request.header("content-type", "application/json");
        send(request.body(body)).await
    };
    problem(post(darkroom.anonymous(), "{}").await, 401, "unauthorized").await;
    let response = post(darkroom.client("alice"), "{}").await;
    problem(response, 403, "insufficient-scope").await;
    let admin = darkroom.scoped("root", "admin");
    let response = post(admin.clone(), "{}").await;
    problem(response, 409, "nothing-to-migrate").await;

    let Some(s3) = S3::start().await else {
        return;
    };
    let setup = Darkroom::with().blobs_in_s3(&s3);
    let darkroom = setup.variable("blob_store_previous", "key-value").start();
    let admin = darkroom.scoped("root", "admin");
    for body in [
        "{\"cursor\":\"../x\"}",
        "{\"limit\":0}",
        "{\"limit\":201}",
        "{\"x\":1}",
        "",
    ] {
        problem(post(admin.clone(), body).await, 400, "bad-request").await;
    }
    let done = step(&admin, json!({})).await;
    let nothing = json!({
        "moved": 0, "moved_bytes": 0, "moved_before": 0, "damaged": [], "next_cursor": null
    });
    assert_eq!(done, nothing);
}
