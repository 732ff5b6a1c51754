//! Pages of other origins: which requests their scripts may send, and what they may read.

use reqwest::{Method, Response};
use serde_json::json;

use super::{Answer, Cases};
use crate::support::{Darkroom, Raw, content, fixture, path, send};

pub(super) const APP: &str = "https://app.example.com";

pub(super) async fn preflight(darkroom: &Darkroom, path: &str, origin: &str) -> Response {
    let request = darkroom.anonymous().request(Method::OPTIONS, path);
    let request = request.header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    send(request.header(
        "access-control-request-headers",
        "authorization,content-type",
    ))
    .await
}

pub(super) fn granted(answer: &Answer) -> Vec<String> {
    let names = answer.headers.keys().map(ToString::to_string);
    names
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

fn list(answer: &Answer, name: &str) -> Vec<String> {
    let words = answer.header(name).split(',');
    words.map(|word| word.trim().to_ascii_lowercase()).collect()
}

/// Origins that resemble an allowed origin but are not allowed.
const OTHERS: [&str; 27] = [
    "https://evil.example",
    "null",
    "*",
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "https://sub.app.example.com",
    "https://example.com",
    "http://app.example.com",
    "https://app.example.com:444",
    "https://app.example.com:443",
    "https://app.example.com/",
    "https://app.example.com/path",
    "https://app.example.com?",
    "https://APP.example.com",
    "https://app.example.com.",
    "https://app.example.com@evil.example",
    "https://app_example.com",
    "https://app.example.com, https://evil.example",
    "http://localhost",
    "http://localhost:51730",
    "https://app.example.co",
    "",
    "app.example.com",
    "https://app.example.com http://localhost:5173",
    "https://app.example.com, http://localhost:5173",
    "file://",
    "chrome-extension://abc",
];

/// Checks that the preflight permits everything that clients of the origin need.
fn hold_granted(cases: &mut Cases, case: &str, answer: &Answer, origin: &str) {
    cases.hold(
        case,
        answer.header("access-control-allow-origin") == origin,
        format!("{answer:?}"),
    );
    let methods = list(answer, "access-control-allow-methods");
    let all = ["get", "post", "patch", "delete"]
        .iter()
        .all(|method| methods.contains(&(*method).to_owned()));
    cases.hold(case, all, format!("{methods:?}"));
    let names = list(answer, "access-control-allow-headers");
    let all = ["authorization", "content-type"]
        .iter()
        .all(|name| names.contains(&(*name).to_owned()));
    cases.hold(case, all, format!("{names:?}"));
    cases.hold(
        case,
        answer
            .header("access-control-max-age")
            .parse::<u32>()
            .is_ok(),
        "no age",
    );
    cases.hold(
        case,
        list(answer, "vary").contains(&"origin".into()),
        "no Vary",
    );
    cases.hold(
        case,
        !answer
            .headers
            .contains_key("access-control-allow-credentials"),
        "credentials",
    );
}

#[tokio::test]
async fn only_the_origins_of_the_setting_may_send_requests() {
    let origins = format!("{APP}, http://localhost:5173");
    let darkroom = Darkroom::with().variable("cors_origins", origins).start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("still.gif").bytes).await;
    let links = format!("{}/links", path(&image));
    let paths = [
        "/v1/images",
        path(&image),
        content(&image),
        &links,
        "/v1/upload-tickets",
    ];
    let mut cases = Cases::default();
    for origin in [APP, "http://localhost:5173"] {
        for path in paths {
            let answer = Answer::read(preflight(&darkroom, path, origin).await).await;
            let case = format!("{origin} {path}");
            cases.status(&case, &answer, &[204]);
            hold_granted(&mut cases, &case, &answer, origin);
        }
    }
    for origin in OTHERS {
        for path in paths {
            let answer = Answer::read(preflight(&darkroom, path, origin).await).await;
            cases.status(format!("preflight from {origin:?}"), &answer, &[403]);
            cases.hold(
                format!("preflight from {origin:?}"),
                granted(&answer).is_empty(),
                format!("{answer:?}"),
            );
        }
        let request = alice
            .request(Method::GET, content(&image))
            .header("origin", origin);
        let answer = Answer::read(send(request).await).await;
        cases.hold(
            format!("from {origin:?}"),
            granted(&answer).is_empty(),
            format!("{answer:?}"),
        );
    }
    cases.end();
}

