//! Headers that contradict the token or the request line.

use reqwest::Method;

use super::{Answer, Cases};
use crate::support::{ALL_SCOPES, Darkroom, Raw, content, fixture, path, send, token, unique};

/// Headers by which a proxy may declare who the client is, or where it is.
const IDENTITIES: [&str; 14] = [
    "X-Forwarded-User",
    "X-Remote-User",
    "Remote-User",
    "X-User",
    "X-User-Id",
    "X-Owner",
    "X-Auth-Request-User",
    "X-Forwarded-Email",
    "X-Authenticated-Userid",
    "X-Consumer-Username",
    "X-Ms-Client-Principal-Name",
    "Tailscale-User-Login",
    "From",
    "X-Scopes",
];

#[tokio::test]
async fn only_the_token_says_who_the_client_is() {
    let darkroom = Darkroom::shared();
    let (name, other) = (unique("alice"), unique("bob"));
    let image = darkroom
        .client(&name)
        .upload(fixture("still.gif").bytes)
        .await;
    let mut cases = Cases::default();
    for header in IDENTITIES {
        for value in [name.as_str(), "admin"] {
            let bob = darkroom.client(&other).request(Method::GET, path(&image));
            let answer = Answer::read(send(bob.header(header, value)).await).await;
            cases.refused(header, &answer, 404, "not-found");
            let anonymous = darkroom.anonymous().request(Method::GET, path(&image));
            let answer = Answer::read(send(anonymous.header(header, value)).await).await;
            cases.refused(header, &answer, 401, "unauthorized");
        }
    }
    for (header, value) in [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Real-Ip", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1;by=127.0.0.1;host=localhost"),
        ("X-Original-Url", "/health/live"),
        ("X-Rewrite-Url", "/health/live"),
        ("X-Forwarded-Prefix", "/health"),
        ("X-Forwarded-Host", "localhost"),
        ("Referer", "http://localhost/admin"),
        ("Spin-Full-Url", "http://localhost/health/live"),
        ("Spin-Path-Info", "/health/live"),
        ("Spin-Client-Addr", "127.0.0.1"),
    ] {
        let request = darkroom.anonymous().request(Method::GET, content(&image));
        let answer = Answer::read(send(request.header(header, value)).await).await;
        cases.refused(header, &answer, 401, "unauthorized");
    }
    let query = format!("/v1/images?owner={name}&sub={name}&admin=true");
    let answer = Answer::read(darkroom.client(&other).get(&query).await).await;
    let hidden = !answer.text.contains(image["id"].as_str().expect("an id"));
    cases.hold("owner in the query", hidden, &answer.text);
    let target = format!("/v1/images?owner={name}");
    let upload = darkroom.client(&other).request(Method::POST, &target);
    let upload = upload
        .header("X-Owner", &name)
        .body(fixture("still.gif").bytes);
    let answer = Answer::read(send(upload).await).await;
    let misled = answer.status == 201 && !answer.text.contains(&other);
    cases.hold("upload for another", !misled, &answer.text);
    cases.end();
}

#[tokio::test]
async fn the_method_is_that_of_the_request_line() {
    let darkroom = Darkroom::shared();
    let name = unique("alice");
    let image = darkroom
        .client(&name)
        .upload(fixture("still.gif").bytes)
        .await;
    let reader = darkroom.scoped(&name, "images:read images:delete");
    let mut cases = Cases::default();
    for header in [
        "X-Http-Method-Override",
        "X-Http-Method",
        "X-Method-Override",
        "X-Original-Method",
        "X-Forwarded-Method",
    ] {
        let request = reader.request(Method::GET, path(&image));
        let answer = Answer::read(send(request.header(header, "DELETE")).await).await;
        cases.status(header, &answer, &[200]);
        let request = reader.request(Method::POST, path(&image));
        let answer = Answer::read(send(request.header(header, "DELETE")).await).await;
        cases.refused(header, &answer, 405, "method-not-allowed");
    }
    for name in ["_method", "method", "X-HTTP-Method-Override"] {
        let answer =
            Answer::read(reader.get(&format!("{}?{name}=DELETE", path(&image))).await).await;
        cases.status(format!("query {name}"), &answer, &[200, 400]);
    }
    for method in [
        "TRACE",
        "TRACK",
        "PROPFIND",
        "COPY",
        "MOVE",
        "get",
        "DELETE\u{b}",
        "PURGE",
    ] {
        let secret = format!("Authorization: Bearer {}", token(&name, ALL_SCOPES));
        let target = format!("{method} {}", path(&image));
        let answer = Raw::exchange(&darkroom, &target, &[&secret]).await;
        let refused = [400, 405, 501].contains(&answer.status);
        cases.hold(
            method,
            refused && !answer.text.contains(&secret[20..]),
            &answer.text,
        );
    }
    assert_eq!(reader.get(path(&image)).await.status(), 200);
    cases.end();
}

#[tokio::test]
async fn the_host_that_a_client_names_appears_in_no_link() {
    let darkroom = Darkroom::shared();
    let name = unique("alice");
    let image = darkroom
        .client(&name)
        .upload(fixture("still.gif").bytes)
        .await;
    let authorization = format!("Authorization: Bearer {}", token(&name, ALL_SCOPES));
    let mut cases = Cases::default();
    for line in [
        "X-Forwarded-Host: evil.example",
        "X-Host: evil.example",
        "Forwarded: host=evil.example",
        "X-Forwarded-Proto: evil.example",
        "X-Forwarded-Server: evil.example",
    ] {
        for target in ["/v1/images", path(&image)] {
            let lines = [authorization.as_str(), line];
            let answer = Raw::exchange(&darkroom, &format!("GET {target}"), &lines).await;
            let clean = answer.status == 200 && !answer.text.contains("evil.example");
            cases.hold(line, clean, &answer.text);
        }
    }
    cases.end();
}

#[tokio::test]
async fn a_body_must_have_one_length() {
    let darkroom = Darkroom::shared();
    let name = unique("alice");
    let authorization = format!("Authorization: Bearer {}", token(&name, ALL_SCOPES));
    let mut cases = Cases::default();
    for (case, lines) in [
        (
            "two that differ",
            ["Content-Length: 4", "Content-Length: 5"],
        ),
        ("two in one", ["Content-Length: 4, 5", "X-A: b"]),
        ("a sign", ["Content-Length: +4", "X-A: b"]),
        ("negative", ["Content-Length: -1", "X-A: b"]),
        ("hexadecimal", ["Content-Length: 0x4", "X-A: b"]),
        (
            "more than 64 bits",
            ["Content-Length: 18446744073709551620", "X-A: b"],
        ),
        (
            "an unknown coding",
            ["Transfer-Encoding: xchunked", "X-A: b"],
        ),
        (
            "chunked, but not last",
            ["Transfer-Encoding: chunked, identity", "X-A: b"],
        ),
    ] {
        let lines = [&authorization, lines[0], lines[1]];
        let answer = Raw::exchange(&darkroom, "POST /v1/images", &lines).await;
        cases.hold(case, [400, 413, 501].contains(&answer.status), &answer.text);
    }
    assert!(darkroom.client(&name).list().await.is_empty());
    cases.end();
}
