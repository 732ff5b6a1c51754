//! Properties of arbitrary requests, checked with the whole application and stores in memory. For
//! fuzzers and tests.
//!
//! - `credentials`: tokens, signed URLs and tickets, as requests carry them;
//! - `preconditions`: `Range` and the conditions of a download;
//! - `list`: the query of a list and its cursors;
//! - `json`: merge patches and other JSON bodies;
//! - `upload`: the head of an upload, which describes its file;
//! - `uploads`: uploads that arrive piece by piece;
//! - `multipart`: forms, whole and in pieces.
//!
//! An input is text in lines, so that seeds are readable and mutations are meaningful.

mod credentials;
mod json;
mod list;
mod multipart;
mod preconditions;
mod upload;
mod uploads;

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use bytes::Bytes;
use futures_util::stream;

use super::testing::{Answer, Client, bearer};

pub use credentials::{signed_url, token};
pub use json::json;
pub use list::cursor;
pub use multipart::multipart;
pub use preconditions::preconditions;
pub use upload::upload;
pub use uploads::uploads;

/// The application, and a token of an owner.
struct Session {
    client: Rc<Client>,
    token: HeaderValue,
    /// The number of values that other owners had stored before.
    others: usize,
}

/// The number of owners that an application serves before it is replaced. Applications are
/// expensive to create, and keep the data of all owners.
const OWNERS: usize = 64;

thread_local! {
    /// The current application, and the number of owners that it has served.
    static SHARED: RefCell<(Rc<Client>, usize)> = RefCell::new((Rc::new(Client::with(&[])), 0));
}

impl Session {
    fn new(variables: &[(&'static str, &str)]) -> Self {
        Self::of(Rc::new(Client::with(variables)), "alice")
    }

    /// A session of an owner who has no images yet.
    fn of_newcomer() -> Self {
        SHARED.with_borrow_mut(|(client, served)| {
            *served += 1;
            if *served > OWNERS {
                (*client, *served) = (Rc::new(Client::with(&[])), 1);
            }
            Self::of(Rc::clone(client), &format!("owner {served}"))
        })
    }

    fn of(client: Rc<Client>, owner: &str) -> Self {
        let token = bearer(owner, "images:read images:write images:delete");
        Self {
            others: client.values.keys().len(),
            client,
            token: token.parse().expect("a header"),
        }
    }

    /// The number of values that have been stored since.
    fn stored(&self) -> usize {
        self.client.values.keys().len() - self.others
    }

    /// Sends a request with the token, unless `headers` have another.
    fn send(&self, method: Method, uri: Uri, headers: HeaderMap, body: impl Into<Body>) -> Answer {
        let mut request = Request::new(body.into());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        if !headers.contains_key(header::AUTHORIZATION) {
            headers.insert(header::AUTHORIZATION, self.token.clone());
        }
        let answer = at_once(self.client.send(request));
        check_answer(&method, &answer);
        check_lines(&self.client.lines());
        answer
    }

    fn get(&self, path: &str) -> Answer {
        let uri = path.parse().expect("a path");
        self.send(Method::GET, uri, HeaderMap::new(), Body::empty())
    }

    /// Uploads a file, and returns the path of its object.
    fn upload(&self, query: &str, bytes: Vec<u8>) -> String {
        let uri = format!("/v1/images?{query}").parse().expect("a path");
        let answer = self.send(Method::POST, uri, HeaderMap::new(), bytes);
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.header("location").to_owned()
    }
}

/// The maximum number of times that a request is polled.
const MOST_POLLS: usize = 1 << 20;

/// Runs a future that never waits for anything except its turn, as is the case with stores in
/// memory.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..MOST_POLLS {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
    panic!("the future is still waiting");
}

/// Checks the properties of every response: there is no server error, and a client error has a
/// problem object (RFC 9457).
fn check_answer(method: &Method, answer: &Answer) {
    let status = answer.status.as_u16();
    assert!(status < 500, "{status}: {:?}", answer.body);
    assert!(answer.headers.contains_key("x-request-id"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    if status >= 400 {
        assert_eq!(answer.header("content-type"), "application/problem+json");
        if *method != Method::HEAD {
            let problem = answer.json();
            assert_eq!(problem["status"], status);
            let kind = problem["type"].as_str().expect("a type");
            let registered = "https://iana.org/assignments/http-problem-types#";
            let is_known = kind.starts_with("/problems/") || kind.starts_with(registered);
            assert!(is_known, "{kind}");
            assert!(problem["title"].is_string() && problem["detail"].is_string());
        }
    }
}

/// Checks that each request has one log line, which is JSON and has no control characters.
fn check_lines(lines: &[String]) {
    let [line] = lines else {
        panic!("expected one line, not {lines:?}");
    };
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(
        serde_json::from_str::<serde_json::Value>(line).is_ok(),
        "{line}"
    );
    assert!(!line.contains("Bearer"), "{line}");
}

/// Parses `Name: value` lines, and returns the headers with these names. Values may have all bytes
/// that are valid in a header.
fn headers(lines: &[u8], names: &'static [&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let known = names
            .iter()
            .find(|known| known.as_bytes().eq_ignore_ascii_case(name));
        // Without surrounding spaces, as a server parses values.
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Some(name), Ok(value)) = (known, HeaderValue::from_bytes(value)) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// Replaces words in a text.
fn fill(text: &[u8], words: &[(&str, &[u8])]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let found = words
            .iter()
            .find(|(word, _)| rest.starts_with(word.as_bytes()));
        if let Some((word, meaning)) = found {
            filled.extend_from_slice(meaning);
            rest = rest.get(word.len()..).unwrap_or_default();
        } else {
            filled.push(*first);
            rest = after;
        }
    }
    filled
}

/// A body that arrives in these pieces, and then ends or is interrupted.
fn body_of(pieces: &[&[u8]], is_interrupted: bool) -> Body {
    let pieces = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece)));
    let error = is_interrupted.then(|| Err(std::io::Error::other("the sender has disconnected")));
    let pieces: Vec<_> = pieces.chain(error).collect();
    Body::from_stream(stream::iter(pieces))
}
