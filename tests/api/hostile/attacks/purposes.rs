//! Signatures for one purpose, used for another: tokens, links and tickets are signed with the same
//! key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use darkroom::auth::{KeyRing, Purpose};
use serde_json::{Value, json};

use super::{Answer, Cases};
use crate::support::{ALL_SCOPES, Darkroom, KEYS, content, fixture, now, send, signed_link};
use crate::support::{signed_ticket, ticket, token, unique};

/// A signature with the server's key, for a purpose.
fn signature(purpose: Purpose, message: &str) -> String {
    let ring = KeyRing::parse(KEYS).expect("valid keys");
    URL_SAFE_NO_PAD.encode(ring.signing().sign(purpose, message.as_bytes()))
}

/// A token with these claims, signed for a purpose.
fn token_for(purpose: Purpose, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!(
        "{}.{}",
        part(&json!({"alg": "HS256", "kid": "test"})),
        part(claims)
    );
    format!("{message}.{}", signature(purpose, &message))
}

#[tokio::test]
async fn only_a_token_is_accepted_as_a_token() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let image = darkroom
        .client(&owner)
        .upload(fixture("still.gif").bytes)
        .await;
    let claims = json!({"sub": owner, "exp": now() + 60, "scope": "admin"});
    let url = darkroom.client(&owner).url(&image).await;
    let link_signature = url.rsplit_once('=').expect("a signature").1;
    let ticket = signed_ticket(&ticket(&owner)).split_off("/v1/images?ticket=".len());
    let valid = token_for(Purpose::Token, &claims);
    let message = valid.rsplit_once('.').expect("three parts").0;
    let answer = Answer::read(
        darkroom
            .anonymous()
            .with_token(valid.as_str())
            .get("/v1/images")
            .await,
    )
    .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut cases = Cases::default();
    for (case, token) in [
        ("signed as a link", token_for(Purpose::Link, &claims)),
        ("signed as a ticket", token_for(Purpose::Ticket, &claims)),
        ("a ticket", ticket.clone()),
        ("a link", url.clone()),
        ("a link's signature", link_signature.to_owned()),
        (
            "claims with a link's signature",
            format!("{message}.{link_signature}"),
        ),
        (
            "claims with a ticket's signature",
            format!(
                "{message}.{}",
                ticket.rsplit_once('.').expect("three parts").1
            ),
        ),
    ] {
        for path in ["/v1/images", content(&image)] {
            let answer = Answer::read(
                darkroom
                    .anonymous()
                    .with_token(token.as_str())
                    .get(path)
                    .await,
            )
            .await;
            cases.refused(case, &answer, 401, "unauthorized");
        }
    }
    cases.end();
}

#[tokio::test]
async fn only_a_link_is_accepted_as_a_link() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let image = darkroom
        .client(&owner)
        .upload(fixture("still.gif").bytes)
        .await;
    let query = format!("expires={}&kid=test", now() + 60);
    let message = format!("GET\n{}\n{query}", content(&image));
    let ticket = signed_ticket(&ticket(&owner));
    let ticket = ticket.split_once('=').expect("a ticket").1;
    let token = token(&owner, ALL_SCOPES);
    let anonymous = darkroom.anonymous();
    let mut cases = Cases::default();
    let link = |signature: &str| format!("{}?{query}&signature={signature}", content(&image));
    let made = signature(Purpose::Link, &message);
    cases.status(
        "the signature of the link",
        &Answer::read(anonymous.get(&link(&made)).await).await,
        &[200],
    );
    let last = |text: &str| text.rsplit_once('.').expect("parts").1.to_owned();
    for (case, signature) in [
        ("signed as a token", signature(Purpose::Token, &message)),
        ("signed as a ticket", signature(Purpose::Ticket, &message)),
        ("a token", token.clone()),
        ("a token's signature", last(&token)),
        ("a ticket", ticket.to_owned()),
        ("a ticket's signature", last(ticket)),
        (
            "another message",
            signature(Purpose::Link, &message.replace("GET", "POST")),
        ),
        ("no signature", String::new()),
    ] {
        let answer = Answer::read(anonymous.get(&link(&signature)).await).await;
        cases.refused(case, &answer, 403, "link-invalid");
    }
    let answer = Answer::read(
        anonymous
            .get(&format!("{}?ticket={ticket}", content(&image)))
            .await,
    )
    .await;
    cases.refused("a ticket in its place", &answer, 401, "unauthorized");
    cases.end();
}

#[tokio::test]
async fn only_a_ticket_is_accepted_as_a_ticket() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let alice = darkroom.client(&owner);
    let image = alice.upload(fixture("still.gif").bytes).await;
    let valid = signed_ticket(&ticket(&owner));
    let valid = valid.split_once('=').expect("a ticket").1.to_owned();
    let message = valid.rsplit_once('.').expect("parts").0;
    let url = signed_link(content(&image), 0, now() + 60);
    let (query, link) = (
        url.split_once('?').expect("a query").1,
        url.rsplit_once('=').expect("it").1,
    );
    let token = token(&owner, ALL_SCOPES);
    let payload = token.split('.').nth(1).expect("a payload");
    let kid_payload = format!("test.{payload}");
    let mut cases = Cases::default();
    for (case, ticket) in [
        (
            "signed as a token",
            format!("{message}.{}", signature(Purpose::Token, message)),
        ),
        (
            "signed as a link",
            format!("{message}.{}", signature(Purpose::Link, message)),
        ),
        ("a token", token.clone()),
        (
            "a token's claims",
            format!("{kid_payload}.{}", signature(Purpose::Ticket, &kid_payload)),
        ),
        ("a link's signature", link.to_owned()),
        (
            "a ticket with a link's signature",
            format!("{message}.{link}"),
        ),
        ("the id alone", "test".to_owned()),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
    ] {
        let target = format!("/v1/images?ticket={ticket}");
        let answer = Answer::read(
            darkroom
                .anonymous()
                .send_to(&target, fixture("grey.jpg").bytes)
                .await,
        )
        .await;
        cases.refused(case, &answer, 403, "ticket-invalid");
    }
    let request = darkroom
        .anonymous()
        .request(reqwest::Method::POST, &format!("/v1/images?{query}"));
    let answer = Answer::read(send(request.body(fixture("grey.jpg").bytes)).await).await;
    cases.refused("a link in its place", &answer, 401, "unauthorized");
    cases.end();
    assert_eq!(alice.list().await, [image]);
}
