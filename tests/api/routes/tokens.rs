//! Bearer tokens: which are accepted and which are not (RFC 6750, RFC 7519).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Darkroom, KEYS, SECRET, content, fixture, header, now, path, problem};
use crate::support::{send, signed, unique};

/// Every request that needs a token, for an image that exists.
fn requests(image: &Value) -> [(Method, &str); 6] {
    [
        (Method::GET, "/v1/images"),
        (Method::POST, "/v1/images"),
        (Method::GET, path(image)),
        (Method::DELETE, path(image)),
        (Method::GET, content(image)),
        (Method::HEAD, content(image)),
    ]
}

#[tokio::test]
async fn a_request_without_a_token_gets_a_challenge_and_nothing_else() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    for (method, path) in requests(&image) {
        let response = send(darkroom.anonymous().request(method.clone(), path)).await;
        let challenge = header(&response, "www-authenticate").to_owned();
        assert!(challenge.starts_with("Bearer"), "{challenge}");
        // RFC 6750 §3.1: no error code where no token was sent.
        assert!(!challenge.contains("error"), "{challenge}");
        assert_eq!(response.status(), 401);
        if method != Method::HEAD {
            problem(response, 401, "unauthorized").await;
        }
    }
}

#[tokio::test]
async fn a_foreign_forged_or_expired_token_is_refused() {
    let darkroom = Darkroom::shared();
    let header_of = |alg: &str, kid: &str| json!({"alg": alg, "typ": "JWT", "kid": kid});
    let valid_header = header_of("HS256", "test");
    let claims = json!({"sub": "alice", "exp": now() + 300, "scope": "admin"});
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().expect("an object").remove(name);
        claims
    };
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let valid = signed(&valid_header, &claims, SECRET);
    let (message, signature) = valid.rsplit_once('.').expect("three parts");
    let none = signed(&json!({"alg": "none"}), &claims, SECRET);
    let unsigned = none.rsplit_once('.').expect("three parts").0;
    let crit = json!({"alg": "HS256", "kid": "test", "crit": ["exp"]});
    for (why, token) in [
        (
            "expired",
            signed(&valid_header, &with("exp", json!(now() - 120)), SECRET),
        ),
        ("no expiry", signed(&valid_header, &without("exp"), SECRET)),
        (
            "not yet valid",
            signed(&valid_header, &with("nbf", json!(now() + 120)), SECRET),
        ),
        ("no owner", signed(&valid_header, &without("sub"), SECRET)),
        (
            "empty owner",
            signed(&valid_header, &with("sub", json!("")), SECRET),
        ),
        (
            "long owner",
            signed(&valid_header, &with("sub", json!("a".repeat(129))), SECRET),
        ),
        ("other secret", signed(&valid_header, &claims, &[7; 32])),
        (
            "unknown key",
            signed(&header_of("HS256", "other"), &claims, SECRET),
        ),
        (
            "other algorithm",
            signed(&header_of("HS512", "test"), &claims, SECRET),
        ),
        (
            "an extension that must be understood",
            signed(&crit, &claims, SECRET),
        ),
        ("no algorithm", none.clone()),
        ("no algorithm, no signature", format!("{unsigned}.")),
        ("no signature", format!("{message}.")),
        (
            "signature cut off",
            format!("{message}.{}", &signature[..20]),
        ),
        ("claims of another token", format!("{unsigned}.{signature}")),
        ("not a token", "abc".to_owned()),
        ("the key ring itself", KEYS.to_owned()),
        ("too long", "a".repeat(5000)),
    ] {
        let client = darkroom.anonymous().with_token(token);
        let response = client.get("/v1/images").await;
        let challenge = header(&response, "www-authenticate").to_owned();
        assert!(
            challenge.contains("error=\"invalid_token\""),
            "{why}: {challenge}"
        );
        problem(response, 401, "unauthorized").await;
    }
    let client = darkroom.anonymous().with_token(valid);
    assert_eq!(client.get("/v1/images").await.status(), 200);
}

#[tokio::test]
async fn each_request_needs_its_scope() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let alice = darkroom.client(&owner);
    let image = alice.upload(fixture("still.gif").bytes).await;
    for (method, path) in requests(&image) {
        let needed = match method {
            Method::POST => "images:write",
            Method::DELETE => "images:delete",
            _ => "images:read",
        };
        let scopes = ["images:read", "images:write", "images:delete"];
        let others = scopes.map(|scope| if scope == needed { "openid" } else { scope });
        let client = darkroom.scoped(&owner, &others.join(" "));
        let response = send(client.request(method.clone(), path)).await;
        assert_eq!(response.status(), 403, "{method} {path}");
        let challenge = header(&response, "www-authenticate").to_owned();
        assert!(
            challenge.contains("error=\"insufficient_scope\""),
            "{challenge}"
        );
        assert!(
            challenge.contains(&format!("scope=\"{needed}\"")),
            "{challenge}"
        );
        if method != Method::HEAD {
            problem(response, 403, "insufficient-scope").await;
        }
    }
}

#[tokio::test]
async fn an_unreadable_authorization_is_refused() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client("alice");
    let twice = alice
        .request(Method::GET, "/v1/images")
        .header("authorization", "Bearer another");
    let basic = darkroom
        .anonymous()
        .request(Method::GET, "/v1/images")
        .header("authorization", "Basic YWxpY2U6c2VjcmV0");
    let bare = darkroom
        .anonymous()
        .request(Method::GET, "/v1/images")
        .header("authorization", "Bearer");
    for request in [twice, basic, bare] {
        let response = send(request).await;
        let challenge = header(&response, "www-authenticate");
        assert!(
            challenge.contains("error=\"invalid_request\""),
            "{challenge}"
        );
        problem(response, 401, "unauthorized").await;
    }
}

#[tokio::test]
async fn a_token_must_be_for_the_audience_that_the_setting_names() {
    let darkroom = Darkroom::with()
        .variable("token_audience", "https://images.example.com")
        .start();
    let header = json!({"alg": "HS256", "kid": "test"});
    for (audience, status) in [
        (json!("https://images.example.com"), 200),
        (json!(["other", "https://images.example.com"]), 200),
        (json!("https://images.example.org"), 401),
        (json!(["other"]), 401),
        (Value::Null, 401),
    ] {
        let claims = json!({
            "sub": "alice", "exp": now() + 300, "scope": "images:read", "aud": audience,
        });
        let client = darkroom.anonymous();
        let client = client.with_token(signed(&header, &claims, SECRET));
        let response = client.get("/v1/images").await;
        assert_eq!(response.status(), status, "{claims}");
    }
}
