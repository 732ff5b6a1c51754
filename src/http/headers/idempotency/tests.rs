use axum::http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn keys(values: &[&str]) -> Result<Option<String>, ()> {
    let mut headers = HeaderMap::new();
    for value in values {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header");
        headers.append("idempotency-key", value);
    }
    key(&headers).map_err(|_| ())
}

#[test]
fn keys_are_accepted_with_or_without_quotes() {
    let check = |value: &str, expect: Option<&str>| {
        let key = keys(&[value]).ok().flatten();
        assert_eq!(key.as_deref(), expect, "{value}");
    };
    let uuid = "8e03978e-40d5-43e8-bc93-6894a57f9324";
    check(uuid, Some(uuid));
    check(&format!("\"{uuid}\""), Some(uuid));
    check(" \"a b\" ", Some("a b"));
    check(r#""a\"b\\c""#, Some(r#"a"b\c"#));
    check("a/b+c=:_.~", Some("a/b+c=:_.~"));
    check(&"k".repeat(255), Some(&"k".repeat(255)));
    let long = "k".repeat(256);
    for wrong in [
        "",
        " ",
        "\"\"",
        "\"",
        "\"a",
        "a\"",
        "\"a\"b",
        "\"a\";p=1",
        "\"a\", \"b\"",
        "a b",
        "a,b",
        "a;b",
        "a\\b",
        r#""a\b""#,
        "\"é\"",
        "é",
        &long,
        &format!("\"{long}\""),
    ] {
        assert_eq!(keys(&[wrong]), Err(()), "{wrong:?}");
    }
    assert_eq!(keys(&[]), Ok(None));
    assert_eq!(keys(&["a", "a"]), Err(()));
}

proptest! {
    #[test]
    fn quoted_keys_are_unquoted(key in "[ -~]{1,255}") {
        let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
        prop_assert_eq!(keys(&[&quoted]), Ok(Some(key)));
    }

    #[test]
    fn no_header_panics(value in "[ -~]{0,40}") {
        let _ = keys(&[&value]);
    }
}
