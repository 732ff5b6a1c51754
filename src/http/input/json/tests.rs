use std::collections::BTreeMap;

use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::*;

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    list: List<String, 3>,
    #[serde(default)]
    members: Option<Members<Option<String>, 4>>,
}

/// The problem's `field`, and its `detail`.
async fn refusal(text: &str) -> (Value, String) {
    let problem = parse::<Wanted>(text.as_bytes()).expect_err(text);
    let body = problem.into_response().into_body().collect().await;
    let body = body.expect("a whole body").to_bytes();
    let problem: Value = serde_json::from_slice(&body).expect("JSON");
    let detail = problem["detail"].as_str().expect("a detail").to_owned();
    (problem["field"].clone(), detail)
}

#[tokio::test]
async fn errors_name_the_invalid_member() {
    for (text, field) in [
        (r#"{"text": 1}"#, "text"),
        (r#"{"text": ["a"]}"#, "text"),
        (r#"{"list": "a"}"#, "list"),
        (r#"{"list": null}"#, "list"),
        (r#"{"list": ["a", 1]}"#, "list[1]"),
        (r#"{"members": []}"#, "members"),
        (r#"{"members": {"a": 1}}"#, "members.a"),
        (r#"{"members": {"a": {"b": "c"}}}"#, "members.a"),
        (r#"{"members": {"a": "1", "a": "2"}}"#, "members"),
        (r#"{"list": ["a", "a", "a", "a"]}"#, "list"),
        (
            r#"{"members": {"a": "", "b": "", "c": "", "d": "", "e": ""}}"#,
            "members",
        ),
        (r#"{"colour": "red"}"#, "colour"),
    ] {
        let (named, detail) = refusal(text).await;
        assert_eq!(named, field, "{text}: {detail}");
        assert!(detail.contains(field), "{text}: {detail}");
    }
    let (_, detail) = refusal(r#"{"text": "a", "text": "b"}"#).await;
    assert!(detail.contains("`text`"), "{detail}");
}

#[tokio::test]
async fn malformed_json_is_refused() {
    let deep = format!("{{\"list\":{}", "[".repeat(100_000));
    for text in [
        "",
        "{",
        "{\"text\"",
        "{\"text\":\"\\ud800\"}",
        "{} x",
        "{}{}",
        &deep,
    ] {
        let (_, detail) = refusal(text).await;
        assert!(detail.starts_with("the body"), "{detail}");
    }
    assert!(parse::<Wanted>(b"{\"text\":\"\xff\"}").is_err());
}

#[test]
fn reading_stops_at_the_first_member_that_exceeds_the_maximum() {
    // The text after that member is not JSON, but is never reached.
    for text in [
        r#"{"list": ["a", "b", "c", "d" ?"#,
        r#"{"members": {"a": "", "b": "", "c": "", "d": "", "e" ?"#,
    ] {
        let refused = parse::<Wanted>(text.as_bytes()).expect_err(text);
        assert!(format!("{refused:?}").contains("at most"), "{refused:?}");
    }
    let most = r#"{"list": ["a", "b", "c"], "members": {"a": "", "b": "", "c": "", "d": ""}}"#;
    assert!(parse::<Wanted>(most.as_bytes()).is_ok());
}

#[test]
fn members_of_any_name_are_read() {
    let wanted = parse::<Wanted>(br#"{"members": {"b": null, "a": "x"}}"#).ok();
    let members = BTreeMap::from([
        ("a".to_owned(), Some("x".to_owned())),
        ("b".to_owned(), None),
    ]);
    let expected = Wanted {
        text: None,
        list: List::default(),
        members: Some(Members(members)),
    };
    assert_eq!(wanted, Some(expected));
}

#[test]
fn whole_numbers_are_accepted_in_every_notation() {
    let check = |text: &str, expect: Option<Option<u64>>| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        assert_eq!(whole_or_null(&mut deserializer).ok(), expect, "{text}");
    };
    check("0", Some(Some(0)));
    check("60", Some(Some(60)));
    check("60.0", Some(Some(60)));
    check("6e1", Some(Some(60)));
    check("9007199254740991", Some(Some(MAX_NUMBER)));
    check("null", Some(None));
    for wrong in [
        "9007199254740992",
        "9007199254740992.0",
        "-1",
        "-0",
        "-0.0",
        "1e999",
        "-0.5",
        "1.5",
        "1e300",
        "\"60\"",
        "[60]",
        "true",
    ] {
        check(wrong, None);
    }
}

proptest::proptest! {
    #[test]
    fn whole_numbers_are_read_in_every_notation(number in 0..=MAX_NUMBER) {
        #[derive(Debug, Deserialize)]
        struct Number(#[serde(deserialize_with = "whole")] u64);
        // A fraction with 17 or more digits may be rounded when it is parsed.
        let fewer = number / 10;
        for (text, number) in [
            (number.to_string(), number),
            (format!("{fewer}.0"), fewer),
            (format!("{fewer}e0"), fewer),
        ] {
            let Number(read) = serde_json::from_str(&text).expect("a whole number");
            proptest::prop_assert_eq!(read, number, "{}", text);
        }
        for text in [format!("-{}", number + 1), format!("{}.5", number >> 10), format!("\"{number}\"")] {
            proptest::prop_assert!(serde_json::from_str::<Number>(&text).is_err(), "{}", text);
        }
    }

    #[test]
    fn members_are_read_as_they_are_printed(
        members in proptest::collection::btree_map(".{0,6}", proptest::option::of(".{0,6}"), 0..5),
    ) {
        let printed = serde_json::to_vec(&members).expect("JSON");
        let read: Members<Option<String>, 4> = parse(&printed).expect("members");
        proptest::prop_assert_eq!(read, Members(members));
    }

    #[test]
    fn no_text_panics(text in r#"(\{|\}|"text"|"list"|"members"|:|,|\[|\]|null|[0-9]|"[^"]{0,3}"){0,12}|.{0,30}"#) {
        let _ = parse::<Wanted>(text.as_bytes());
    }
}
