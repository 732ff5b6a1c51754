//! `Idempotency-Key` on uploads: one image and one answer, whatever happens in between.

use bytes::Bytes;
use futures_util::future::join_all;
use reqwest::multipart::{Form, Part};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::{
    Client, Darkroom, Png, Raw, eventually, fixture, header, path, problem, send, unique,
};

fn keyed(client: &Client, key: &str) -> RequestBuilder {
    client.post().header("idempotency-key", key)
}

async fn upload(client: &Client, key: &str, bytes: impl Into<reqwest::Body>) -> Response {
    send(keyed(client, key).body(bytes)).await
}

/// Status, `Location` and body.
async fn parts(response: Response) -> (u16, Option<String>, String) {
    let status = response.status().as_u16();
    let location = response.headers().get("location");
    let location = location.map(|location| location.to_str().expect("readable").to_owned());
    (status, location, response.text().await.expect("a body"))
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_creates_no_other_image() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = Png::of_size(700_000).bytes();
    let first = upload(&alice, "\"once\"", file.clone()).await;
    let etag = header(&first, "etag").to_owned();
    let first = parts(first).await;
    assert_eq!(first.0, 201, "{}", first.2);
    for key in ["\"once\"", "once"] {
        let again = upload(&alice, key, file.clone()).await;
        assert_eq!(header(&again, "etag"), etag);
        assert_eq!(parts(again).await, first);
    }
    let image: Value = serde_json::from_str(&first.2).expect("JSON");
    assert_eq!(alice.list().await, std::slice::from_ref(&image));
    let other = upload(&alice, "once", Png::of_size(700_001).bytes()).await;
    problem(other, 422, "idempotency-key-reused").await;
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    assert_eq!(parts(upload(&alice, "once", file).await).await, first);
    assert!(alice.list().await.is_empty());
}

