use axum::http::HeaderValue;
use proptest::prelude::*;

use super::Verdict::{Failed, NotModified, Perform};
use super::*;

/// Sun, 06 Nov 1994 08:49:37 GMT
const MODIFIED: u64 = 784_111_777;
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn current() -> Validators {
    Validators {
        etag: EntityTag::strong("now"),
        equivalent: None,
        last_modified: MODIFIED,
    }
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = name.parse::<HeaderName>().expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

/// Checks the verdict for reads (GET and HEAD) and for writes.
fn check(lines: &[(&str, &str)], read: Verdict, write: Verdict) {
    let headers = headers(lines);
    for (method, expect) in [
        (Method::GET, read),
        (Method::HEAD, read),
        (Method::PATCH, write),
        (Method::DELETE, write),
    ] {
        let verdict = evaluate(&method, &headers, &current());
        assert_eq!(verdict, expect, "{method} {lines:?}");
    }
    assert_eq!(has_conditions(&headers), !lines.is_empty());
}

#[test]
fn a_request_without_conditions_is_performed() {
    check(&[], Perform, Perform);
}

#[test]
fn if_match_requires_the_same_strong_tag() {
    for value in ["\"now\"", "*", " * ", "\"then\", \"now\"", ",\"now\" ,"] {
        check(&[("if-match", value)], Perform, Perform);
    }
    for value in [
        "\"then\"",
        "W/\"now\"",
        "now",
        "",
        "\"now",
        "\"NOW\"",
        "\"a\", \"b\"",
    ] {
        check(&[("if-match", value)], Failed, Failed);
    }
    let lines = [("if-match", "\"then\""), ("if-match", "\"now\"")];
    check(&lines, Perform, Perform);
}

#[test]
fn if_none_match_applies_to_known_tags() {
    for value in [
        "\"now\"",
        "W/\"now\"",
        "*",
        "\"then\", W/\"now\"",
        "now, \"now\"",
    ] {
        check(&[("if-none-match", value)], NotModified, Failed);
    }
    for value in ["\"then\"", "now", "", "\"now", "W/\"then\"", "\"now-gzip\""] {
        check(&[("if-none-match", value)], Perform, Perform);
    }
    let lines = [("if-none-match", "\"then\""), ("if-none-match", "\"now\"")];
    check(&lines, NotModified, Failed);
}

#[test]
fn dates_compare_by_the_second() {
    check(&[("if-modified-since", BEFORE)], Perform, Perform);
    // The condition applies only to reads.
    check(&[("if-modified-since", SAME)], NotModified, Perform);
    check(&[("if-modified-since", AFTER)], NotModified, Perform);
    check(&[("if-unmodified-since", BEFORE)], Failed, Failed);
    check(&[("if-unmodified-since", SAME)], Perform, Perform);
    check(&[("if-unmodified-since", AFTER)], Perform, Perform);
    let old_form = "Sunday, 06-Nov-94 08:49:38 GMT";
    check(&[("if-modified-since", old_form)], NotModified, Perform);
}

#[test]
fn malformed_dates_are_ignored() {
    for wrong in [
        "",
        "yesterday",
        "784111777",
        "Sun, 06 Nov 1994 08:49:36 CET",
    ] {
        check(&[("if-modified-since", wrong)], Perform, Perform);
        check(&[("if-unmodified-since", wrong)], Perform, Perform);
    }
    for (name, date) in [
        ("if-modified-since", AFTER),
        ("if-unmodified-since", BEFORE),
    ] {
        check(&[(name, date), (name, date)], Perform, Perform);
        check(&[(name, &format!("{date}, {date}"))], Perform, Perform);
    }
}

#[test]
fn tags_take_precedence_over_dates_and_if_match_over_if_none_match() {
    let fresh = ("if-match", "\"now\"");
    let stale = ("if-match", "\"then\"");
    let known = ("if-none-match", "\"now\"");
    let unknown = ("if-none-match", "\"then\"");
    check(&[fresh, ("if-unmodified-since", BEFORE)], Perform, Perform);
    check(&[stale, ("if-unmodified-since", AFTER)], Failed, Failed);
    check(&[unknown, ("if-modified-since", AFTER)], Perform, Perform);
    check(&[known, ("if-modified-since", BEFORE)], NotModified, Failed);
    check(&[fresh, known], NotModified, Failed);
    check(&[stale, known], Failed, Failed);
    check(&[stale, unknown], Failed, Failed);
    check(&[fresh, ("if-modified-since", SAME)], NotModified, Perform);
    check(&[stale, ("if-modified-since", SAME)], Failed, Failed);
    check(&[("if-unmodified-since", BEFORE), known], Failed, Failed);
    check(&[("if-unmodified-since", SAME), known], NotModified, Failed);
    // Even a malformed tag takes precedence over a date.
    check(
        &[("if-none-match", "?"), ("if-modified-since", SAME)],
        Perform,
        Perform,
    );
    check(
        &[("if-match", "?"), ("if-unmodified-since", SAME)],
        Failed,
        Failed,
    );
}

#[test]
fn a_range_applies_only_to_the_same_version() {
    let check = |lines: &[(&str, &str)], expect: bool| {
        assert_eq!(
            range_applies(&headers(lines), &current()),
            expect,
            "{lines:?}"
        );
    };
    check(&[], true);
    check(&[("if-range", "\"now\"")], true);
    check(&[("if-range", SAME)], true);
    for wrong in [
        "\"then\"",
        "W/\"now\"",
        "now",
        "",
        "*",
        "\"now\", \"now\"",
        BEFORE,
        AFTER,
    ] {
        check(&[("if-range", wrong)], false);
    }
    check(&[("if-range", "\"now\""), ("if-range", "\"now\"")], false);
}

#[test]
fn a_304_has_the_headers_that_a_cache_needs_and_none_of_the_content() {
    let mut all = headers(&[
        ("content-type", "image/png"),
        ("content-length", "3"),
        ("content-disposition", "inline"),
        ("repr-digest", "sha-256=:AA==:"),
        ("cache-control", "private, no-cache"),
        ("vary", "Accept"),
    ]);
    for (now, last_modified) in [(MODIFIED - 1, BEFORE), (MODIFIED + 1, SAME)] {
        current().print(&mut all, Timestamp::from_seconds(now));
        assert_eq!(all["etag"], "\"now\"");
        assert_eq!(all["last-modified"], last_modified);
    }
    let response = not_modified(all);
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    let mut names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["cache-control", "content-disposition", "etag", "vary"]
    );
}

