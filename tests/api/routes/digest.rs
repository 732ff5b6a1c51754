//! `Repr-Digest` and `Content-Digest` on uploads (RFC 9530).

use reqwest::multipart::{Form, Part};

use crate::support::{Darkroom, created, fixture, problem, repr_digest, send};

#[tokio::test]
async fn a_correct_digest_is_accepted_and_a_wrong_one_leaves_nothing() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let file = fixture("progressive.jpg").bytes;
    let (right, wrong) = (repr_digest(file), repr_digest(b"something else"));
    for name in ["repr-digest", "content-digest"] {
        let request = alice.post().header(name, &wrong);
        problem(send(request.body(file)).await, 400, "digest-mismatch").await;
    }
    darkroom.holds_only(0, 0).await;
    for name in ["repr-digest", "content-digest"] {
        let request = alice.post().header(name, format!("md5=:AAAA:, {right}"));
        created(send(request.body(file)).await).await;
    }
    darkroom.holds_only(2, 1).await;
}

#[tokio::test]
async fn unreadable_or_contradictory_digests_are_refused() {
    let alice = Darkroom::shared().client("digests");
    let file = fixture("progressive.jpg").bytes;
    for digest in ["sha-256=:AAAA:", "sha-256=abc", "sha-256=:?:"] {
        let request = alice.post().header("repr-digest", digest);
        problem(send(request.body(file)).await, 400, "bad-request").await;
    }
    let request = alice.post().header("repr-digest", repr_digest(file));
    let request = request.header("content-digest", repr_digest(b"something else"));
    problem(send(request.body(file)).await, 400, "bad-request").await;
}

#[tokio::test]
async fn every_file_of_a_form_may_have_its_own_digest() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let form = |digest: String| {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("repr-digest", digest.parse().expect("a header"));
        let valid = Part::bytes(fixture("still.gif").bytes);
        let judged = Part::bytes(fixture("alpha.png").bytes).headers(headers);
        let form = Form::new().part("file", valid).part("file", judged);
        alice.post().multipart(form)
    };
    let wrong = form(repr_digest(b"something else"));
    problem(send(wrong).await, 400, "digest-mismatch").await;
    darkroom.holds_only(0, 0).await;
    created(send(form(repr_digest(fixture("alpha.png").bytes))).await).await;
    darkroom.holds_only(2, 2).await;
}