#[tokio::test]
async fn a_form_may_be_repeated_with_another_boundary() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let form = |tags: &'static str| {
        let part = |name: &'static str| Part::bytes(fixture(name).bytes).file_name(name);
        let files = Form::new()
            .part("file", part("still.gif"))
            .part("file", part("grey.jpg"));
        keyed(&alice, "form").multipart(files.text("tags", tags))
    };
    let first = parts(send(form("a")).await).await;
    assert_eq!(first.0, 201, "{}", first.2);
    assert_eq!(parts(send(form("a")).await).await, first);
    problem(send(form("b")).await, 422, "idempotency-key-reused").await;
    assert_eq!(alice.list().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_concurrent_uploads_with_one_key_creates_an_image() {
    let darkroom = Darkroom::start();
    let second = Darkroom::with().on_stores_of(&darkroom).start();
    let clients = [darkroom.client("alice"), second.client("alice")];
    let file = Png::of_size(50_000).bytes();
    let uploads = (0..64).map(|n| {
        let (client, file) = (clients[n % 2].clone(), file.clone());
        async move {
            // A client that learns that the first upload is in progress repeats its request.
            for _ in 0..1000 {
                let answer = upload(&client, "many", file.clone()).await;
                if answer.status() != 409 {
                    return (parts(answer).await, true);
                }
                assert_eq!(header(&answer, "retry-after"), "1");
                problem(answer, 409, "idempotency-key-held").await;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            panic!("the first upload does not end");
        }
    });
    let answers = join_all(uploads).await;
    let (first, _) = &answers[0];
    assert_eq!(first.0, 201, "{}", first.2);
    assert!(answers.iter().all(|(answer, _)| answer == first));
    darkroom.holds_only(1, 1).await;
}

#[tokio::test]
async fn a_repeat_while_the_first_is_in_progress_is_refused_at_once() {
    let darkroom = Darkroom::start();
    let (alice, file) = (darkroom.client("alice"), Png::of_size(5000).bytes());
    let mut first = Raw::connect(&darkroom).await;
    let length = format!("Content-Length: {}", file.len());
    let lines = ["Idempotency-Key: \"slow\"", &length, "Connection: close"];
    first.begin_upload("alice", &lines).await;
    first.send(&file[..1000]).await;
    let begun = eventually(|| async { darkroom.keys() == 1 }).await;
    assert_eq!(begun, Ok(()), "{}", darkroom.log());
    let second = upload(&alice, "slow", file.clone()).await;
    problem(second, 409, "idempotency-key-held").await;
    first.send(&file[1000..]).await;
    let answer = first.response().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let (status, _, body) = parts(upload(&alice, "slow", file).await).await;
    assert!(
        status == 201 && answer.text.ends_with(&body),
        "{}",
        answer.text
    );
    assert_eq!(alice.list().await.len(), 1);
}

#[tokio::test]
async fn a_failed_or_interrupted_upload_does_not_use_up_the_key() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let (alice, file) = (darkroom.client(&owner), Png::of_size(5000).bytes());
    problem(
        upload(&alice, "again", b"text".to_vec()).await,
        415,
        "unsupported-type",
    )
    .await;
    let mut gone = Raw::connect(&darkroom).await;
    gone.begin_upload(&owner, &["Idempotency-Key: again", "Content-Length: 5000"])
        .await;
    gone.send(&file[..1000]).await;
    drop(gone);
    let taken =
        eventually(|| async { upload(&alice, "again", file.clone()).await.status() == 201 });
    assert_eq!(taken.await, Ok(()));
    assert_eq!(alice.list().await.len(), 1);
}

#[tokio::test]
async fn answers_survive_a_crash() {
    let mut darkroom = Darkroom::start();
    let file = Png::of_size(5000).bytes();
    let first = parts(upload(&darkroom.client("alice"), "kept", file.clone()).await).await;
    darkroom.kill();
    darkroom.start_again();
    let alice = darkroom.client("alice");
    assert_eq!(parts(upload(&alice, "kept", file).await).await, first);
    assert_eq!(alice.list().await.len(), 1);
}

#[tokio::test]
async fn each_owner_and_each_ticket_has_its_own_keys() {
    let darkroom = Darkroom::shared();
    let (alice, bob) = (
        darkroom.client(&unique("alice")),
        darkroom.client(&unique("bob")),
    );
    let file = Png::of_size(5000).bytes();
    let key = unique("key");
    let mut ids = Vec::new();
    for client in [&alice, &bob] {
        ids.push(parts(upload(client, &key, file.clone()).await).await.1);
    }
    let ticket = alice.ticket(&json!({"expires_in": 60})).await;
    let anonymous = darkroom.anonymous();
    let by_ticket = async |bytes: Bytes| {
        let request = anonymous.request(reqwest::Method::POST, &ticket);
        send(request.header("idempotency-key", &key).body(bytes)).await
    };
    let first = parts(by_ticket(file.clone()).await).await;
    assert_eq!(first.0, 201, "{}", first.2);
    assert_eq!(parts(by_ticket(file.clone()).await).await, first);
    ids.push(first.1);
    problem(
        by_ticket(Png::of_size(400).bytes()).await,
        422,
        "idempotency-key-reused",
    )
    .await;
    problem(anonymous.send_to(&ticket, file).await, 409, "ticket-spent").await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert_eq!(alice.list().await.len(), 2);
}

#[tokio::test]
async fn an_invalid_key_is_refused() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = Png::of_size(500).bytes();
    let long = "k".repeat(256);
    for key in [
        "",
        "\"\"",
        "\"open",
        "a b",
        "a,b",
        "\"a\";p=1",
        long.as_str(),
    ] {
        let details = problem(upload(&alice, key, file.clone()).await, 400, "bad-request").await;
        assert_eq!(details["header"], "Idempotency-Key", "{key}");
    }
    let twice = keyed(&alice, "a").header("idempotency-key", "a").body(file);
    problem(send(twice).await, 400, "bad-request").await;
    assert!(alice.list().await.is_empty());
}
