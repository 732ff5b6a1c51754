//! Merge patches (RFC 7396) and the other bodies in JSON.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};

use super::{Answer, Session, body_of};
use crate::auth::fuzz::{NOW, first_line, ring};
use crate::auth::ticket;
use crate::media::testing;
use crate::testing::chance::Chance;

/// The members of an image that its owner may change.
const MEMBERS: [&str; 4] = ["filename", "tags", "visibility", "metadata"];

struct Stored {
    session: Session,
    object: String,
}

thread_local! {
    static STORED: Stored = {
        let session = Session::new(&[]);
        let object = session.upload("", testing::png(1, 1));
        Stored { session, object }
    };
}

/// The input is the name of a resource (`patch`, `link`, `ticket`) and a media type, followed by a
/// body from the second line on.
pub fn json(input: &[u8]) {
    let (first, body) = first_line(input);
    let first = String::from_utf8_lossy(first);
    let (word, media_type) = first
        .split_once(' ')
        .unwrap_or((&first, "application/json"));
    STORED.with(|stored| match word {
        "link" => check_link(stored, media_type, body),
        "ticket" => check_ticket(stored, media_type, body),
        _ => check_patch(stored, media_type, body),
    });
}

impl Stored {
    fn send(&self, method: Method, path: &str, media_type: &str, body: impl Into<Body>) -> Answer {
        let media_type = HeaderValue::from_str(media_type);
        let media_type = media_type
            .into_iter()
            .map(|value| (header::CONTENT_TYPE, value));
        let path = path.parse().expect("a path");
        self.session
            .send(method, path, HeaderMap::from_iter(media_type), body)
    }

    fn patch(&self, media_type: &str, body: impl Into<Body>) -> Answer {
        self.send(Method::PATCH, &self.object, media_type, body)
    }

    /// The image's [`MEMBERS`].
    fn members(&self) -> Value {
        let object = self.session.get(&self.object).json();
        let members = MEMBERS.map(|name| (name.to_owned(), object[name].clone()));
        Value::Object(members.into_iter().collect())
    }
}

/// Checks that an accepted patch has the same effect as the algorithm of the RFC, and no further
/// effect when it is repeated; that a refused patch has no effect; and that the pieces of the body
/// do not matter.
fn check_patch(stored: &Stored, media_type: &str, body: &[u8]) {
    let start = json!({
        "filename": "a.png", "tags": ["a"], "visibility": "public", "metadata": {"k": "v", "l": ""},
    });
    let reset = || {
        for patch in [r#"{"metadata":null}"#, &start.to_string()] {
            let answer = stored.patch("application/json", patch.to_owned());
            assert_eq!(answer.status, 200);
        }
    };
    reset();
    let answer = stored.patch(media_type, body.to_vec());
    let after = stored.members();
    if answer.status == 200 {
        let patch = serde_json::from_slice(body).expect("an accepted patch is JSON");
        let mut expected = start.clone();
        merge(&mut expected, &patch);
        assert_eq!(after, normalized(expected), "{patch}");
        assert_eq!(stored.patch(media_type, body.to_vec()).status, 200);
        assert_eq!(stored.members(), after);
    } else {
        assert_eq!(after, start);
    }
    reset();
    let pieces = Chance::of(body).pieces(body);
    let in_pieces = stored.patch(media_type, body_of(&pieces, false));
    assert_eq!(in_pieces.status, answer.status);
    assert_eq!(stored.members(), after);
    reset();
    let interrupted = stored.patch(media_type, body_of(&pieces, true));
    assert!(interrupted.status.is_client_error());
    assert_eq!(stored.members(), start);
}

/// The algorithm of RFC 7396 §2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// The members as an image shows them: absent members have their defaults, and tags have neither
/// surrounding spaces nor duplicates.
fn normalized(members: Value) -> Value {
    let mut tags: Vec<&str> = Vec::new();
    for tag in members["tags"].as_array().into_iter().flatten() {
        let tag = tag.as_str().expect("a string").trim();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let visibility = members["visibility"].as_str().unwrap_or("private").trim();
    let metadata = members
        .get("metadata")
        .cloned()
        .unwrap_or_else(|| json!({}));
    json!({
        "filename": members.get("filename"),
        "tags": tags,
        "visibility": visibility,
        "metadata": metadata,
    })
}

/// Checks that a created link works, and has the requested lifetime.
fn check_link(stored: &Stored, media_type: &str, body: &[u8]) {
    let path = format!("{}/links", stored.object);
    let answer = stored.send(Method::POST, &path, media_type, body.to_vec());
    if answer.status != 201 {
        return;
    }
    let requested: Value = serde_json::from_slice(body).expect("an accepted body is JSON");
    assert!(
        requested["expires_in"]
            .as_f64()
            .is_some_and(|seconds| (1.0..=604_800.0).contains(&seconds))
    );
    let created = answer.json();
    let url = created["url"]
        .as_str()
        .expect("a URL")
        .parse()
        .expect("a URL");
    let method = if requested["method"] == "HEAD" {
        Method::HEAD
    } else {
        Method::GET
    };
    let invalid_token =
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("none"))]);
    let followed = stored
        .session
        .send(method, url, invalid_token, Body::empty());
    assert_eq!(followed.status, 200);
    let attachment = followed
        .header("content-disposition")
        .starts_with("attachment");
    assert_eq!(attachment, requested["download"] == true);
}

/// Checks that a created ticket has the requested terms.
fn check_ticket(stored: &Stored, media_type: &str, body: &[u8]) {
    let answer = stored.send(
        Method::POST,
        "/v1/upload-tickets",
        media_type,
        body.to_vec(),
    );
    if answer.status != 201 {
        return;
    }
    let requested: Value = serde_json::from_slice(body).expect("an accepted body is JSON");
    let created = answer.json();
    let url = created["upload_url"].as_str().expect("a URL");
    let (_, text) = url.split_once("?ticket=").expect("a ticket");
    let ticket = ticket::verify(&ring(), NOW, text).expect("a valid ticket");
    let seconds = (ticket.exp - NOW) as f64;
    assert_eq!(requested["expires_in"].as_f64(), Some(seconds));
    assert_eq!(ticket.sub, "alice");
    assert_eq!(
        requested["max_bytes"].as_f64(),
        ticket.max_bytes.map(|bytes| bytes as f64)
    );
    let tags = normalized(json!({"tags": requested.get("tags")}))["tags"].clone();
    assert_eq!(tags, json!(ticket.tags));
    let uploads = requested["max_uploads"].as_f64().unwrap_or(1.0);
    assert_eq!(ticket.max_uploads.map(f64::from), Some(uploads));
    assert_eq!(created["name"], requested["name"]);
}
