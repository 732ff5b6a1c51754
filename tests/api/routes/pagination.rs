//! Walks from page to page: while images are added and deleted, and with cursors of other walks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{ALL_SCOPES, Client, Darkroom, KEYS, Png, path, problem, token_by, unique};

const NEW_KEY: &str = "new:bmV3LWtleS1mb3ItZGFya3Jvb20tZW5kLXRvLWVuZC10ZXN0cw";

async fn page(client: &Client, query: &str) -> Value {
    let response = client.get(&format!("/v1/images?{query}")).await;
    assert_eq!(response.status(), 200, "{query}");
    response.json().await.expect("JSON")
}

/// How often a walk returns each image, by id.
async fn walk(client: &Client, query: &str) -> BTreeMap<String, usize> {
    let mut met = BTreeMap::new();
    let mut next = query.to_owned();
    loop {
        let page = page(client, &next).await;
        for item in page["items"].as_array().expect("items") {
            *met.entry(id(item).to_owned()).or_default() += 1;
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            return met;
        };
        next = format!("{query}&cursor={cursor}");
    }
}

fn id(image: &Value) -> &str {
    image["id"].as_str().expect("an id")
}

async fn upload(client: &Client, seed: usize, tag: &str) -> Value {
    let name = format!("{}.png", seed * 7919 % 1000);
    let part = reqwest::multipart::Part::stream(Png::of_size(300 + seed % 50).bytes());
    let form = reqwest::multipart::Form::new()
        .part("file", part.file_name(name))
        .text("tags", tag.to_owned());
    crate::support::created(crate::support::send(client.post().multipart(form)).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn images_that_stay_are_returned_once_while_others_come_change_and_go() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let mut staying = Vec::new();
    for seed in 0..30 {
        staying.push(upload(&alice, seed, "stays").await);
    }
    let (done, client) = (AtomicBool::new(false), alice.clone());
    let trouble = async {
        let mut seed = 1000;
        while !done.load(Ordering::Relaxed) {
            let image = upload(&client, seed, "goes,stays").await;
            let patch = json!({"tags": ["stays"], "filename": format!("{seed}.png")});
            let edited = client.json(Method::PATCH, path(&image), &patch).await;
            assert_eq!(edited.status(), 200);
            if seed % 2 == 0 {
                assert_eq!(client.delete(path(&image)).await.status(), 204);
            }
            seed += 1;
        }
    };
    let walks = async {
        for sort in [
            "created_at",
            "-created_at",
            "size",
            "-size",
            "filename",
            "-filename",
        ] {
            for filter in ["", "&tag=stays", "&tag=stays&filename=png&max_width=1"] {
                let query = format!("sort={sort}&limit=3{filter}");
                let met = walk(&alice, &query).await;
                for image in &staying {
                    assert_eq!(met.get(id(image)), Some(&1), "{query}: {image}");
                }
            }
        }
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(trouble, walks);
}

#[tokio::test]
async fn a_cursor_is_valid_only_for_its_own_walk() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    for seed in 0..3 {
        upload(&alice, seed, "a,b").await;
    }
    let first = page(&alice, "limit=1&tag=b&tag=a&sort=size").await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    // The order of parameters and the length of pages are not part of the walk.
    for same in [
        "sort=size&tag=a&tag=b&limit=2",
        "tag=b&sort=size&tag=a&tag=a",
    ] {
        assert_eq!(
            page(&alice, &format!("{same}&cursor={cursor}")).await["items"]
                .as_array()
                .map(Vec::len),
            Some(2)
        );
    }
    for other in [
        "",
        "tag=a&tag=b",
        "tag=a&tag=b&sort=-size",
        "tag=a&sort=size",
        "tag=a&tag=b&sort=size&visibility=private",
    ] {
        let response = alice
            .get(&format!("/v1/images?{other}&cursor={cursor}"))
            .await;
        problem(response, 400, "bad-request").await;
    }
    let query = format!("/v1/images?tag=a&tag=b&sort=size&cursor={cursor}");
    for stranger in [
        darkroom.client(&unique("bob")),
        darkroom.scoped("root", "admin"),
    ] {
        problem(stranger.get(&query).await, 400, "bad-request").await;
    }
}

#[tokio::test]
async fn a_cursor_with_any_character_changed_is_refused() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for seed in 0..2 {
        upload(&alice, seed, "t").await;
    }
    let first = page(&alice, "limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    for at in 0..cursor.len() {
        let mut changed = cursor.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        let response = alice.get(&format!("/v1/images?cursor={changed}")).await;
        problem(response, 400, "bad-request").await;
    }
    for cut in 0..cursor.len() {
        let response = alice
            .get(&format!("/v1/images?cursor={}", &cursor[..cut]))
            .await;
        problem(response, 400, "bad-request").await;
    }
}

