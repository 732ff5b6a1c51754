//! nginx in front as a caching proxy, configured as in docs/delivery.md.

use bytes::Bytes;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    Client, Darkroom, Nginx, Png, content, created, eventually, header, path, problem, send, unique,
};

const SIZE: usize = 1_500_000;

#[test]
fn the_documented_configuration_is_the_tested_one() {
    let recipe = include_str!("../../recipes/nginx-cache.conf");
    let document = include_str!("../../../docs/delivery.md");
    assert!(document.contains(&format!("```nginx\n{recipe}```\n")));
}

/// A proxy, an owner, and an image that the owner has uploaded through the proxy.
struct Stage {
    nginx: Nginx,
    alice: Client,
    anonymous: Client,
    image: Value,
    file: Bytes,
}

impl Stage {
    /// Starts with some lines of the recipe `replaced`.
    async fn new(visibility: &str, replaced: &[(&str, &str)]) -> Option<Self> {
        let nginx = Nginx::before(&Darkroom::shared(), replaced)?;
        let alice = nginx.client(&unique("alice"));
        let file = Png::of_size(SIZE).bytes();
        let image = created(alice.send(file.clone()).await).await;
        let change = json!({"visibility": visibility});
        let changed = alice.json(Method::PATCH, path(&image), &change).await;
        assert_eq!(changed.status(), 200);
        Some(Self {
            anonymous: nginx.anonymous(),
            nginx,
            alice,
            image,
            file,
        })
    }

    /// Requests the image without a token, with these header fields.
    async fn get(&self, fields: &[(&str, &str)]) -> Response {
        ask(&self.anonymous, content(&self.image), fields).await
    }

    /// Requests the image until the cache reports this status. Every answer must have the whole
    /// image.
    async fn get_until(&self, cache_status: &str) {
        let answered = eventually(|| async {
            let response = self.get(&[]).await;
            let matches = header(&response, "x-cache-status") == cache_status;
            assert_eq!(response.status(), 200);
            assert!(response.bytes().await.expect("all bytes") == self.file);
            matches
        });
        let answered = answered.await;
        assert_eq!(
            answered,
            Ok(()),
            "the cache never reported {cache_status}: {}",
            self.nginx.log()
        );
    }

    /// Checks the answers to ranges, whether the cache or the server gives them.
    async fn check_ranges(&self, client: &Client) {
        for (range, start, end) in [
            ("bytes=0-0", 0, 1),
            ("bytes=500000-999999", 500_000, 1_000_000),
            ("bytes=262143-262144", 262_143, 262_145),
            ("bytes=-100", SIZE - 100, SIZE),
            ("bytes=1400000-", 1_400_000, SIZE),
        ] {
            let response = ask(client, content(&self.image), &[("range", range)]).await;
            assert_eq!(response.status(), 206, "{range}: {}", self.nginx.log());
            let expected = format!("bytes {start}-{}/{SIZE}", end - 1);
            assert_eq!(header(&response, "content-range"), expected);
            let body = response.bytes().await.expect("all bytes");
            assert!(body == self.file.slice(start..end), "{range}");
        }
    }
}

async fn ask(client: &Client, url: &str, fields: &[(&str, &str)]) -> Response {
    let request = client.request(Method::GET, url);
    let add = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    send(fields.iter().fold(request, add)).await
}

