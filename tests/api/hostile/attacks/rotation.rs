//! Keys are rotated while clients continue, on several servers that share their stores: first all
//! servers get the new key, then it signs, then the old key is dropped.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use super::{Answer, Cases};
use crate::support::{
    ALL_SCOPES, Client, Darkroom, KEYS, SECRET, Setup, fixture, now, signed, token_by, unique,
};

const NEW: &str = "new:bmV3LWtleS1mb3ItZGFya3Jvb20tZW5kLXRvLWVuZC10ZXN0cw";
/// Not part of any ring.
const STRANGE: &str = "test:YW5vdGhlci1rZXktb2YtdGhlLXNhbWUtbmFtZS0wMDE";

fn ring(keys: &[&str]) -> Setup {
    Darkroom::with().variable("signing_keys", keys.join(","))
}

fn client(darkroom: &Darkroom, keys: &str, owner: &str) -> Client {
    Client::new(darkroom.address(), Some(token_by(keys, owner, ALL_SCOPES)))
}

/// Starts a server next to another, while the caller's requests continue.
async fn start_alongside(darkroom: &Darkroom, keys: &[&str]) -> Darkroom {
    let setup = ring(keys).on_stores_of(darkroom);
    let started = tokio::task::spawn_blocking(move || setup.start()).await;
    started.expect("it starts")
}

/// Everything that a client needs a key for. Links and tickets of one server are used on the other.
async fn round(made_by: &Client, used_on: &Client, anonymous: &Client) {
    let image = made_by.upload(fixture("still.gif").bytes).await;
    let url = made_by.url(&image).await;
    let ticket = made_by.ticket(&json!({"expires_in": 60})).await;
    assert_eq!(used_on.download(&image).await, fixture("still.gif").bytes);
    let linked = Answer::read(anonymous.get(&url).await).await;
    assert_eq!(linked.status, 200, "{}", linked.text);
    let sent = Answer::read(anonymous.send_to(&ticket, fixture("grey.jpg").bytes).await).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    assert_eq!(
        Answer::read(anonymous.send_to(&ticket, fixture("grey.jpg").bytes).await)
            .await
            .status,
        409
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_is_refused_while_keys_are_rotated() {
    let first = ring(&[KEYS]).start();
    let owner = unique("alice");
    let old = client(&first, KEYS, &owner);
    let image = old.upload(fixture("still.gif").bytes).await;
    let (done, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    let go_on = async {
        let anonymous = first.anonymous();
        while !done.load(Ordering::Relaxed) {
            round(&old, &old, &anonymous).await;
            rounds.fetch_add(1, Ordering::Relaxed);
        }
    };
    let rotate = async {
        let knows = start_alongside(&first, &[KEYS, NEW]).await;
        let (a, b) = (client(&knows, KEYS, &owner), client(&knows, NEW, &owner));
        let signs = start_alongside(&first, &[NEW, KEYS]).await;
        let (c, d) = (client(&signs, KEYS, &owner), client(&signs, NEW, &owner));
        let (on_signs, on_knows) = (signs.anonymous(), knows.anonymous());
        for _ in 0..3 {
            // Old and new tokens, links and tickets, each made on one server and
            // used on the other.
            tokio::join!(
                round(&a, &d, &on_signs),
                round(&b, &c, &on_signs),
                round(&c, &b, &on_knows),
                round(&d, &a, &on_knows),
                round(&old, &d, &on_signs),
            );
        }
        let rounds_before = rounds.load(Ordering::Relaxed);
        while rounds.load(Ordering::Relaxed) < rounds_before + 2 {
            tokio::task::yield_now().await;
        }
        done.store(true, Ordering::Relaxed);
        (knows, signs)
    };
    let ((), (_knows, signs)) = tokio::join!(go_on, rotate);

    let last = start_alongside(&first, &[NEW]).await;
    let new = client(&signs, NEW, &owner);
    let new_link = new.url(&image).await;
    let new_ticket = new.ticket(&json!({"expires_in": 60})).await;
    let (old_link, old_ticket) = (
        old.url(&image).await,
        old.ticket(&json!({"expires_in": 60})).await,
    );
    let anonymous = last.anonymous();
    let mut cases = Cases::default();
    let answer = Answer::read(client(&last, KEYS, &owner).get("/v1/images").await).await;
    cases.refused("a token of the old key", &answer, 401, "unauthorized");
    let answer = Answer::read(anonymous.get(&old_link).await).await;
    cases.refused("a link of the old key", &answer, 403, "link-invalid");
    let answer = Answer::read(
        anonymous
            .send_to(&old_ticket, fixture("grey.jpg").bytes)
            .await,
    )
    .await;
    cases.refused("a ticket of the old key", &answer, 403, "ticket-invalid");
    let renamed = old_link.replace("kid=test", "kid=new");
    let answer = Answer::read(anonymous.get(&renamed).await).await;
    cases.refused(
        "a link of the old key under the new name",
        &answer,
        403,
        "link-invalid",
    );
    let answer = Answer::read(client(&last, NEW, &owner).get("/v1/images").await).await;
    cases.status("a token of the new key", &answer, &[200]);
    cases.status(
        "a link of the new key",
        &Answer::read(anonymous.get(&new_link).await).await,
        &[200],
    );
    let answer = Answer::read(
        anonymous
            .send_to(&new_ticket, fixture("grey.jpg").bytes)
            .await,
    )
    .await;
    cases.status("a ticket of the new key", &answer, &[201]);
    cases.end();
}

#[tokio::test]
async fn another_key_of_the_same_name_is_not_accepted() {
    let first = Darkroom::start();
    let alice = first.client("alice");
    let image = alice.upload(fixture("still.gif").bytes).await;
    let (url, ticket) = (
        alice.url(&image).await,
        alice.ticket(&json!({"expires_in": 60})).await,
    );
    let other = start_alongside(&first, &[STRANGE]).await;
    let anonymous = other.anonymous();
    let mut cases = Cases::default();
    let answer = Answer::read(other.client("alice").get("/v1/images").await).await;
    cases.refused("token", &answer, 401, "unauthorized");
    let claims = json!({"sub": "alice", "exp": now() + 60, "scope": "admin"});
    let nameless = signed(&json!({"alg": "HS256"}), &claims, SECRET);
    let answer = Answer::read(
        anonymous
            .clone()
            .with_token(nameless)
            .get("/v1/images")
            .await,
    )
    .await;
    cases.refused(
        "a token without the id of a key",
        &answer,
        401,
        "unauthorized",
    );
    cases.refused(
        "link",
        &Answer::read(anonymous.get(&url).await).await,
        403,
        "link-invalid",
    );
    let answer = Answer::read(anonymous.send_to(&ticket, fixture("grey.jpg").bytes).await).await;
    cases.refused("ticket", &answer, 403, "ticket-invalid");
    cases.end();
}
