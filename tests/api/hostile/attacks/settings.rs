//! Settings: a wrong one stops the application, with an error that names it, and a permissive one
//! permits no more than it says.

use reqwest::Method;

use super::cors::{APP, granted, preflight};
use super::{Answer, Cases};
use crate::support::{ALL_SCOPES, Darkroom, KEYS, refusal, send, token, unique};

#[tokio::test]
async fn a_wrong_setting_gives_no_access() {
    let short = "test:ZGFya3Jvb20tc2hvcnQ";
    let twice = format!("{KEYS},{KEYS}");
    let other_secret = format!("{KEYS},test:bmV3LWtleS1mb3ItZGFya3Jvb20tZW5kLXRvLWVuZC10ZXN0cw");
    let second_short = format!("{KEYS},b:AAAA");
    let mut cases = Cases::default();
    for (variable, value) in [
        ("signing_keys", ","),
        ("signing_keys", short),
        ("signing_keys", &twice),
        ("signing_keys", &other_secret),
        ("signing_keys", &second_short),
        (
            "signing_keys",
            "test:++++////++++////++++////++++////++++////+++",
        ),
        (
            "signing_keys",
            "te st:ZGFya3Jvb20tZW5kLXRvLWVuZC10ZXN0LWtleS0wMDE",
        ),
        ("max_link_seconds", "0"),
        ("max_link_seconds", "-1"),
        ("max_link_seconds", "1h"),
        ("max_link_seconds", "99999999999999999999"),
        ("link_bucket_seconds", "0"),
        ("link_bucket_seconds", "1.5"),
        ("link_bucket_seconds", "99999999999"),
        ("cors_origins", "app.example.com"),
        ("cors_origins", "https://app.example.com/path"),
        ("cors_origins", "https://*.example.com"),
        ("cors_origins", "null"),
        ("cors_origins", "https://"),
        ("cors_origins", "https://user@app.example.com"),
        ("cors_origins", "https://app.example.com,*"),
    ] {
        let case = format!("{variable} {value:?}");
        let text = refusal(Darkroom::with().variable(variable, value), variable).await;
        cases.hold(&case, text.contains(variable), &text);
        let secret = value
            .split(':')
            .nth(1)
            .filter(|_| variable == "signing_keys");
        let kept = secret.is_none_or(|secret| !text.contains(secret));
        cases.hold(format!("{case}: the secret"), kept, &text);
    }
    cases.end();
}

#[tokio::test]
async fn without_the_setting_no_page_may_send_requests() {
    let darkroom = Darkroom::shared();
    let bearer = format!("Bearer {}", token(&unique("alice"), ALL_SCOPES));
    for origin in [APP, "null", "http://localhost", darkroom.address()] {
        let answer = Answer::read(preflight(&darkroom, "/v1/images", origin).await).await;
        assert_eq!(
            (answer.status, granted(&answer).len()),
            (403, 0),
            "{answer:?}"
        );
        let request = darkroom.anonymous().request(Method::GET, "/v1/images");
        let request = request
            .header("origin", origin)
            .header("authorization", &bearer);
        let answer = Answer::read(send(request).await).await;
        assert_eq!(
            (answer.status, granted(&answer).len()),
            (200, 0),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn with_all_origins_allowed_credentials_are_still_not_sent() {
    let darkroom = Darkroom::with().variable("cors_origins", "*").start();
    for origin in [APP, "https://any.example", "http://localhost:1"] {
        let answer = Answer::read(preflight(&darkroom, "/v1/images", origin).await).await;
        assert_eq!(answer.status, 204);
        let allowed = answer.header("access-control-allow-origin");
        assert!(allowed == "*" || allowed == origin, "{answer:?}");
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
        let request = darkroom
            .anonymous()
            .request(Method::GET, "/v1/images")
            .header("origin", origin);
        let answer = Answer::read(send(request.header("cookie", "session=1")).await).await;
        assert_eq!(answer.status, 401);
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
    }
}
