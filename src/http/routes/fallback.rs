//! Requests for paths that have no resource.

use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::Response;

use crate::http::app::App;
use crate::http::headers::accept;
use crate::http::reply;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::http::reply::urls::Urls;

/// The page that browsers are sent to from the root.
const START: &str = "/docs";

/// Responds to a request for a path that none of the `routes` has. Browsers at the root are
/// redirected to the documentation. A path that differs from a route's only in its slashes, in
/// upper-case letters or by a missing version is answered with the path that was probably meant.
pub(crate) fn respond(
    app: &App,
    routes: &[&str],
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let path = uri.path();
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if path == "/" && reads && accept::prefers_page(headers) {
        let mut response = reply::see_other(&Urls::of(&app.settings).at(START));
        // What is at the root depends on it.
        let vary = HeaderValue::from_static("Accept");
        response.headers_mut().append(header::VARY, vary);
        return Ok(response);
    }
    let problem = |detail: String| Problem::new(ProblemKind::NotFound, detail);
    Err(match meant(routes, path) {
        Some(meant) => {
            problem(format!("no such resource; did you mean {meant}?")).with("path", meant)
        }
        None if path == "/" => problem(format!("no such resource; {START} describes the API")),
        None => problem("no such resource".to_owned()),
    })
}

/// The path of a resource that was probably meant.
fn meant(routes: &[&str], path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let plain = format!("/{}", parts.join("/"));
    let lower_case = plain.to_ascii_lowercase();
    let versioned = format!("/v1{lower_case}");
    let mut candidates = [plain, lower_case, versioned].into_iter();
    candidates
        .find(|candidate| candidate != path && routes.iter().any(|route| matches(route, candidate)))
}

/// Whether a route such as `/v1/images/{id}` has this path.
fn matches(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(part)) if wanted == part || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_nearly_right_is_corrected() {
        let routes = ["/v1/images", "/v1/images/{id}/content", "/docs"];
        for (path, expected) in [
            ("/v1/images/", Some("/v1/images")),
            ("/v1//images", Some("/v1/images")),
            ("//docs//", Some("/docs")),
            ("/V1/Images", Some("/v1/images")),
            ("/images", Some("/v1/images")),
            ("/images/7/content/", Some("/v1/images/7/content")),
            ("/v1/images/7/Content", Some("/v1/images/7/content")),
            ("/v1/images/7/thumbnail", None),
            ("/v2/images", None),
            ("/v1", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(meant(&routes, path).as_deref(), expected, "{path}");
        }
    }
}
