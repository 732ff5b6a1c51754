//! Tokens, signed URLs and tickets, as requests carry them.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, header};

use super::Session;
use crate::auth::fuzz::{self, NOW, first_line, ring, signed_token};
use crate::auth::{link, token as bearer};
use crate::media::testing;

struct Stored {
    session: Session,
    /// Where the bytes of a private image are.
    content: String,
}

thread_local! {
    static STORED: Stored = {
        let session = Session::new(&[]);
        let content = format!("{}/content", session.upload("", testing::png(1, 1)));
        Stored { session, content }
    };
}

/// Bearer tokens, as [`fuzz::token`] takes them, and the field that carries them. The
/// input is a field's value; or a header and a payload, each on a line.
pub fn token(input: &[u8]) {
    fuzz::token(input);
    let (header, payload) = first_line(input);
    STORED.with(|stored| {
        if let Ok(field) = HeaderValue::from_bytes(header) {
            assert_eq!(ask(stored, field), 401, "a stranger's field is taken");
        }
        let text = signed_token(&ring(), header, payload);
        let is_good = bearer::verify(&ring(), None, NOW, &text).is_ok();
        let field = format!("BEARER {text}").parse().expect("a header");
        assert_eq!(ask(stored, field) != 401, is_good);
    });
}

/// Asks for what every token may have, with this field.
fn ask(stored: &Stored, field: HeaderValue) -> u16 {
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, field)]);
    let uri = "/v1/images?limit=1".parse().expect("a path");
    let answer = stored
        .session
        .send(Method::GET, uri, headers, Body::empty());
    let status = answer.status.as_u16();
    if status == 401 {
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer"), "{challenge}");
    }
    status
}

/// Signed URLs and tickets, as [`fuzz::signed_url`] takes them, and the queries that
/// carry them.
pub fn signed_url(input: &[u8]) {
    fuzz::signed_url(input);
    let (first, rest) = first_line(input);
    STORED.with(|stored| {
        let query = String::from_utf8_lossy(first);
        let urls = [
            (
                Method::GET,
                format!("{}?signature=&{query}", stored.content),
            ),
            (
                Method::HEAD,
                format!("{}?signature=A&{query}", stored.content),
            ),
            (Method::POST, format!("/v1/images?ticket={query}")),
        ];
        for (method, url) in urls {
            if let Ok(uri) = url.parse() {
                let headers =
                    HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("*/*"))]);
                let answer = stored
                    .session
                    .send(method, uri, headers, testing::png(1, 1));
                assert!(answer.status.is_client_error(), "{url} is taken");
            }
        }
        follow(stored, &String::from_utf8_lossy(rest));
    });
}

/// Whoever signs gets the image, unless there is a parameter that we do not know.
fn follow(stored: &Stored, parameters: &str) {
    let pairs = parameters
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    let parameters: Vec<_> = pairs.filter(|(name, _)| *name != "download").collect();
    let link = link::Link {
        method: link::LinkMethod::Get,
        path: &stored.content,
        parameters: &parameters,
        epoch: 0,
        expires: NOW + 1,
    };
    let url = link.sign(&ring(), None).expect("signs");
    let is_known = |(name, _): &(&str, &str)| link::OWN.contains(name);
    let is_known = parameters.iter().all(is_known);
    let too_long = url.len() > crate::http::layers::validate::MAX_TARGET_BYTES;
    let answer = stored.session.get(&url);
    let expected = match (too_long, is_known) {
        (true, _) => 414,
        (false, true) => 200,
        (false, false) => 403,
    };
    assert_eq!(answer.status, expected, "{url}: {:?}", answer.body);
}
