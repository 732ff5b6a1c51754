//! `/openapi.json` and `/docs`: the description of the API, for programs and for people.
//! `cargo xtask openapi` generates both files from the code.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::Route;
use crate::http::app::App;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::http::reply::{asset, cached, page};

pub(super) fn routes() -> Vec<Route> {
    vec![("/openapi.json", get(description)), ("/docs", get(show))]
}

/// The server URL in the generated file: the host of the file.
pub(crate) const HERE: &str = r#""url": "/""#;

/// OpenAPI description
///
/// Returns this description of the API, in OpenAPI 3.1.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "getDescription", tag = "Service",
    responses((status = 200, description = "The description.", body = Object, headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
)]
pub(crate) async fn description(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(base) = &app.settings.http.public_base_url else {
        return asset::OPENAPI.respond(&headers, |headers, etag, body| {
            cached::respond(headers, cached::JSON, etag, body)
        });
    };
    let plain = String::from_utf8(asset::OPENAPI.plain()?)
        .map_err(|_| Problem::new(ProblemKind::Internal, "the description is not UTF-8"))?;
    let there = format!(r#""url": {}"#, json!(base));
    let body = plain.replacen(HERE, &there, 1);
    Ok(cached::respond(
        &headers,
        cached::JSON,
        &cached::etag(body.as_bytes()),
        body,
    ))
}

/// API documentation
///
/// Returns the description of the API as a web page.
#[utoipa::path(
    get, path = "/docs", operation_id = "getDocs", tag = "Service",
    responses((status = 200, description = "The web page.", content((String = "text/html")), headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
)]
pub(crate) async fn show(headers: HeaderMap) -> Result<Response, Problem> {
    asset::DOCS.respond(&headers, page::respond)
}
