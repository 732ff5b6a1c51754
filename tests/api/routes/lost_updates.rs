//! `If-Match` and the other conditions on the image object: no change is lost unnoticed.

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{Client, Darkroom, fixture, header, path, problem, send, unique};

async fn change(client: &Client, image: &Value, etag: &str, change: &Value) -> Response {
    let request = client.request(Method::PATCH, path(image));
    send(request.header("if-match", etag).json(change)).await
}

async fn shown(client: &Client, image: &Value) -> (Value, String) {
    let response = client.get(path(image)).await;
    let etag = header(&response, "etag").to_owned();
    (response.json().await.expect("JSON"), etag)
}

#[tokio::test]
async fn one_of_sixteen_concurrent_changes_to_the_same_state_succeeds() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for _ in 0..4 {
        let image = alice.upload(fixture("still.gif").bytes).await;
        let (_, etag) = shown(&alice, &image).await;
        let changes = (0..16).map(|number| {
            let (alice, image, etag) = (&alice, &image, &etag);
            async move { change(alice, image, etag, &json!({"tags": [number.to_string()]})).await }
        });
        let mut made = Vec::new();
        for response in join_all(changes).await {
            if response.status() == 200 {
                let etag = header(&response, "etag").to_owned();
                made.push((response.json().await.expect("JSON"), etag));
            } else {
                problem(response, 412, "precondition-failed").await;
            }
        }
        assert_eq!(made, [shown(&alice, &image).await]);
    }
}

#[tokio::test]
async fn one_of_concurrent_changes_and_a_deletion_succeeds() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for _ in 0..4 {
        let image = alice.upload(fixture("still.gif").bytes).await;
        let (_, etag) = shown(&alice, &image).await;
        let requests = (0..8).map(|number| {
            let (alice, image, etag) = (&alice, &image, &etag);
            async move {
                if number % 2 == 0 {
                    let tags = json!({"tags": [number.to_string()]});
                    return change(alice, image, etag, &tags).await;
                }
                let request = alice.request(Method::DELETE, path(image));
                send(request.header("if-match", etag)).await
            }
        });
        let answers = join_all(requests).await;
        let statuses: Vec<_> = answers
            .iter()
            .map(|answer| answer.status().as_u16())
            .collect();
        let done = statuses.iter().filter(|status| **status < 300).count();
        assert_eq!(done, 1, "{statuses:?}");
        assert!(
            statuses
                .iter()
                .all(|status| [200, 204, 404, 412].contains(status))
        );
    }
}

#[tokio::test]
async fn changes_without_a_condition_all_succeed() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let changes = (0..16).map(|number: u32| {
        let (alice, image) = (&alice, &image);
        let member = json!({"metadata": {number.to_string(): "x"}});
        async move {
            alice
                .json(Method::PATCH, path(image), &member)
                .await
                .status()
        }
    });
    assert!(join_all(changes).await.iter().all(|status| *status == 200));
    let (image, _) = shown(&alice, &image).await;
    assert_eq!(
        image["metadata"].as_object().map(serde_json::Map::len),
        Some(16)
    );
}

#[tokio::test]
async fn the_etag_of_an_object_changes_with_the_object_and_only_then() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let response = alice.send(fixture("still.gif").bytes).await;
    let created = header(&response, "etag").to_owned();
    let image: Value = response.json().await.expect("JSON");
    assert_eq!(
        shown(&alice, &image).await,
        (image.clone(), created.clone())
    );
    let again = alice.request(Method::GET, path(&image));
    let again = send(again.header("if-none-match", format!("\"x\", W/{created}"))).await;
    assert_eq!(again.status(), 304);
    assert_eq!(header(&again, "etag"), created);
    assert!(again.headers().get("content-length").is_none());
    // Links are not part of the object, so revoking them does not change it.
    assert_eq!(alice.revoke(&image).await.status(), 204);
    assert_eq!(shown(&alice, &image).await.1, created);
    let edited = change(&alice, &image, &created, &json!({"visibility": "public"})).await;
    let etag = header(&edited, "etag").to_owned();
    assert_ne!(etag, created);
    let edited: Value = edited.json().await.expect("JSON");
    assert_eq!(shown(&alice, &edited).await, (edited.clone(), etag));
}

#[tokio::test]
async fn conditions_on_dates_protect_changes_too() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let response = alice.get(path(&image)).await;
    let modified = header(&response, "last-modified").to_owned();
    let change = |date: &str| {
        let request = alice.request(Method::PATCH, path(&image));
        let request = request.header("if-unmodified-since", date);
        send(request.json(&json!({"tags": ["a"]})))
    };
    let refused = change("Sun, 06 Nov 1994 08:49:37 GMT").await;
    problem(refused, 412, "precondition-failed").await;
    assert_eq!(change(&modified).await.status(), 200);
    assert_eq!(change("no date").await.status(), 200);
}