#[tokio::test]
async fn a_walk_continues_while_keys_are_rotated_until_its_key_is_dropped() {
    let ring = |keys: &str| Darkroom::with().variable("signing_keys", keys);
    let old = ring(KEYS).start();
    let owner = unique("alice");
    let client = |darkroom: &Darkroom, keys: &str| {
        Client::new(darkroom.address(), Some(token_by(keys, &owner, ALL_SCOPES)))
    };
    for seed in 0..3 {
        upload(&client(&old, KEYS), seed, "t").await;
    }
    let first = page(&client(&old, KEYS), "limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let both = ring(&format!("{NEW_KEY},{KEYS}"))
        .on_stores_of(&old)
        .start();
    let second = page(&client(&both, NEW_KEY), &format!("limit=1&cursor={cursor}")).await;
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1));
    let new = ring(NEW_KEY).on_stores_of(&old).start();
    let response = client(&new, NEW_KEY)
        .get(&format!("/v1/images?cursor={cursor}"))
        .await;
    problem(response, 400, "bad-request").await;
    let next = second["next_cursor"].as_str().expect("a cursor");
    let third = page(&client(&new, NEW_KEY), &format!("cursor={next}")).await;
    assert_eq!(third["items"].as_array().map(Vec::len), Some(1));
}

/// Inserts rows of images into the catalog, as if `owner` had uploaded them one after the other.
/// The widest is number `wide`.
fn fill(catalog: &std::path::Path, owner: &str, count: u32, wide: u32) {
    let connection = Connection::open(catalog).expect("the catalog opens");
    let sql =
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2)
        INSERT INTO images (id, owner, blob_id, chunk_size, size, sha256, content_type, width,
            height, frames, filename, visibility, tags, metadata, created_at, updated_at)
        SELECT printf('01900000-0000-7000-8000-%012x', n), ?1, 'x.' || n, 1000, 100 + n,
            printf('%064x', n), 'image/png', iif(n = ?3, 9000, 10), 10, 1, n || '.png', 'private',
            iif(n % 2, '[\"odd\",\"all\"]', '[\"all\"]'), '{}', 1700000000000 + n, 1700000000000 + n
        FROM numbers";
    connection
        .execute(sql, (owner, count, wide))
        .expect("rows are inserted");
}

#[tokio::test]
async fn pages_are_short_where_filters_match_rarely_and_the_walk_still_returns_all() {
    let mut darkroom = Darkroom::start();
    upload(&darkroom.client("alice"), 0, "t").await;
    darkroom.stop();
    fill(&darkroom.folder().join("catalog.db"), "alice", 5000, 2500);
    darkroom.start_again();
    let alice = darkroom.client("alice");
    for sort in ["created_at", "-created_at", "size", "-filename"] {
        for (filter, expected) in [
            ("min_width=9000", 1),
            ("tag=all&min_width=9000", 1),
            ("filename=2500.PNG", 1),
            ("tag=all&tag=odd", 2500),
            ("tag=all", 5000),
        ] {
            let query = format!("sort={sort}&limit=200&{filter}");
            let met = walk(&alice, &query).await;
            assert_eq!(met.len(), expected, "{query}");
            assert!(met.values().all(|times| *times == 1), "{query}");
        }
        let empty = page(&alice, &format!("sort={sort}&min_width=9000")).await;
        assert_eq!(empty["items"], json!([]));
        assert!(empty["next_cursor"].is_string());
    }
}
