//! Rolling upgrades: the previous version and this one serve the same stores at the same time.
//!
//! The previous version is that of the components in the directory `DARKROOM_TEST_PREVIOUS`
//! (docs/operations.md says how to build them). Without it, this version takes its place, which shows
//! only that the drill works.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Darkroom, Png, Setup, content, created, path, send};

/// How many images each version makes in each round.
const EACH: usize = 4;

/// An image, the version that made it, and what it has to be.
struct Made {
    image: Value,
    bytes: Bytes,
    url: String,
}

async fn make(client: &Client, size: usize) -> Made {
    let bytes = Png::of_size(size).bytes();
    let image = client.upload(bytes.clone()).await;
    let tags = json!({"tags": [format!("of-{size}")], "visibility": "public"});
    let changed = client.json(Method::PATCH, path(&image), &tags).await;
    assert_eq!(changed.status(), 200);
    let url = client.url(&image).await;
    Made { image, bytes, url }
}

/// Uses on one version what another has made.
async fn take_over(client: &Client, anonymous: &Client, made: &Made) {
    assert_eq!(client.download(&made.image).await, made.bytes);
    let linked = anonymous.get(&made.url).await;
    assert_eq!(linked.status(), 200);
    assert_eq!(linked.bytes().await.expect("all bytes"), made.bytes);
    let change = json!({"metadata": {"taken": "over"}});
    let changed = client.json(Method::PATCH, path(&made.image), &change).await;
    assert_eq!(changed.status(), 200);
    let derived = client.get(&format!("{}?w=5", content(&made.image))).await;
    assert_eq!(derived.status(), 200);
}

/// Begins a resumable upload, of which each version receives a half.
async fn in_halves(first: &Client, second: &Client) {
    let file = Png::of_size(900_000).bytes();
    let begin = first.request(Method::POST, "/v1/uploads");
    let begin = begin.header("tus-resumable", "1.0.0");
    let begun = send(begin.header("upload-length", file.len())).await;
    assert_eq!(begun.status(), 201);
    let url = begun.headers()["location"]
        .to_str()
        .expect("a URL")
        .to_owned();
    let half = file.len() / 2;
    for (client, start, piece) in [
        (first, 0, file.slice(..half)),
        (second, half, file.slice(half..)),
    ] {
        let piece = client
            .request(Method::PATCH, &url)
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", start)
            .header("content-type", "application/offset+octet-stream")
            .body(piece);
        assert_eq!(send(piece).await.status(), 204);
    }
}

/// A ticket of one version is used on the other, once.
async fn with_a_ticket(first: &Client, second: &Client) {
    let ticket = first.ticket(&json!({"expires_in": 60})).await;
    let file = Png::of_size(1000).bytes();
    created(second.send_to(&ticket, file.clone()).await).await;
    assert_eq!(first.send_to(&ticket, file).await.status(), 409);
}

async fn drill(previous: &Darkroom, next: &Darkroom) -> usize {
    let (old, new) = (previous.client("alice"), next.client("alice"));
    let (by_old, by_new) = (previous.anonymous(), next.anonymous());
    let mut all = Vec::new();
    for round in 0..3 {
        let size = |number: usize| 2000 + 100 * (round * EACH + number);
        let of_old =
            futures_util::future::join_all((0..EACH).map(|number| make(&old, size(number))));
        // Some of the same content, which is stored once.
        let of_new =
            futures_util::future::join_all((0..EACH).map(|number| make(&new, size(number + 2))));
        let (of_old, of_new) = tokio::join!(of_old, of_new);
        tokio::join!(
            futures_util::future::join_all(
                of_old.iter().map(|made| take_over(&new, &by_new, made))
            ),
            futures_util::future::join_all(
                of_new.iter().map(|made| take_over(&old, &by_old, made))
            ),
            in_halves(&old, &new),
            in_halves(&new, &old),
            with_a_ticket(&old, &new),
            with_a_ticket(&new, &old),
        );
        all.extend(of_old.into_iter().chain(of_new));
    }
    let made = all.len() + 3 * 4;
    // Each deletes what the other has made.
    for (made, client) in all
        .iter()
        .take(2 * EACH)
        .zip([&new, &old].into_iter().cycle())
    {
        assert_eq!(client.delete(path(&made.image)).await.status(), 204);
    }
    made - 2 * EACH
}

fn setup(previous: bool) -> Setup {
    let setup = Darkroom::with().variable("delete_grace_seconds", 1);
    match std::env::var_os("DARKROOM_TEST_PREVIOUS").filter(|_| previous) {
        Some(folder) => setup.components(folder.into()),
        None => setup,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_previous_version_and_this_one_serve_the_same_stores() {
    let previous = setup(true).start();
    let before = make(&previous.client("alice"), 1500).await;
    let next = setup(false).on_stores_of(&previous).start();
    take_over(&next.client("alice"), &next.anonymous(), &before).await;
    let images = 1 + drill(&previous, &next).await;
    let mut bytes = Vec::new();
    for server in [&previous, &next] {
        let root = server.scoped("root", "admin");
        root.sweep().await;
        let audited = root.audit(&json!({"limit": 200})).await;
        assert_eq!(audited["findings"], json!([]));
        assert_eq!(audited["images"], images);
        bytes.push(audited["bytes"].clone());
    }
    assert_eq!(bytes[0], bytes[1]);
}
