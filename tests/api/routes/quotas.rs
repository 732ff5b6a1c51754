//! The usage of owners, and their quotas.

use futures_util::future::join_all;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{ALL_SCOPES, Client, Darkroom, Png, Raw, SECRET, created, fixture, now};
use crate::support::{path, problem, send, signed, unique};

/// A client with a token that has this `quota`.
fn limited(darkroom: &Darkroom, owner: &str, quota: &Value) -> Client {
    let claims = json!({
        "sub": owner, "exp": now() + 300, "scope": ALL_SCOPES, "quota": quota,
    });
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": "test"});
    darkroom
        .anonymous()
        .with_token(signed(&header, &claims, SECRET))
}

async fn usage(client: &Client) -> Value {
    let response = client.get("/v1/usage").await;
    assert_eq!(response.status(), 200);
    response.json().await.expect("JSON")
}

/// The usage: images and bytes.
async fn kept(client: &Client) -> (u64, u64) {
    let usage = usage(client).await;
    let number = |name: &str| usage[name].as_u64().expect("a number");
    (number("images"), number("bytes"))
}

#[tokio::test]
async fn usage_follows_every_upload_and_deletion() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let unlimited = json!({"images": null, "bytes": null});
    let nothing = json!({"images": 0, "bytes": 0, "quota": unlimited});
    assert_eq!(usage(&alice).await, nothing);
    let file = Png::of_size(1000).bytes();
    let first = alice.upload(file.clone()).await;
    // The same content, stored once, counts again.
    let second = alice.upload(file).await;
    let third = alice.upload(fixture("still.gif").bytes).await;
    let small = fixture("still.gif").bytes.len() as u64;
    assert_eq!(kept(&alice).await, (3, 2000 + small));
    problem(alice.send("<html>").await, 415, "unsupported-type").await;
    assert_eq!(kept(&alice).await, (3, 2000 + small));
    assert_eq!(kept(&darkroom.client(&unique("bob"))).await, (0, 0));
    for (image, left) in [
        (&first, (2, 1000 + small)),
        (&third, (1, 1000)),
        (&second, (0, 0)),
    ] {
        assert_eq!(alice.delete(path(image)).await.status(), 204);
        assert_eq!(alice.delete(path(image)).await.status(), 404);
        assert_eq!(kept(&alice).await, left);
    }
    assert_eq!(usage(&alice).await, nothing);
}

#[tokio::test]
async fn usage_needs_the_scope_to_read() {
    let darkroom = Darkroom::shared();
    problem(
        darkroom.anonymous().get("/v1/usage").await,
        401,
        "unauthorized",
    )
    .await;
    let writer = darkroom.scoped("alice", "images:write images:delete");
    problem(writer.get("/v1/usage").await, 403, "insufficient-scope").await;
}

#[tokio::test]
async fn many_uploads_at_once_exceed_the_quota_by_no_byte() {
    let size = 3000;
    let quota = 10 * size + size - 1;
    let darkroom = Darkroom::with().variable("quota_bytes", quota).start();
    let alice = darkroom.client("alice");
    let answers = join_all((0..64).map(|_| alice.send(Png::of_size(3000).bytes()))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|answer| answer.status() == 201);
    assert_eq!(taken.len(), 10);
    for response in refused {
        let details = problem(response, 507, "quota-exceeded").await;
        assert_eq!(
            (&details["quota"], &details["limit"]),
            (&json!("bytes"), &json!(quota))
        );
        assert!(details["actual"].as_u64() > Some(quota), "{details}");
    }
    assert_eq!(kept(&alice).await, (10, 10 * size));
    let used = usage(&alice).await;
    assert_eq!(used["quota"], json!({"images": null, "bytes": quota}));
    // The refused uploads have left nothing, and another owner is not affected.
    darkroom.holds_only(10, 10).await;
    created(
        darkroom
            .client("bob")
            .send(Png::of_size(3000).bytes())
            .await,
    )
    .await;
}