#[tokio::test]
async fn every_answer_to_a_page_of_an_allowed_origin_can_be_read() {
    let darkroom = Darkroom::with().variable("cors_origins", APP).start();
    let (alice, anonymous) = (darkroom.client("alice"), darkroom.anonymous());
    let image = alice.upload(fixture("still.gif").bytes).await;
    let url = alice.url(&image).await;
    let ticket = alice.ticket(&json!({"expires_in": 60})).await;
    let mut cases = Cases::default();
    for (case, client, method, path, status) in [
        ("list", &alice, Method::GET, "/v1/images", 200),
        ("content", &alice, Method::GET, content(&image), 200),
        ("head", &alice, Method::HEAD, content(&image), 200),
        ("link", &anonymous, Method::GET, url.as_str(), 200),
        ("no token", &anonymous, Method::GET, "/v1/images", 401),
        (
            "a path without a resource",
            &alice,
            Method::GET,
            "/v1/nothing",
            404,
        ),
        (
            "a method without a handler",
            &alice,
            Method::PUT,
            "/v1/images",
            405,
        ),
        ("no image", &anonymous, Method::POST, &ticket, 415),
        ("delete", &alice, Method::DELETE, path(&image), 204),
    ] {
        let request = client.request(method, path).header("origin", APP);
        let answer = Answer::read(send(request.body("not an image")).await).await;
        cases.status(case, &answer, &[status]);
        cases.hold(
            case,
            answer.header("access-control-allow-origin") == APP,
            format!("{answer:?}"),
        );
        let exposed = list(&answer, "access-control-expose-headers");
        let all = ["etag", "location", "x-request-id"]
            .iter()
            .all(|name| exposed.contains(&(*name).to_owned()));
        cases.hold(case, all, format!("{exposed:?}"));
        cases.hold(
            case,
            list(&answer, "vary").contains(&"origin".into()),
            "no Vary",
        );
        cases.hold(
            case,
            !answer
                .headers
                .contains_key("access-control-allow-credentials"),
            "credentials",
        );
    }
    // A cache that stores an answer to a request without an origin must distinguish them too.
    let answer = Answer::read(alice.get("/v1/images").await).await;
    cases.hold(
        "no origin",
        list(&answer, "vary").contains(&"origin".into()),
        format!("{answer:?}"),
    );
    cases.hold(
        "no origin",
        granted(&answer).is_empty(),
        format!("{answer:?}"),
    );
    cases.end();
}

#[tokio::test]
async fn a_preflight_does_nothing_and_needs_no_token() {
    let darkroom = Darkroom::with().variable("cors_origins", APP).start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("still.gif").bytes).await;
    let links = format!("{}/links", path(&image));
    let url = alice.url(&image).await;
    for path in [path(&image), &links, content(&image)] {
        let request = alice.request(Method::OPTIONS, path).header("origin", APP);
        let request = request.header("access-control-request-method", "DELETE");
        let answer = Answer::read(send(request).await).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
    assert_eq!(darkroom.anonymous().get(&url).await.status(), 200);
    // An OPTIONS request that is not a preflight lists the methods, and does nothing either.
    let request = alice
        .request(Method::OPTIONS, path(&image))
        .header("origin", APP);
    let answer = Answer::read(send(request).await).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(answer.header("allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
    let lines = [
        "Origin: https://evil.example",
        "Origin: https://app.example.com",
        "Access-Control-Request-Method: POST",
    ];
    let answer = Raw::exchange(&darkroom, "OPTIONS /v1/images", &lines).await;
    assert!(!answer.text.contains("evil.example"), "{}", answer.text);
}
