//! What a request has to be before it is routed, whatever it is for: for one host, of a
//! length that is read, without a coding of its body, and ready to take what it would be
//! answered with.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::http::headers::{accept, media_type};
use crate::http::reply::problem::{Problem, ProblemKind};

/// The longest path and query that is read, in bytes. An upload ticket fits.
pub(crate) const MAX_TARGET_BYTES: usize = 16 << 10;
/// The most bytes of all header fields together.
pub(crate) const MAX_HEADER_BYTES: usize = 64 << 10;

/// The middleware that refuses all others.
pub(crate) async fn request(request: Request, next: Next) -> Result<Response, Problem> {
    let target = request.uri().path_and_query();
    let length = target.map_or(0, |target| target.as_str().len());
    if length > MAX_TARGET_BYTES {
        return Err(too_long(ProblemKind::UriTooLong, MAX_TARGET_BYTES, length));
    }
    let fields = request.headers().iter();
    let length = fields
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if length > MAX_HEADER_BYTES {
        let kind = ProblemKind::HeadersTooLarge;
        return Err(too_long(kind, MAX_HEADER_BYTES, length));
    }
    refuse_hosts(request.uri(), request.headers())?;
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(read(request, next).await);
    }
    refuse_coding(request.headers())?;
    // Whatever changes something answers with JSON, or with nothing. What would not be
    // taken is refused before anything is done.
    if request.method() != Method::DELETE {
        accept::choose(request.headers(), &["application/json"])?;
    }
    Ok(next.run(request).await)
}

/// Reading changes nothing: the answer itself tells what it is.
async fn read(request: Request, next: Next) -> Response {
    let accept = request.headers().get_all(header::ACCEPT);
    if accept.iter().all(|value| value == "*/*") {
        return next.run(request).await;
    }
    let accept = accept.iter().cloned();
    let accept: HeaderMap = accept.map(|value| (header::ACCEPT, value)).collect();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    match media_type::of(response.headers()).map(|essence| accept::choose(&accept, &[essence])) {
        Some(Err(problem)) => problem.into_response(),
        _ => response,
    }
}

fn too_long(kind: ProblemKind, limit: usize, actual: usize) -> Problem {
    let what = match kind {
        ProblemKind::UriTooLong => "path and query",
        _ => "header fields",
    };
    Problem::new(kind, format!("the {what} must have at most {limit} bytes"))
        .with("limit", limit)
        .with("actual", actual)
}

/// RFC 9112 §3.2: a request that is for no host, or for two. Hosts tell some of this by the
/// URI alone, and refuse some of it themselves.
fn refuse_hosts(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().map(authority);
    let detail = match (host, uri.authority()) {
        _ if hosts.next().is_some() => "the request must have one Host",
        (Some(None), _) => "Host must be a name or an address, and perhaps a port",
        (_, Some(named)) if named.as_str().contains('@') => "a user cannot be named by the host",
        (Some(Some(host)), Some(named)) if host != *named => {
            "Host and the target of the request must name the same host"
        }
        _ => return Ok(()),
    };
    Err(Problem::bad_request(detail))
}

/// What `Host` names, if it is anything that it may be.
fn authority(host: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(host.as_bytes()).ok()?;
    let is_whole = !authority.as_str().contains('@') && !authority.host().is_empty();
    is_whole.then_some(authority)
}

/// RFC 9110 §8.4: a coding that is not read is refused, and `Accept-Encoding` tells which is.
fn refuse_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    if codings.all(|coding| coding.is_empty() || coding == "identity") {
        return Ok(());
    }
    let detail = "the body must be sent without a Content-Encoding";
    Err(Problem::new(ProblemKind::UnsupportedCoding, detail)
        .with_header(header::ACCEPT_ENCODING, "identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(target: &'static str, hosts: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_static(host));
        }
        let refused = refuse_hosts(&Uri::from_static(target), &headers);
        refused.is_err_and(|problem| problem.into_response().status() == StatusCode::BAD_REQUEST)
    }

    #[test]
    fn a_request_is_for_one_host() {
        for (target, hosts) in [
            ("/", &["a", "a"][..]),
            ("/", &["a", "b"]),
            ("/", &[""]),
            ("/", &["a@b"]),
            ("/", &["a b"]),
            ("/", &["http://a"]),
            ("http://a/", &["b"]),
            ("http://a@b/", &["b"]),
            ("http://a@b/", &[]),
        ] {
            assert!(is_refused(target, hosts), "{target} {hosts:?}");
        }
        for (target, hosts) in [
            ("/", &[][..]),
            ("/", &["a:80"]),
            ("/", &["[::1]:80"]),
            ("http://a/", &["A"]),
            ("http://a/", &[]),
        ] {
            assert!(!is_refused(target, hosts), "{target} {hosts:?}");
        }
    }
}
