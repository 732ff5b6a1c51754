//! `multipart/form-data` (RFC 7578), whole and in pieces.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;

use super::{Answer, Session, body_of, fill};
use crate::auth::fuzz::first_line;
use crate::media::testing;
use crate::service::{fields, filename};
use crate::testing::chance::Chance;

/// The maximum length of a form that is also sent byte by byte.
const SHORT: usize = 400;

/// The input is a media type, followed by a body from the second line on. In the body, `{png}` and
/// `{gif}` are replaced with images, and LF is replaced with CRLF.
pub fn multipart(input: &[u8]) {
    let (media_type, body) = first_line(input);
    let Ok(media_type) = HeaderValue::from_bytes(media_type.trim_ascii()) else {
        return;
    };
    let (png, gif) = (testing::png(1, 1), testing::gif(2, 2, 1));
    let body = fill(
        body,
        &[
            ("{png}", &png),
            ("{gif}", &gif),
            ("\r\n", b"\r\n"),
            ("\n", b"\r\n"),
        ],
    );
    let whole = send(&media_type, &[&body], false);
    let mut chance = Chance::of(input);
    let mut cuts = vec![chance.pieces(&body)];
    if body.len() <= SHORT {
        cuts.push(body.chunks(1).collect());
    }
    for pieces in &cuts {
        check_same(&send(&media_type, pieces, false), &whole);
    }
    // A truncated or interrupted form is refused, unless it had ended before.
    let (head, _) = body.split_at(chance.below(body.len()));
    let pieces = chance.pieces(head);
    for (pieces, is_interrupted) in [(&pieces, false), (&pieces, true), (&cuts[0], true)] {
        let outcome = send(&media_type, pieces, is_interrupted);
        if outcome.status == 201 {
            assert_eq!(outcome, whole, "a truncated form is accepted");
        }
    }
}

/// Checks that the pieces of a form have no influence, except on which of several errors is
/// reported.
fn check_same(outcome: &Outcome, whole: &Outcome) {
    if outcome.status == 201 || whole.status == 201 {
        assert_eq!(outcome, whole, "the outcome depends on the pieces");
    }
}

/// The outcome of a form.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    status: u16,
    /// The type and the detail of the problem, if there is one.
    problem: Option<(Value, Value)>,
    /// The images, without the members that differ each time.
    images: Vec<Value>,
    /// The number of stored values.
    stored: usize,
}

fn send(media_type: &HeaderValue, pieces: &[&[u8]], is_interrupted: bool) -> Outcome {
    let session = Session::of_newcomer();
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, media_type.clone())]);
    let uri = "/v1/images".parse().expect("a path");
    let body: Body = body_of(pieces, is_interrupted);
    let answer = session.send(Method::POST, uri, headers, body);
    let outcome = outcome(&session, &answer);
    if outcome.status == 201 {
        let listed = session.get("/v1/images").json();
        assert_eq!(
            listed["items"].as_array().map(Vec::len),
            Some(outcome.images.len())
        );
    } else {
        assert_eq!(outcome.stored, 0, "a refused upload has left data behind");
        assert_eq!(
            session.get("/v1/images").json()["items"],
            Value::Array(Vec::new())
        );
    }
    outcome
}

fn outcome(session: &Session, answer: &Answer) -> Outcome {
    let json = answer.json();
    let status = answer.status.as_u16();
    let problem = (status != 201).then(|| (json["type"].clone(), json["detail"].clone()));
    let mut images = match (&problem, &json["items"]) {
        (Some(_), _) => Vec::new(),
        (None, Value::Array(items)) => items.clone(),
        (None, _) => vec![json],
    };
    for image in &images {
        check_attributes(image);
    }
    for image in images.iter_mut().filter_map(Value::as_object_mut) {
        for name in ["id", "links", "owner"] {
            image.remove(name);
        }
    }
    Outcome {
        status,
        problem,
        images,
        stored: session.stored(),
    }
}

/// Checks that an edit would accept the image's name, tags and metadata.
fn check_attributes(image: &Value) {
    if let Some(name) = image["filename"].as_str() {
        assert_eq!(filename::check(name), Ok(()), "{name:?}");
    }
    let tags = image["tags"].as_array().expect("tags");
    let tags = tags.iter().map(|tag| tag.as_str().expect("a tag"));
    let same = fields::tags(tags.clone()).expect("valid tags");
    assert!(tags.eq(same.iter().map(String::as_str)));
    let metadata = serde_json::from_value(image["metadata"].clone()).expect("metadata");
    fields::metadata(metadata).expect("valid metadata");
}