#[tokio::test]
async fn a_public_image_is_cached_and_revalidated_by_its_etag() {
    let Some(stage) = Stage::new("public", &[]).await else {
        return;
    };
    let first = stage.get(&[]).await;
    assert_eq!(header(&first, "x-cache-status"), "MISS");
    let etag = header(&first, "etag").to_owned();
    assert!(first.bytes().await.expect("all bytes") == stage.file);
    for _ in 0..2 {
        stage.get_until("HIT").await;
        // The cache has revalidated, and got the answer that nothing has changed.
        stage.get_until("REVALIDATED").await;
    }
    stage.check_ranges(&stage.anonymous).await;
    let known = stage.get(&[("if-none-match", &etag)]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let resumed = [("range", "bytes=9-"), ("if-range", etag.as_str())];
    assert_eq!(stage.get(&resumed).await.status(), 206);
}

#[tokio::test]
async fn a_public_image_is_cached_in_slices() {
    let slices = [
        (
            "proxy_cache_key $request_uri;",
            "slice 256k;\nproxy_set_header Range $slice_range;\n\
             proxy_cache_key $request_uri$slice_range;",
        ),
        ("proxy_cache_valid 200 1s;", "proxy_cache_valid 200 206 1s;"),
    ];
    let Some(stage) = Stage::new("public", &slices).await else {
        return;
    };
    stage.check_ranges(&stage.anonymous).await;
    stage.get_until("HIT").await;
    stage.get_until("REVALIDATED").await;
    stage.check_ranges(&stage.anonymous).await;
    stage.check_ranges(&stage.alice).await;
    let small = Stage {
        file: Png::of_size(1000).bytes(),
        ..stage
    };
    let image = created(small.alice.send(small.file.clone()).await).await;
    assert!(small.alice.download(&image).await == small.file);
}

#[tokio::test]
async fn a_private_image_is_never_served_without_a_token() {
    let Some(stage) = Stage::new("private", &[]).await else {
        return;
    };
    let refused = async || {
        for fields in [
            [].as_slice(),
            &[("if-none-match", "*")],
            &[("range", "bytes=0-9")],
        ] {
            problem(stage.get(fields).await, 401, "unauthorized").await;
        }
    };
    refused().await;
    for _ in 0..3 {
        assert!(stage.alice.download(&stage.image).await == stage.file);
        stage.check_ranges(&stage.alice).await;
        refused().await;
    }
    let bob = stage.nginx.client(&unique("bob"));
    problem(bob.get(content(&stage.image)).await, 404, "not-found").await;
}

#[tokio::test]
async fn an_image_made_private_soon_leaves_the_cache_and_stays_out() {
    let Some(stage) = Stage::new("public", &[]).await else {
        return;
    };
    stage.get_until("HIT").await;
    let change = json!({"visibility": "private"});
    let changed = stage.alice.json(Method::PATCH, path(&stage.image), &change);
    assert_eq!(changed.await.status(), 200);
    let refused = eventually(|| async { stage.get(&[]).await.status() == 401 });
    assert_eq!(refused.await, Ok(()));
    // The cache still has the bytes. That an owner revalidates them must not make them available
    // to others.
    let etag = format!("\"{}\"", stage.image["sha256"].as_str().expect("hex"));
    for _ in 0..3 {
        let known = [("if-none-match", etag.as_str())];
        let known = ask(&stage.alice, content(&stage.image), &known).await;
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
        assert!(stage.alice.download(&stage.image).await == stage.file);
        problem(stage.get(&[]).await, 401, "unauthorized").await;
    }
}

#[tokio::test]
async fn a_link_is_cached_until_it_is_revoked() {
    let Some(stage) = Stage::new("private", &[]).await else {
        return;
    };
    let url = stage.alice.url(&stage.image).await;
    let kept = eventually(|| async {
        let response = stage.anonymous.get(&url).await;
        assert_eq!(response.status(), 200);
        header(&response, "x-cache-status") == "HIT"
    });
    assert_eq!(kept.await, Ok(()));
    let changed = url.replace("signature=", "signature=x");
    problem(stage.anonymous.get(&changed).await, 403, "link-invalid").await;
    assert_eq!(stage.alice.revoke(&stage.image).await.status(), 204);
    let gone = eventually(|| async { stage.anonymous.get(&url).await.status() == 410 });
    assert_eq!(gone.await, Ok(()));
    problem(stage.get(&[]).await, 401, "unauthorized").await;
}

#[tokio::test]
async fn changes_through_the_proxy_keep_their_conditions() {
    let Some(stage) = Stage::new("public", &[]).await else {
        return;
    };
    let itself = path(&stage.image);
    let shown = stage.alice.get(itself).await;
    let etag = header(&shown, "etag").to_owned();
    for (status, tags) in [(200, json!(["a"])), (412, json!(["b"]))] {
        let change = stage.alice.request(Method::PATCH, itself);
        let change = change
            .header("if-match", &etag)
            .json(&json!({"tags": tags}));
        assert_eq!(send(change).await.status(), status);
    }
    let deletion = stage.alice.request(Method::DELETE, itself);
    let refused = send(deletion.header("if-match", &etag)).await;
    problem(refused, 412, "precondition-failed").await;
    assert_eq!(stage.alice.delete(itself).await.status(), 204);
    // Without a token, a client cannot find out whether the image ever existed.
    let gone = eventually(|| async { stage.get(&[]).await.status() == 401 });
    assert_eq!(gone.await, Ok(()));
}
