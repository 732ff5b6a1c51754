//! Conditional requests for an image's bytes, end to end.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{
    Client, Darkroom, Png, Raw, content, created, fixture, header, path, problem, send, token,
    unique,
};

async fn ask(client: &Client, method: Method, url: &str, fields: &[(&str, &str)]) -> Response {
    let mut request = client.request(method, url);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    send(request).await
}

async fn check(client: &Client, image: &Value, fields: &[(&str, &str)], status: u16) {
    for method in [Method::GET, Method::HEAD] {
        let response = ask(client, method.clone(), content(image), fields).await;
        assert_eq!(response.status(), status, "{method} {fields:?}");
    }
}

#[tokio::test]
async fn conditions_are_evaluated_in_the_order_of_the_rfc() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("alpha.png").bytes).await;
    let response = alice.get(content(&image)).await;
    let etag = header(&response, "etag");
    let modified = header(&response, "last-modified");
    let weak = format!("W/{etag}");
    let listed = format!("\"a\" , W/\"b\",, {weak}");
    let old = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (fields, status) in [
        ([("if-none-match", etag)].as_slice(), 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", &listed)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"a\""), ("if-none-match", etag)], 304),
        (&[("if-none-match", "\"a\"")], 200),
        (
            &[("if-none-match", "\"a\""), ("if-modified-since", modified)],
            200,
        ),
        (&[("if-modified-since", modified)], 304),
        (&[("if-modified-since", old)], 200),
        (&[("if-modified-since", "no date")], 200),
        (&[("if-match", etag)], 200),
        (&[("if-match", "*")], 200),
        (&[("if-match", &weak)], 412),
        (&[("if-match", "\"a\""), ("if-match", etag)], 200),
        (&[("if-match", etag), ("if-none-match", etag)], 304),
        (&[("if-match", "\"a\""), ("if-none-match", etag)], 412),
        (&[("if-match", etag), ("if-unmodified-since", old)], 200),
        (&[("if-unmodified-since", old)], 412),
        (&[("if-unmodified-since", modified)], 200),
        (
            &[("if-unmodified-since", old), ("if-none-match", etag)],
            412,
        ),
    ] {
        check(&alice, &image, fields, status).await;
    }
}

#[tokio::test]
async fn a_304_has_the_headers_that_caches_need() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = alice.upload(Png::of_size(1_000_000).bytes()).await;
    let url = alice.url(&image).await;
    for (client, target) in [(&alice, content(&image)), (&darkroom.anonymous(), &url)] {
        let whole = client.get(target).await;
        let etag = header(&whole, "etag");
        let answer = ask(client, Method::GET, target, &[("if-none-match", etag)]).await;
        assert_eq!(answer.status(), 304);
        for name in ["etag", "cache-control", "content-disposition"] {
            assert_eq!(header(&answer, name), header(&whole, name), "{name}");
        }
        assert_eq!(answer.headers().get("vary"), whole.headers().get("vary"));
        assert!(answer.headers().contains_key("date"));
        for name in [
            "content-length",
            "content-type",
            "transfer-encoding",
            "repr-digest",
        ] {
            assert_eq!(answer.headers().get(name), None, "{name}");
        }
    }
}

#[tokio::test]
async fn a_connection_can_be_used_after_an_answer_without_a_body() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let alice = darkroom.client(&owner);
    let image = alice.upload(fixture("still.gif").bytes).await;
    let authorization = format!("Authorization: Bearer {}", token(&owner, "images:read"));
    let mut raw = Raw::connect(&darkroom).await;
    for method in ["GET", "HEAD"] {
        for condition in ["If-None-Match: *", "If-Match: \"a\""] {
            let target = format!("{method} {}", content(&image));
            raw.begin(&target, &[&authorization, condition]).await;
        }
    }
    raw.begin("GET /health/live", &["Connection: close"]).await;
    let answers = raw.rest().await;
    let statuses: Vec<&str> = answers
        .split("HTTP/1.1 ")
        .filter_map(|answer| answer.get(..3))
        .collect();
    assert_eq!(statuses, ["304", "412", "304", "412", "200"], "{answers}");
}

#[tokio::test]
async fn a_failed_condition_is_a_problem() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let stale = [("if-match", "\"a\"")];
    let refused = ask(&alice, Method::GET, content(&image), &stale).await;
    problem(refused, 412, "precondition-failed").await;
}

#[tokio::test]
async fn a_new_name_reaches_clients_that_have_the_bytes() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let renamed = json!({"filename": "new.gif"});
    let renamed = alice.json(Method::PATCH, path(&image), &renamed).await;
    assert_eq!(renamed.status(), 200);
    let answer = ask(
        &alice,
        Method::GET,
        content(&image),
        &[("if-none-match", "*")],
    )
    .await;
    let disposition = header(&answer, "content-disposition");
    assert_eq!(disposition, "inline; filename=\"new.gif\"");
}

#[tokio::test]
async fn conditions_reveal_nothing_about_images_that_may_not_be_read() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = created(alice.send(fixture("still.gif").bytes).await).await;
    let etag = format!("\"{}\"", image["sha256"].as_str().expect("hex"));
    for condition in [("if-none-match", etag.as_str()), ("if-match", "\"a\"")] {
        let get = |client: Client| {
            let url = content(&image);
            async move { ask(&client, Method::GET, url, &[condition]).await }
        };
        problem(get(darkroom.anonymous()).await, 401, "unauthorized").await;
        problem(get(darkroom.client(&unique("bob"))).await, 404, "not-found").await;
    }
}