/// A condition that is absent, true, false or malformed.
fn line(
    name: &'static str,
    held: &'static str,
    broken: &'static str,
) -> impl Strategy<Value = Option<(&'static str, &'static str)>> {
    prop_oneof![
        Just(None),
        Just(Some(held)),
        Just(Some(broken)),
        Just(Some("?"))
    ]
    .prop_map(move |value| value.map(|value| (name, value)))
}

proptest! {
    /// Compares the result with the steps of §13.2.2, for all combinations of fields.
    #[test]
    fn the_order_is_that_of_the_rfc(
        if_match in line("if-match", "\"now\"", "\"then\""),
        unmodified in line("if-unmodified-since", SAME, BEFORE),
        if_none_match in line("if-none-match", "\"then\"", "\"now\""),
        modified in line("if-modified-since", BEFORE, SAME),
        reads: bool,
    ) {
        let lines: Vec<_> =
            [if_match, unmodified, if_none_match, modified].into_iter().flatten().collect();
        let value = |field: Option<(&'static str, &'static str)>| field.map(|(_, value)| value);
        let is_date = |value: &&str| *value != "?";
        let step_1_or_2 = match (value(if_match), value(unmodified).filter(is_date)) {
            (Some(tag), _) => tag == "\"now\"",
            (None, Some(date)) => date == SAME,
            (None, None) => true,
        };
        let step_3_or_4 = match (value(if_none_match), value(modified).filter(is_date)) {
            (Some(tag), _) => tag != "\"now\"",
            (None, Some(date)) => !reads || date == BEFORE,
            (None, None) => true,
        };
        let expect = match (step_1_or_2, step_3_or_4) {
            (false, _) => Failed,
            (true, false) if reads => NotModified,
            (true, false) => Failed,
            (true, true) => Perform,
        };
        let method = if reads { Method::GET } else { Method::PATCH };
        prop_assert_eq!(evaluate(&method, &headers(&lines), &current()), expect);
    }

    #[test]
    fn no_fields_panic(
        fields in proptest::collection::vec(
            (0..5usize, proptest::collection::vec(32u8..=255, 0..30)), 0..6),
    ) {
        let names = [CONDITIONS.as_slice(), &[header::IF_RANGE]].concat();
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(&names[name], value);
            }
        }
        let verdict = evaluate(&Method::GET, &headers, &current());
        if !has_conditions(&headers) {
            prop_assert_eq!(verdict, Perform);
        }
        let _ = range_applies(&headers, &current());
    }
}
