//! Headers by which a proxy declares the client, its address and the original request: a client
//! that sends them itself changes nothing.

use super::{Stage, authorization, body};
use crate::hostile::attacks::Cases;
use crate::support::{content, path};

const FORGED: [&str; 20] = [
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto: evil.example",
    "X-Forwarded-Port: 666",
    "X-Forwarded-Prefix: /evil.example",
    "X-Forwarded-Server: evil.example",
    "X-Forwarded-User: alice",
    "X-Forwarded-Client-Cert: Subject=\"CN=alice\"",
    "X-Real-Ip: 127.0.0.1",
    "X-Original-Url: /v1/limits",
    "X-Rewrite-Url: /v1/limits",
    "X-Accel-Redirect: /v1/limits",
    "X-Http-Method-Override: DELETE",
    "Forwarded: for=127.0.0.1;host=evil.example;proto=https",
    "Via: 1.1 evil.example",
    "Spin-Full-Url: https://evil.example/v1/limits",
    "Spin-Path-Info: /v1/limits",
    "Spin-Matched-Route: /evil.example",
    "Spin-Client-Addr: 127.0.0.1",
    "True-Client-Ip: 127.0.0.1",
];

#[tokio::test]
async fn headers_of_a_proxy_from_a_client_change_nothing() {
    let Some(stage) = Stage::new() else { return };
    let (image, _) = stage.image().await;
    let authorization = authorization();
    let mut cases = Cases::default();
    for (target, lines, status) in [
        (content(&image), vec![], 401),
        (path(&image), vec![authorization.as_str()], 200),
        ("/v1/images", vec![authorization.as_str()], 200),
        ("/v1/admin/sweep", vec![authorization.as_str()], 405),
    ] {
        let target = format!("GET {target}");
        let plain = stage.exchange(&target, &lines).await;
        assert_eq!(plain.status, status, "{target}: {}", plain.text);
        for forged in FORGED {
            let lines = [&lines[..], &[forged]].concat();
            let answer = stage.exchange(&target, &lines).await;
            let same = answer.status == status && body(&answer) == body(&plain);
            let clean = !answer.text.contains("evil.example");
            cases.hold(format!("{target}, {forged}"), same && clean, &answer.text);
        }
    }
    cases.end();
    stage.darkroom.holds_only(1, 1).await;
}

#[tokio::test]
async fn a_forged_header_does_not_change_what_is_cached() {
    let Some(stage) = Stage::new() else { return };
    let (image, _) = stage.image().await;
    let alice = stage.darkroom.client(super::ALICE);
    let public = serde_json::json!({"visibility": "public"});
    let changed = alice.json(reqwest::Method::PATCH, path(&image), &public);
    assert_eq!(changed.await.status(), 200);
    let target = format!("GET {}", content(&image));
    let mut cases = Cases::default();
    for forged in FORGED {
        // The first request may fill the cache; the next ones get what it contains.
        for lines in [&[forged][..], &[]] {
            let answer = stage.exchange(&target, lines).await;
            let typed = answer.text.contains("image/gif");
            let clean = !answer.text.contains("evil.example");
            cases.hold(forged, answer.status == 200 && typed && clean, &answer.text);
        }
    }
    cases.end();
}
