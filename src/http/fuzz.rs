//! What holds of any request that strangers send, asked of the whole application over
//! memory. For fuzzers and tests.
//!
//! - `credentials`: tokens, signed URLs and tickets, as requests carry them;
//! - `preconditions`: `Range` and the conditions of a download;
//! - `list`: the query of a list and its cursors;
//! - `json`: merge patches and other JSON bodies;
//! - `upload`: what the head of an upload says of its file;
//! - `multipart`: forms, whole and in pieces.
//!
//! An input is text in lines, so that seeds can be read and a fuzzer's changes mean
//! something.

mod credentials;
mod json;
mod list;
mod multipart;
mod preconditions;
mod upload;

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

/// The application, and an owner's token for it.
struct Session {
    client: Rc<Client>,
    token: HeaderValue,
    /// How many values others had stored before.
    others: usize,
}

/// How many owners an application serves before another takes its place: it is dear to
/// make, and remembers all of them.
const OWNERS: usize = 64;

thread_local! {
    /// The application that serves owners, and how many it has served.
    static SHARED: RefCell<(Rc<Client>, usize)> = RefCell::new((Rc::new(Client::with(&[])), 0));
}

impl Session {
    fn new(variables: &[(&'static str, &str)]) -> Self {
        Self::of(Rc::new(Client::with(variables)), "alice")
    }

    /// That of an owner who has nothing yet.
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

    /// How many values are stored since.
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

    /// Uploads a file, and gives where its object is.
    fn upload(&self, query: &str, bytes: Vec<u8>) -> String {
        let uri = format!("/v1/images?{query}").parse().expect("a path");
        let answer = self.send(Method::POST, uri, HeaderMap::new(), bytes);
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.header("location").to_owned()
    }
}

/// How often a request is polled at the most.
const MOST_POLLS: usize = 1 << 20;

/// What comes of work that waits for nothing but its turn: over memory nothing else is
/// waited for.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..MOST_POLLS {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
    panic!("it waits for something");
}

/// What holds of every answer to a stranger: nothing is wrong on our side, and a refusal
/// says why in the form of RFC 9457.
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
            assert!(kind.starts_with("/problems/"), "{kind}");
            assert!(problem["title"].is_string() && problem["detail"].is_string());
        }
    }
}

/// Each request has one line in the log, which is JSON and as safe to look at as text is.
fn check_lines(lines: &[String]) {
    let [line] = lines else {
        panic!("one line, not {lines:?}");
    };
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(
        serde_json::from_str::<serde_json::Value>(line).is_ok(),
        "{line}"
    );
    assert!(!line.contains("Bearer"), "{line}");
}

/// Headers as `Name: value` lines, those of these names. Values are any bytes that a
/// header can have.
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
        // As a server reads them: without the spaces around them.
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Some(name), Ok(value)) = (known, HeaderValue::from_bytes(value)) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// Text in which these words stand for others.
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

/// A body that comes in these pieces, and then ends or breaks off.
fn body_of(pieces: &[&[u8]], breaks_off: bool) -> Body {
    let pieces = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece)));
    let error = breaks_off.then(|| Err(std::io::Error::other("the sender is gone")));
    let pieces: Vec<_> = pieces.chain(error).collect();
    Body::from_stream(stream::iter(pieces))
}
