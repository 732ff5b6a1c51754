//! A wrong setting stops the application, with an error that names it.

use crate::support::{Darkroom, KEYS, Kind, host_kind, problem};

#[tokio::test]
async fn a_wrong_setting_is_named_in_the_answer_and_in_the_log() {
    for (variable, value) in [
        ("max_upload_bytes", "abc"),
        ("max_pixels", "0"),
        ("accepted_types", "jpeg,svg"),
        ("public_base_url", "images.example.com"),
        ("chunk_bytes", "1"),
    ] {
        let darkroom = Darkroom::with().variable(variable, value).launch();
        for path in ["/v1/images", "/health/ready"] {
            let response = darkroom.client("alice").get(path).await;
            let details = problem(response, 503, "misconfigured").await;
            assert_eq!(details["variable"], variable);
            let detail = details["detail"].as_str().expect("a text");
            assert!(detail.contains(variable), "{detail}");
        }
        let named = darkroom.log().contains(variable) || host_kind() == Kind::Spin;
        assert!(named, "{}", darkroom.log());
    }
}

#[tokio::test]
async fn wrong_keys_are_named_without_the_secret() {
    let short = "ZGFya3Jvb20tc2hvcnQ";
    let (id, secret) = KEYS.split_once(':').expect("a key");
    for (keys, secret) in [
        (format!("test:{short}"), short),
        (secret.to_owned(), secret),
        (format!("{id}:{secret}!"), secret),
        (format!("{KEYS},{KEYS}"), secret),
    ] {
        let darkroom = Darkroom::with().variable("signing_keys", &keys).launch();
        let response = darkroom.client("alice").get("/v1/images").await;
        let details = problem(response, 503, "misconfigured").await;
        assert_eq!(details["variable"], "signing_keys");
        assert!(!details.to_string().contains(secret), "{details}");
        assert!(!darkroom.log().contains(secret), "{}", darkroom.log());
    }
}

#[tokio::test]
async fn every_key_of_the_ring_verifies() {
    let new = "new:bmV3LWtleS1mb3ItZGFya3Jvb20tZW5kLXRvLWVuZC10ZXN0cw";
    let darkroom = Darkroom::with()
        .variable("signing_keys", format!("{new},{KEYS}"))
        .start();
    // The tokens of these tests are signed with the second of these keys.
    let response = darkroom.client("alice").get("/v1/images").await;
    assert_eq!(response.status(), 200);
}
