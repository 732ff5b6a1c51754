//! `PATCH /v1/images/{id}`: which changes are accepted, and concurrent changes.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::{Client, Darkroom, fixture, path, problem, send, unique};

async fn patch(client: &Client, image: &Value, body: &Value) -> reqwest::Response {
    client.json(Method::PATCH, path(image), body).await
}

async fn patched(client: &Client, image: &Value, body: &Value) -> Value {
    let response = patch(client, image, body).await;
    assert_eq!(response.status(), 200, "{body}");
    response.json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_concurrent_patch_is_lost() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let members = (0..40).map(|n| {
        let body = json!({"metadata": {format!("key {n}"): format!("value {n}")}});
        let (alice, image) = (alice.clone(), image.clone());
        async move { patched(&alice, &image, &body).await }
    });
    let others = [
        json!({"filename": "new.gif"}),
        json!({"tags": ["a", "b"]}),
        json!({"visibility": "public"}),
    ];
    let others = others.iter().map(|body| patched(&alice, &image, body));
    let (answers, others) = tokio::join!(join_all(members), join_all(others));
    let shown: Value = alice.get(path(&image)).await.json().await.expect("JSON");
    let expected: Map<String, Value> = (0..40)
        .map(|n| (format!("key {n}"), json!(format!("value {n}"))))
        .collect();
    assert_eq!(shown["metadata"], Value::Object(expected));
    assert_eq!(shown["filename"], "new.gif");
    assert_eq!(shown["tags"], json!(["a", "b"]));
    assert_eq!(shown["visibility"], "public");
    // Each change has its own time, and the last one is shown.
    let times = answers
        .iter()
        .chain(&others)
        .map(|image| image["updated_at"].as_str());
    let mut times: Vec<_> = times.map(|time| time.expect("a time")).collect();
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), 43);
    assert_eq!(times.last().copied(), shown["updated_at"].as_str());
    assert_eq!(shown["created_at"], image["created_at"]);
}

#[tokio::test]
async fn an_invalid_member_is_refused_by_name_and_changes_nothing() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let tags = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
    for (body, field) in [
        (json!({"filename": ""}), "filename"),
        (json!({"filename": "a\nb"}), "filename"),
        (json!({"filename": "a/b"}), "filename"),
        (json!({"filename": ".."}), "filename"),
        (json!({"filename": "\u{202e}gpj.exe"}), "filename"),
        (json!({"filename": "a".repeat(256)}), "filename"),
        (json!({"filename": 1}), "filename"),
        (json!({"tags": "a"}), "tags"),
        (json!({"tags": [""]}), "tags"),
        (json!({"tags": ["a,b"]}), "tags"),
        (json!({"tags": ["a\u{7}"]}), "tags"),
        (json!({"tags": ["a".repeat(65)]}), "tags"),
        (json!({"tags": tags(33)}), "tags"),
        (json!({"tags": ["a", 1]}), "tags[1]"),
        (json!({"visibility": "secret"}), "visibility"),
        (json!({"visibility": true}), "visibility"),
        (json!({"metadata": []}), "metadata"),
        (json!({"metadata": {"a": 1}}), "metadata.a"),
        (json!({"metadata": {"a": {"b": "c"}}}), "metadata.a"),
        (json!({"metadata": {"": "a"}}), "metadata"),
        (json!({"metadata": {"a": "\u{0}"}}), "metadata"),
        (json!({"metadata": {"a\n": "b"}}), "metadata"),
        (json!({"metadata": {"a": "b".repeat(4096)}}), "metadata"),
        (json!({"owner": "bob"}), "owner"),
        (json!({"id": null}), "id"),
    ] {
        let details = problem(patch(&alice, &image, &body).await, 400, "bad-request").await;
        let detail = details["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(field), "{body}: {details}");
        assert_eq!(details["field"], field, "{body}: {details}");
    }
    let shown: Value = alice.get(path(&image)).await.json().await.expect("JSON");
    assert_eq!(shown, image);
    let full = json!({
        "filename": "é".repeat(127), "tags": tags(32), "metadata": {"a": "é".repeat(2047)},
    });
    let shown = patched(&alice, &image, &full).await;
    assert_eq!(shown["tags"], full["tags"]);
    assert_eq!(shown["metadata"], full["metadata"]);
    // The limit applies to all members together, not only to those of one patch.
    let more = json!({"metadata": {"b": "c"}});
    assert_eq!(patch(&alice, &image, &more).await.status(), 400);
}

#[tokio::test]
async fn a_body_that_is_not_a_patch_is_refused() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let deep = format!("{{\"metadata\":{}", "{\"a\":".repeat(10_000));
    let send = |body: Vec<u8>| {
        let request = alice.request(Method::PATCH, path(&image));
        let request = request.header("content-type", "application/merge-patch+json");
        send(request.body(body))
    };
    for body in [
        "",
        "null",
        "[]",
        "\"a\"",
        "{",
        "{\"tags\":[}",
        "{}{}",
        "{\"filename\":\"\\ud800\"}",
        "{'tags':[]}",
        &deep,
        "{\"filename\":\"a.gif\",\"filename\":\"b.gif\"}",
        "{\"metadata\":{\"a\":\"1\",\"a\":\"2\"}}",
    ] {
        problem(send(body.as_bytes().to_vec()).await, 400, "bad-request").await;
    }
    problem(
        send(b"{\"filename\":\"\xff.gif\"}".to_vec()).await,
        400,
        "bad-request",
    )
    .await;
    problem(send(vec![b' '; 70_000]).await, 413, "too-large").await;
    let shown: Value = alice.get(path(&image)).await.json().await.expect("JSON");
    assert_eq!(shown, image);
}
