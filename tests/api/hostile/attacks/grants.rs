//! Scopes and audiences that are almost right.

use serde_json::{Value, json};

use super::claims::{shown, with};
use super::{Answer, Cases};
use crate::support::{Darkroom, SECRET, now, signed};

#[tokio::test]
async fn a_scope_must_be_a_whole_word() {
    let mut cases = Cases::default();
    for scope in [
        "",
        "*",
        "ADMIN",
        "Admin",
        "admin,images:read",
        "admin\timages:read",
        "admin\u{a0}",
        "images:*",
        "images:read,images:write",
        "images",
        "images:reads",
        "images:write",
        "images:read\nx",
        "\"admin\"",
        "administrator",
        "images:\u{ff52}ead",
    ] {
        let answer = shown(with("scope", &json!(scope).to_string())).await;
        cases.refused(scope, &answer, 403, "insufficient-scope");
    }
    for (case, scope) in [
        ("a list", r#"["admin"]"#),
        ("true", "true"),
        ("an object", r#"{"admin":true}"#),
        ("null", "null"),
    ] {
        let answer = shown(with("scope", scope)).await;
        cases.refused(case, &answer, 401, "unauthorized");
    }
    cases.end();
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let mine = "https://images.example.com";
    let darkroom = Darkroom::with().variable("token_audience", mine).start();
    let mut cases = Cases::default();
    for (case, audience, status) in [
        ("mine", json!(mine), 200),
        ("mine among others", json!(["a", mine]), 200),
        ("another", json!("https://other.example.com"), 401),
        ("others", json!(["a", "b"]), 401),
        ("none in a list", json!([]), 401),
        ("null", Value::Null, 401),
        ("empty", json!(""), 401),
        ("mine and more", json!(format!("{mine}/")), 401),
        ("the beginning of mine", json!("https://images"), 401),
        ("mine in upper case", json!(mine.to_uppercase()), 401),
        ("mine in a text", json!(format!("a {mine}")), 401),
        ("mine in a list in a list", json!([[mine]]), 401),
        ("mine as a name", json!({mine: mine}), 401),
        ("any", json!("*"), 401),
        ("true", json!(true), 401),
        ("mine next to a number", json!([mine, 1]), 401),
    ] {
        let claims = json!({"sub": "a", "exp": now() + 300, "scope": "admin", "aud": audience});
        let token = signed(&json!({"alg": "HS256"}), &claims, SECRET);
        let client = darkroom.anonymous().with_token(token);
        cases.status(
            case,
            &Answer::read(client.get("/v1/images").await).await,
            &[status],
        );
    }
    let claims = json!({"sub": "a", "exp": now() + 300, "scope": "admin"});
    let token = signed(&json!({"alg": "HS256"}), &claims, SECRET);
    let client = darkroom.anonymous().with_token(token);
    cases.status(
        "absent",
        &Answer::read(client.get("/v1/images").await).await,
        &[401],
    );
    cases.end();
}
