//! Checks of all requests before they are routed: a request must be for one host, must not be too
//! long, must not have an encoded body, and must accept the type of the response.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;

use crate::http::headers::{accept, media_type};
use crate::http::reply::problem::{Problem, ProblemKind};

/// The maximum length of the path and query, in bytes. An upload ticket fits.
pub(crate) const MAX_TARGET_BYTES: usize = 16 << 10;
/// The maximum total size of all header fields, in bytes.
pub(crate) const MAX_HEADER_BYTES: usize = 64 << 10;

/// The middleware that refuses other requests.
pub(crate) async fn request(
    request: Request,
    next: impl AsyncFnOnce(Request) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
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
        return read(request, next).await;
    }
    refuse_coding(request.headers())?;
    // Requests with side effects are answered with JSON, or without content. If the client does
    // not accept JSON, they are refused before they have any effect.
    if request.method() != Method::DELETE {
        accept::choose(request.headers(), &["application/json"])?;
    }
    next(request).await
}

/// Handles a read. It has no side effects, so its type is checked when the response is known.
async fn read(
    request: Request,
    next: impl AsyncFnOnce(Request) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    let accept = request.headers().get_all(header::ACCEPT);
    if accept.iter().all(|value| value == "*/*") {
        return next(request).await;
    }
    let accept = accept.iter().cloned();
    let accept: HeaderMap = accept.map(|value| (header::ACCEPT, value)).collect();
    let response = next(request).await?;
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    match media_type::of(response.headers()).map(|essence| accept::choose(&accept, &[essence])) {
        Some(Err(problem)) => Err(problem),
        _ => Ok(response),
    }
}

fn too_long(kind: ProblemKind, limit: usize, actual: usize) -> Problem {
    let part = match kind {
        ProblemKind::UriTooLong => "path and query",
        _ => "header fields",
    };
    Problem::new(kind, format!("the {part} must have at most {limit} bytes"))
        .with("limit", limit)
        .with("actual", actual)
}

/// Refuses requests that name an invalid host, or two hosts (RFC 9112 §3.2). Runtimes refuse some
/// of these themselves, and pass on some of the names in the URI only.
fn refuse_hosts(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().map(authority);
    let detail = match (host, uri.authority()) {
        _ if hosts.next().is_some() => "the request must have only one Host header",
        (Some(None), _) => "the Host header must be a name or an address, with an optional port",
        (_, Some(named)) if named.as_str().contains('@') => {
            "the target of the request must not name a user"
        }
        (Some(Some(host)), Some(named)) if host != *named => {
            "the Host header and the target of the request must name the same host"
        }
        _ => return Ok(()),
    };
    Err(Problem::bad_request(detail))
}

/// The authority that the `Host` header names, if it is valid.
fn authority(host: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(host.as_bytes()).ok()?;
    let is_host = !authority.as_str().contains('@') && !authority.host().is_empty();
    is_host.then_some(authority)
}

/// Refuses an unsupported content coding (RFC 9110 §8.4). `Accept-Encoding` names the supported
/// one.
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
    use axum::response::IntoResponse as _;

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
    fn requests_must_name_one_host() {
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
