//! Settings that would leave a door open stop the application, by name.

use super::{Cases, Told};
use crate::support::{Darkroom, KEYS};

#[tokio::test]
async fn a_setting_that_is_wrong_opens_nothing() {
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
        let darkroom = Darkroom::with().variable(variable, value).launch();
        let case = format!("{variable} {value:?}");
        let told = Told::by(darkroom.client("alice").get("/v1/images").await).await;
        cases.refused(&case, &told, 503, "misconfigured");
        cases.hold(&case, told.text.contains(variable), &told.text);
        let secret = value
            .split(':')
            .nth(1)
            .filter(|_| variable == "signing_keys");
        let kept = secret.is_none_or(|secret| !told.text.contains(secret));
        cases.hold(format!("{case}: the secret"), kept, &told.text);
    }
    cases.end();
}
