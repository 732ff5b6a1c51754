//! `GET /v1/images`: pages, newest first.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Client, Darkroom, fixture, path, problem, unique};

async fn page(client: &Client, query: &str) -> (Value, Option<String>) {
    let response = client.get(&format!("/v1/images{query}")).await;
    assert_eq!(response.status(), 200, "{query}");
    let link = response.headers().get("link");
    let link = link.map(|link| link.to_str().expect("readable").to_owned());
    (response.json().await.expect("JSON"), link)
}

async fn upload_many(client: &Client, count: usize) -> Vec<Value> {
    let mut images = Vec::new();
    for _ in 0..count {
        images.push(client.upload(fixture("still.gif").bytes).await);
    }
    images.reverse();
    images
}

#[tokio::test]
async fn a_walk_by_cursor_returns_every_image_once_newest_first() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let images = upload_many(&alice, 25).await;
    let mut met = Vec::new();
    let mut query = "?limit=4".to_owned();
    loop {
        let (page, link) = page(&alice, &query).await;
        let items = page["items"].as_array().expect("items");
        met.extend(items.iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!((items.len(), link), (1, None));
            break;
        };
        assert_eq!(items.len(), 4);
        query = format!("?limit=4&cursor={cursor}");
        let expected = format!("</v1/images{query}>; rel=\"next\"");
        assert_eq!(link, Some(expected));
    }
    assert_eq!(met, images);
    assert_eq!(alice.list().await, images);
}

#[tokio::test]
async fn a_walk_is_not_disturbed_by_uploads_and_deletions() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let images = upload_many(&alice, 9).await;
    let (first, _) = page(&alice, "?limit=3").await;
    upload_many(&alice, 2).await;
    // Deletes the image that the cursor names, and one of a later page.
    for gone in [&images[2], &images[4]] {
        assert_eq!(alice.delete(path(gone)).await.status(), 204);
    }
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let (rest, _) = page(&alice, &format!("?limit=200&cursor={cursor}")).await;
    let expected = [3, 5, 6, 7, 8].map(|at| images[at].clone());
    assert_eq!(rest["items"], json!(expected));
}

#[tokio::test]
async fn a_full_last_page_has_no_next() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let (empty, link) = page(&alice, "").await;
    assert_eq!(empty, json!({"items": [], "next_cursor": null}));
    assert_eq!(link, None);
    let images = upload_many(&alice, 2).await;
    for limit in [2, 3, 200] {
        let (page, link) = page(&alice, &format!("?limit={limit}")).await;
        assert_eq!(page, json!({"items": images, "next_cursor": null}));
        assert_eq!(link, None);
    }
}

#[tokio::test]
async fn images_of_one_moment_are_not_lost_between_pages() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let parts = (0..20).fold(reqwest::multipart::Form::new(), |form, _| {
        form.part(
            "file",
            reqwest::multipart::Part::bytes(fixture("still.gif").bytes),
        )
    });
    let response = crate::support::send(alice.post().multipart(parts)).await;
    assert_eq!(response.status(), 201);
    let mut ids = BTreeSet::new();
    let mut query = "?limit=7".to_owned();
    for count in [7, 7, 6] {
        let (page, _) = page(&alice, &query).await;
        let items = page["items"].as_array().expect("items");
        assert_eq!(items.len(), count);
        ids.extend(items.iter().map(|image| image["id"].to_string()));
        let cursor = page["next_cursor"].as_str().unwrap_or_default();
        query = format!("?limit=7&cursor={cursor}");
    }
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn invalid_limits_and_cursors_are_refused() {
    let alice = Darkroom::shared().client(&unique("alice"));
    upload_many(&alice, 2).await;
    let (first, _) = page(&alice, "?limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=ten",
        "limit=99999999999999999999",
        "limit=",
        "limit=1&limit=2",
        "cursor=",
        "cursor=abc",
        &format!("cursor={cursor}A"),
        &format!("cursor={cursor}="),
        &format!("cursor={}", &cursor[1..]),
        "cursor=%00",
        "cursor=%F0%9F%90%88",
    ] {
        let response = alice.get(&format!("/v1/images?{query}")).await;
        assert_eq!(response.status(), 400, "{query}");
        problem(response, 400, "bad-request").await;
    }
}

#[tokio::test]
async fn links_begin_with_the_public_base_url() {
    let base = "https://images.example.com/darkroom";
    let darkroom = Darkroom::with().variable("public_base_url", base).start();
    let alice = darkroom.client("alice");
    let images = upload_many(&alice, 2).await;
    for image in &images {
        let itself = format!("{base}/v1/images/{}", image["id"].as_str().expect("an id"));
        let content = format!("{itself}/content");
        assert_eq!(image["links"], json!({"self": itself, "content": content}));
    }
    let (_, link) = page(&alice, "?limit=1").await;
    assert!(link.is_some_and(|link| link.starts_with(&format!("<{base}/v1/images?"))));
}
