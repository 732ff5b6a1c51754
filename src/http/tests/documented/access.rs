//! docs/access.md.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::auth::Purpose;

const PAGE: &str = include_str!("../../../../docs/access.md");

/// A request with a token that has this payload.
fn with_payload(payload: &Value) -> Request<Body> {
    let ring = KeyRing::parse(KEYS).expect("a ring");
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let message = format!(
        "{}.{}",
        encode(br#"{"alg":"HS256"}"#),
        encode(payload.to_string().as_bytes())
    );
    let signature = ring.signing().sign(Purpose::Token, message.as_bytes());
    let token = format!("Bearer {message}.{}", encode(&signature));
    let request = Request::get("/v1/images").header(header::AUTHORIZATION, token);
    request.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn the_claim_that_is_wrong_is_named_as_in_the_example() {
    let client = Client::new();
    let exp = NOW / 1000 + 60;
    let scope = serde_json::json!(["images:read"]);
    let claims = serde_json::json!({"sub": "alice", "exp": exp, "scope": scope});
    let refused = client.send(with_payload(&claims)).await;
    refused.is_problem(401, "unauthorized");
    let shown = example(PAGE, "`claim` names the claim");
    assert_eq!(refused.json(), shown);
}

#[tokio::test]
async fn a_token_without_a_scope_is_valid_and_allows_nothing() {
    let client = Client::new();
    let claims = serde_json::json!({"sub": "alice", "exp": NOW / 1000 + 60});
    let refused = client.send(with_payload(&claims)).await;
    refused.is_problem(403, "insufficient-scope");
}

#[tokio::test]
async fn the_scopes_are_those_of_the_application() {
    let all: BTreeSet<&str> = crate::auth::Scope::ALL
        .iter()
        .map(|scope| scope.as_str())
        .collect();
    assert_eq!(names(PAGE, "| scope | allows the holder |"), all);
}

#[tokio::test]
async fn links_and_tickets_have_the_members_of_the_examples() {
    let client = Client::new();
    let links = format!("{}/links", client.image().await);
    let terms = serde_json::json!({"expires_in": 60, "download": true});
    let created = client
        .send(json_request(Method::POST, &links, &terms))
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    check_example(
        &created.json(),
        &example(PAGE, "### Request one from the API"),
    );
    let terms = serde_json::json!({"expires_in": 60, "name": "for Anna"});
    let created = client
        .send(json_request(Method::POST, &links, &terms))
        .await;
    check_example(&created.json(), &example(PAGE, "### Named links"));

    let shown = example(PAGE, "## Upload tickets");
    let terms = serde_json::json!({
        "expires_in": 600, "max_bytes": 5_000_000, "metadata": {"user": "1234"},
    });
    let created = client
        .send(json_request(Method::POST, "/v1/upload-tickets", &terms))
        .await;
    check_example(&created.json(), &shown);
    let length = |value: &Value| value["ticket"].as_str().map(str::len);
    assert_eq!(length(&created.json()), length(&shown));
}

#[tokio::test]
async fn a_link_shows_the_epoch_of_its_image_unless_it_is_zero() {
    let client = Client::new();
    let links = format!("{}/links", client.image().await);
    let terms = serde_json::json!({"expires_in": 60});
    for epoch in [None, Some("&epoch=1&"), Some("&epoch=2&")] {
        let created = client
            .send(json_request(Method::POST, &links, &terms))
            .await;
        let url = created.json()["url"].to_string().replace('?', "&");
        match epoch {
            None => assert!(!url.contains("epoch"), "{url}"),
            Some(epoch) => assert!(url.contains(epoch), "{url}"),
        }
        let revoked = client
            .send(request(Method::DELETE, &links, Body::empty()))
            .await;
        assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn the_first_key_signs_what_the_api_makes_and_a_query_cannot_change_a_ticket() {
    let ring = "new:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
    let ring = format!("{ring},{KEYS}");
    let client = Client::with(&[("signing_keys", &ring)]);
    let links = format!("{}/links", client.image().await);
    let terms = serde_json::json!({"expires_in": 60});
    let created = client
        .send(json_request(Method::POST, &links, &terms))
        .await;
    assert!(created.json()["url"].to_string().contains("kid=new&"));
    let ticket = client.ticket(&terms).await;
    assert!(ticket.starts_with("/v1/images?ticket=new."), "{ticket}");

    let url = format!("{ticket}&max_bytes=9");
    let upload = anonymous(Method::POST, &url, testing::png(1, 1));
    let refused = client.send(upload).await;
    refused.is_problem(400, "bad-request");
    assert_eq!(refused.json()["parameter"], "max_bytes");
}

#[tokio::test]
async fn the_page_of_the_problem_lists_the_usual_causes() {
    let client = Client::new();
    let page = client
        .send(anonymous(Method::GET, "/problems/unauthorized", ""))
        .await;
    let page = String::from_utf8(page.body.to_vec()).expect("UTF-8");
    for cause in [
        "base64url",
        "kid",
        "milliseconds",
        "array",
        "max_token_seconds",
    ] {
        assert!(page.contains(cause), "{cause}");
    }
}
