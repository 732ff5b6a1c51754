//! `/`: the page on which people upload, look at and share images; `/drop`: the same page for guests
//! who have an upload ticket. Its sources are in `web/`, and the build script makes a few files of
//! them.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;

use super::Route;
use crate::http::reply::asset::{self, Asset};
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::{cached, page};

/// The paths of the page.
pub(crate) const PATHS: [&str; 3] = ["/", "/drop", "/page/{version}/{part}"];

/// The files of the page, and their types.
const FILES: [(&str, &str, Asset); 3] = [
    (
        "page.js",
        "text/javascript; charset=utf-8",
        asset::PAGE_SCRIPT,
    ),
    ("page.css", "text/css; charset=utf-8", asset::PAGE_STYLE),
    ("icon.svg", "image/svg+xml", asset::PAGE_ICON),
];

/// A policy that allows the files of the page, calls of the API and pictures from it, and nothing
/// else. Trusted types forbid scripts to parse text as HTML.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'",
);
/// A new version is there with the next visit.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// For ever, as the path depends on the content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) fn routes() -> Vec<Route> {
    let [here, drop, files] = PATHS;
    vec![
        (here, get(show)),
        (drop, get(show_to_guests)),
        (files, get(file)),
    ]
}

/// Page for people
///
/// Returns a page to upload, look at and share images. It asks for a token.
#[utoipa::path(
    get, path = "/", operation_id = "getPage", tag = "Service",
    responses((status = 200, description = "The page.", content((String = "text/html")), headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
)]
pub(crate) async fn show(headers: HeaderMap) -> Result<Response, Problem> {
    respond(&headers)
}

/// Page for guests
///
/// Returns a page that uploads files with the ticket in the fragment of its address.
#[utoipa::path(
    get, path = "/drop", operation_id = "getGuestPage", tag = "Service",
    responses((status = 200, description = "The page.", content((String = "text/html")), headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
)]
pub(crate) async fn show_to_guests(headers: HeaderMap) -> Result<Response, Problem> {
    respond(&headers)
}

fn respond(headers: &HeaderMap) -> Result<Response, Problem> {
    let mut response = asset::PAGE.respond(headers, page::respond)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    Ok(response)
}

/// File of the page
///
/// Returns a script, a style sheet or an icon of the page. The path changes with the content.
#[utoipa::path(
    get, path = "/page/{version}/{part}", operation_id = "getPageFile", tag = "Service",
    responses((status = 200, description = "The file.", content((String = "text/javascript"), (String = "text/css"), (String = "image/svg+xml")), headers(("ETag")))),
    extensions(("x-cached" = json!(true)), ("x-problems" = json!([NotFound]))),
)]
pub(crate) async fn file(
    Path((version, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = FILES.iter().find(|(known, ..)| *known == name);
    let (_, media_type, asset) = found
        .filter(|_| version == asset::PAGE_HASH)
        .ok_or_else(|| Problem::new(NotFound, "the page has no such file"))?;
    let mut response = asset.respond(&headers, |headers, etag, body| {
        cached::respond(headers, HeaderValue::from_static(media_type), etag, body)
    })?;
    let cache = response.headers_mut();
    cache.insert(header::CACHE_CONTROL, IMMUTABLE);
    Ok(response)
}