#[tokio::test]
async fn many_uploads_at_once_exceed_the_quota_by_no_image() {
    let darkroom = Darkroom::with().variable("quota_images", 7).start();
    let alice = darkroom.client("alice");
    // Equal content, which is stored only once, counts for each image.
    let file = Png::of_size(500).bytes();
    let answers = join_all((0..64).map(|_| alice.send(file.clone()))).await;
    let mut images = vec![];
    for answer in answers {
        if answer.status() == 201 {
            images.push(created(answer).await);
        } else {
            let details = problem(answer, 507, "quota-exceeded").await;
            assert_eq!(
                (&details["quota"], &details["limit"]),
                (&json!("images"), &json!(7))
            );
            assert_eq!(details["actual"], 8);
        }
    }
    assert_eq!(images.len(), 7);
    darkroom.holds_only(7, 1).await;
    // Uploads and deletions at once: every deletion makes room for one upload.
    let gone = images.split_off(4);
    let (gone, more) = tokio::join!(
        join_all(gone.iter().map(|image| alice.delete(path(image)))),
        join_all((0..32).map(|_| alice.send(Png::of_size(600).bytes()))),
    );
    assert!(gone.iter().all(|answer| answer.status() == 204));
    let taken = more.iter().filter(|answer| answer.status() == 201).count();
    assert!(taken <= 3, "{taken}");
    let bytes = 4 * 500 + 600 * taken as u64;
    assert_eq!(kept(&alice).await, (4 + taken as u64, bytes));
}

#[tokio::test]
async fn the_quota_of_a_token_overrides_that_of_the_deployment() {
    let darkroom = Darkroom::with()
        .variable("quota_images", 1)
        .variable("quota_bytes", 1000)
        .start();
    let quota_of = async |quota: Value| {
        let client = limited(&darkroom, "alice", &quota);
        usage(&client).await["quota"].take()
    };
    assert_eq!(
        quota_of(json!({})).await,
        json!({"images": 1, "bytes": 1000})
    );
    assert_eq!(
        quota_of(json!({"images": null, "bytes": 5000})).await,
        json!({"images": null, "bytes": 5000})
    );
    let alice = limited(&darkroom, "alice", &json!({"images": 2, "bytes": null}));
    alice.upload(Png::of_size(4000).bytes()).await;
    alice.upload(Png::of_size(4000).bytes()).await;
    let third = alice.send(Png::of_size(500).bytes()).await;
    let details = problem(third, 507, "quota-exceeded").await;
    assert_eq!(details["limit"], 2);
    let none = limited(&darkroom, "bob", &json!({"images": 0}));
    let refused = none.send(Png::of_size(500).bytes()).await;
    problem(refused, 507, "quota-exceeded").await;
    let wrong = limited(&darkroom, "bob", &json!({"byte": 5}));
    problem(wrong.get("/v1/usage").await, 401, "unauthorized").await;
}

#[tokio::test]
async fn a_form_is_stored_whole_or_not_at_all() {
    let darkroom = Darkroom::with().variable("quota_bytes", 2500).start();
    let alice = darkroom.client("alice");
    let part = || Part::bytes(Png::of_size(1000).bytes().to_vec()).file_name("a.png");
    let three = Form::new()
        .part("file", part())
        .part("file", part())
        .part("file", part());
    let details = problem(
        send(alice.post().multipart(three)).await,
        507,
        "quota-exceeded",
    )
    .await;
    assert_eq!(
        (&details["limit"], &details["actual"]),
        (&json!(2500), &json!(3000))
    );
    darkroom.holds_only(0, 0).await;
    let two = Form::new().part("file", part()).part("file", part());
    created(send(alice.post().multipart(two)).await).await;
    assert_eq!(kept(&alice).await, (2, 2000));
}

#[tokio::test]
async fn a_ticket_has_the_quota_of_the_token_that_made_it() {
    let darkroom = Darkroom::with().variable("quota_bytes", 1500).start();
    let anonymous = darkroom.anonymous();
    let wide = limited(&darkroom, "alice", &json!({"bytes": 5000}));
    let narrow = limited(&darkroom, "alice", &json!({"bytes": 100}));
    let plain = darkroom.client("alice");
    let ticket = json!({"expires_in": 60});
    let file = || Png::of_size(2000).bytes();
    for client in [&narrow, &plain] {
        let url = client.ticket(&ticket).await;
        problem(anonymous.send_to(&url, file()).await, 507, "quota-exceeded").await;
    }
    let url = wide.ticket(&ticket).await;
    let image = created(anonymous.send_to(&url, file()).await).await;
    // A refusal does not use up a ticket.
    let url = plain.ticket(&ticket).await;
    let small = || Png::of_size(1000).bytes();
    problem(
        anonymous.send_to(&url, small()).await,
        507,
        "quota-exceeded",
    )
    .await;
    assert_eq!(plain.delete(path(&image)).await.status(), 204);
    created(anonymous.send_to(&url, small()).await).await;
    assert_eq!(kept(&plain).await, (1, 1000));
}

