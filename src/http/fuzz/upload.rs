//! What the head of an upload says of its file: type, name, digest, key.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Answer, Session, headers};
use crate::auth::fuzz::first_line;
use crate::http::headers::{digest, disposition};
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

/// The input is the query, and then header lines. The body is always the same.
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
        assert_eq!(stored, 0, "what was refused is left behind");
        return;
    }
    assert_eq!(stored, 1);
    check_taken(&session, &headers, &first.json());
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

/// The caller's id comes back if it is sane, and no other text of theirs.
fn check_request_id(headers: &HeaderMap, answer: &Answer) {
    let id = answer.header("x-request-id");
    let sent = headers.get("x-request-id").is_some_and(|sent| sent == id);
    let made = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(sent || made, "{id}");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/+=".contains(c);
    assert!(id.len() <= 128 && id.chars().all(plain), "{id}");
}

/// The file is what the head says, and its name is one that can be kept and sent back.
fn check_taken(session: &Session, headers: &HeaderMap, object: &Value) {
    let announced = digest::sha256(headers);
    let actual = Sha256::digest(testing::png(1, 1)).into();
    let announced = announced.expect("a digest that is taken can be read");
    assert!(announced.is_none_or(|announced| announced == actual));
    let name = object["filename"].as_str();
    assert_eq!(name.and_then(filename::clean).as_deref(), name);
    let content = object["links"]["content"].as_str().expect("a path");
    let download = session.get(&format!("{content}?download=1"));
    let told = disposition::parse(download.header("content-disposition")).expect("is read");
    assert_eq!(told.filename.as_deref(), name);
    assert_eq!(download.header("content-type"), "image/png");
}
