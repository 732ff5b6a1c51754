//! The head of an upload: type, name, digest, key.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Answer, Session, headers};
use crate::auth::fuzz::first_line;
use crate::http::headers::digest;
use crate::http::headers::disposition::Named;
use crate::media::testing;
use crate::service::filename;

const NAMES: &[&str] = &[
    "accept",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "idempotency-key",
    "origin",
    "repr-digest",
    "x-request-id",
];

/// The input is the query, followed by header lines. The body is always the same.
pub fn upload(input: &[u8]) {
    let (query, rest) = first_line(input);
    let uri = format!("/v1/images?{}", String::from_utf8_lossy(query)).parse();
    let Ok(uri) = uri else {
        return;
    };
    let headers = headers(rest, NAMES);
    let session = Session::of_newcomer();
    let first = send(&session, &uri, &headers);
    check_request_id(&headers, &first);
    let stored = session.stored();
    if first.status != 201 {
        assert_eq!(stored, 0, "a refused upload has left data behind");
        return;
    }
    assert_eq!(stored, 1);
    check_accepted(&session, &headers, &first.json());
    let again = send(&session, &uri, &headers);
    assert_eq!(again.status, 201);
    let same = again.body == first.body;
    assert_eq!(same, headers.contains_key("idempotency-key"));
    assert_eq!(session.stored(), 1);
}

fn send(session: &Session, uri: &Uri, headers: &HeaderMap) -> Answer {
    let body = Body::from(testing::png(1, 1));
    session.send(Method::POST, uri.clone(), headers.clone(), body)
}

/// Checks that the response has the caller's id if that is valid, and a generated one otherwise.
fn check_request_id(headers: &HeaderMap, answer: &Answer) {
    let id = answer.header("x-request-id");
    let sent = headers.get("x-request-id").is_some_and(|sent| sent == id);
    let generated = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(sent || generated, "{id}");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/+=".contains(c);
    assert!(id.len() <= 128 && id.chars().all(plain), "{id}");
}

/// Checks that the file matches the head of the upload, and that its name can be stored and sent
/// back.
fn check_accepted(session: &Session, headers: &HeaderMap, object: &Value) {
    let declared = digest::sha256(headers);
    let actual = Sha256::digest(testing::png(1, 1)).into();
    let declared = declared.expect("an accepted digest is well-formed");
    assert!(declared.is_none_or(|declared| declared == actual));
    let name = object["filename"].as_str();
    assert_eq!(name.and_then(filename::clean).as_deref(), name);
    let content = object["links"]["content"].as_str().expect("a path");
    let download = session.get(&format!("{content}?download=1"));
    let disposition =
        Named::parse(download.header("content-disposition"), true).expect("is parsed");
    assert_eq!(disposition.filename.as_deref(), name);
    assert_eq!(download.header("content-type"), "image/png");
}