#[tokio::test]
async fn an_upload_that_cannot_fit_is_refused_before_it_is_sent() {
    let darkroom = Darkroom::with().variable("quota_bytes", 2000).start();
    let alice = darkroom.client("alice");
    alice.upload(Png::of_size(1000).bytes()).await;
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &["Content-Length: 1001"]).await;
    let refused = raw.response().await;
    assert_eq!(refused.status, 507, "{}", refused.text);
    assert!(refused.text.contains("\"actual\":2001"), "{}", refused.text);
    alice.upload(Png::of_size(1000).bytes()).await;
    // The quota is full, so an upload of any length is refused.
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &["Transfer-Encoding: chunked"])
        .await;
    let refused = raw.response().await;
    assert_eq!(refused.status, 507, "{}", refused.text);
    assert_eq!(kept(&alice).await, (2, 2000));
}

#[tokio::test]
async fn tags_and_metadata_count_towards_the_quota_in_an_upload_and_in_an_edit() {
    let darkroom = Darkroom::with().variable("quota_bytes", 1100).start();
    let alice = darkroom.client("alice");
    let form = |tags: String| {
        let part = Part::bytes(Png::of_size(1000).bytes().to_vec()).file_name("a.png");
        send(
            alice
                .post()
                .multipart(Form::new().part("file", part).text("tags", tags)),
        )
    };
    // The length of the tags as stored: `"…","…"`.
    let tags = |last: usize| format!("{},{}", "a".repeat(50), "b".repeat(last));
    let details = problem(form(tags(46)).await, 507, "quota-exceeded").await;
    assert_eq!(
        (&details["quota"], &details["actual"]),
        (&json!("bytes"), &json!(1101))
    );
    darkroom.holds_only(0, 0).await;
    let image = created(form(tags(45)).await).await;
    assert_eq!(kept(&alice).await, (1, 1100));
    let patch = async |body: Value| alice.json(Method::PATCH, path(&image), &body).await;
    let more = patch(json!({"metadata": {"k": "v"}})).await;
    let details = problem(more, 507, "quota-exceeded").await;
    assert_eq!(
        (&details["limit"], &details["actual"]),
        (&json!(1100), &json!(1107))
    );
    assert_eq!(
        patch(json!({"tags": ["a"], "metadata": {"k": "v"}}))
            .await
            .status(),
        200
    );
    assert_eq!(kept(&alice).await, (1, 1010));
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    assert_eq!(kept(&alice).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_edits_at_once_exceed_the_quota_by_no_byte() {
    let darkroom = Darkroom::with().variable("quota_bytes", 1500).start();
    let alice = darkroom.client("alice");
    let images = join_all((0..10).map(|_| alice.upload(Png::of_size(100).bytes()))).await;
    let body = json!({"metadata": {"k": "v".repeat(94)}});
    let edits = images
        .iter()
        .map(|image| alice.json(Method::PATCH, path(image), &body));
    let answers = join_all(edits).await;
    let made = answers
        .iter()
        .filter(|answer| answer.status() == 200)
        .count();
    assert_eq!(made, 5);
    assert!(
        answers
            .iter()
            .all(|answer| [200, 507].contains(&answer.status().as_u16()))
    );
    assert_eq!(kept(&alice).await, (10, 1500));
}

#[tokio::test]
async fn answers_kept_for_repeats_count_after_the_images_are_gone() {
    let darkroom = Darkroom::with().variable("quota_bytes", 100_000).start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(500).bytes();
    let form = |key: &str| {
        let parts = (0..32).map(|_| Part::bytes(file.to_vec()).file_name("\"".repeat(200)));
        let form = parts.fold(Form::new(), |form, part| form.part("file", part));
        let form = form.text("tags", vec!["\"".repeat(60); 3].join("1,"));
        send(alice.post().header("idempotency-key", key).multipart(form))
    };
    let first = created(form("k").await).await;
    for image in first["items"].as_array().expect("items") {
        assert_eq!(alice.delete(path(image)).await.status(), 204);
    }
    let left = kept(&alice).await;
    assert!(left.0 == 0 && (1000..2600).contains(&left.1), "{left:?}");
    assert_eq!(created(form("k").await).await, first);
    assert_eq!(kept(&alice).await, left);
}
