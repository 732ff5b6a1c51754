//! Tokens, signed URLs and tickets, as requests carry them.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, header};

use super::Session;
use crate::auth::fuzz::{self, NOW, first_line, ring, signed_token};
use crate::auth::{Requirements, link, token as bearer};
use crate::media::testing;

struct Stored {
    session: Session,
    /// The path of a private image's content.
    content: String,
    /// The path of its service of the IIIF Image API.
    service: String,
}

thread_local! {
    static STORED: Stored = {
        let session = Session::new(&[]);
        let image = session.upload("", testing::png(1, 1));
        let service = image.replace("/v1/images/", link::IIIF);
        let content = format!("{image}/content");
        Stored { session, content, service }
    };
}

/// Checks bearer tokens, as [`fuzz::token`] does, and the header field that carries them. The input
/// is a field's value, or the header and the payload of a token on a line each.
pub fn token(input: &[u8]) {
    fuzz::token(input);
    let (header, payload) = first_line(input);
    STORED.with(|stored| {
        if let Ok(field) = HeaderValue::from_bytes(header) {
            assert_eq!(
                status_with(stored, field),
                401,
                "an arbitrary field is accepted"
            );
        }
        let text = signed_token(&ring(), header, payload);
        let is_valid = bearer::verify(&ring(), Requirements::default(), NOW, &text).is_ok();
        let field = format!("BEARER {text}").parse().expect("a header");
        assert_eq!(status_with(stored, field) != 401, is_valid);
    });
}

/// Sends a request that any valid token allows, with this field.
fn status_with(stored: &Stored, field: HeaderValue) -> u16 {
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

/// Checks signed URLs and tickets, as [`fuzz::signed_url`] does, and the queries that carry them.
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
            (
                Method::GET,
                format!("{};signature=A;{query}", stored.service),
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
                assert!(answer.status.is_client_error(), "{url} is accepted");
            }
        }
        follow(stored, &String::from_utf8_lossy(rest));
    });
}

/// Checks that a signed URL returns the image or one that is derived from it, unless it has an
/// unknown parameter or a transform that is not valid.
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
        id: None,
    };
    let url = link.sign(&ring(), None).expect("signs");
    let is_known = |(name, _): &(&str, &str)| link::OWN.contains(name);
    let is_known = parameters.iter().all(is_known);
    let too_long = url.len() > crate::http::layers::validate::MAX_TARGET_BYTES;
    let answer = stored.session.get(&url);
    let is_meaningful = |(name, _): &(&str, &str)| link::PARAMETERS.contains(name);
    let all = |known: &dyn Fn(&(&str, &str)) -> bool| parameters.iter().all(known);
    if !too_long && !is_known && all(&|pair| is_meaningful(pair) || link::OWN.contains(&pair.0)) {
        let statuses = [200, 400, 406, 413];
        let status = answer.status.as_u16();
        assert!(
            statuses.contains(&status),
            "{url}: {status} {:?}",
            answer.body
        );
        return;
    }
    let expected = match (too_long, is_known) {
        (true, _) => 414,
        (false, true) => 200,
        (false, false) => 403,
    };
    assert_eq!(answer.status, expected, "{url}: {:?}", answer.body);
}
