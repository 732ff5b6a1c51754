//! Checks that apply to the answers of any request.

use reqwest::Response;
use serde_json::Value;

/// The value of a header field, which must be present exactly once.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let mut values = response.headers().get_all(name).iter();
    let value = values
        .next()
        .unwrap_or_else(|| panic!("{name} is missing: {response:?}"));
    assert!(
        values.next().is_none(),
        "{name} appears more than once: {response:?}"
    );
    value.to_str().expect("a readable header")
}

/// Checks that the answer is this problem, in the form of RFC 9457, and returns its members.
#[track_caller]
pub(crate) fn problem(response: Response, status: u16, slug: &str) -> impl Future<Output = Value> {
    let caller = std::panic::Location::caller();
    let slug = slug.to_owned();
    async move {
        let actual = response.status();
        let content_type = response.headers().get("content-type").cloned();
        let request_id = response.headers().contains_key("x-request-id");
        let text = response.text().await.expect("a body");
        assert_eq!(actual, status, "at {caller}: {text}");
        assert_eq!(
            content_type.as_ref().map(|value| value.as_bytes()),
            Some(b"application/problem+json".as_slice()),
            "at {caller}: {text}"
        );
        assert!(request_id, "at {caller}: no X-Request-Id");
        let members: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            members["type"],
            format!("/problems/{slug}"),
            "at {caller}: {text}"
        );
        assert_eq!(members["status"], status, "at {caller}: {text}");
        for member in ["title", "detail"] {
            let filled = members[member]
                .as_str()
                .is_some_and(|text| !text.is_empty());
            assert!(filled, "at {caller}: no {member}: {text}");
        }
        members
    }
}
