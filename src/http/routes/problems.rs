//! `/problems` and `/problems/{slug}`: an explanation of each problem type, for people.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::Route;
use crate::http::headers::accept;
use crate::http::reply::markup::{self, escape, prose};
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::http::reply::{cached, page};

pub(super) fn routes() -> Vec<Route> {
    vec![("/problems", get(list)), ("/problems/{slug}", get(show))]
}

/// A problem type.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ProblemExplanation)]
pub(crate) struct ProblemTypeView {
    /// The `type` of problems of this type.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    uri: String,
    /// The `title` of problems of this type.
    title: &'static str,
    /// The HTTP status code.
    status: u16,
    /// What the problem means.
    meaning: &'static str,
    /// The usual causes.
    causes: &'static [&'static str],
    /// How to fix it.
    remedy: &'static str,
}

impl ProblemTypeView {
    fn new(kind: ProblemKind) -> Self {
        let explanation = kind.explanation();
        Self {
            uri: kind.uri(),
            title: kind.title(),
            status: kind.status().as_u16(),
            meaning: explanation.meaning,
            causes: explanation.causes,
            remedy: explanation.remedy,
        }
    }
}

/// All problem types.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ProblemExplanations)]
pub(crate) struct ProblemTypesView {
    /// The problem types, by status.
    items: Vec<ProblemTypeView>,
}

/// List problem types
///
/// Returns an explanation of every problem type.
#[utoipa::path(
    get, path = "/problems", operation_id = "listProblemTypes", tag = "Service",
    responses((status = 200, description = "A web page, or JSON.",
        content((String = "text/html"), (ProblemTypesView = "application/json")),
        headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
)]
pub(crate) async fn list(headers: HeaderMap) -> Result<Response, Problem> {
    let view = || ProblemTypesView {
        items: ProblemKind::ALL
            .iter()
            .copied()
            .map(ProblemTypeView::new)
            .collect(),
    };
    respond(&headers, view, list_page)
}

/// Get a problem type
///
/// Explains what a problem means, its usual causes and how to fix it. The `type` of every problem
/// is the URL of its explanation.
#[utoipa::path(
    get, path = "/problems/{slug}", operation_id = "getProblemType", tag = "Service",
    responses((status = 200, description = "A web page, or JSON.",
        content((String = "text/html"), (ProblemTypeView = "application/json")),
        headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
)]
pub(crate) async fn show(
    slug: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kind = slug
        .ok()
        .and_then(|Path(slug)| ProblemKind::from_slug(&slug));
    let unknown = || Problem::new(ProblemKind::NotFound, "no such problem type");
    let kind = kind.ok_or_else(unknown)?;
    respond(&headers, || ProblemTypeView::new(kind), || kind_page(kind))
}

/// Responds with a page, or with the same information as JSON for clients that prefer it.
fn respond<V: Serialize>(
    headers: &HeaderMap,
    view: impl FnOnce() -> V,
    page: impl FnOnce() -> String,
) -> Result<Response, Problem> {
    let mut response = match accept::choose(headers, &["text/html", "application/json"])? {
        "text/html" => {
            let page = page();
            page::respond(headers, &cached::etag(page.as_bytes()), page)
        }
        _ => cached::object(headers, &view())?,
    };
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().append(header::VARY, vary);
    Ok(response)
}

fn list_page() -> String {
    let rows = ProblemKind::ALL.iter().map(|kind| {
        let (slug, title, status) = (kind.slug(), escape(kind.title()), kind.status().as_u16());
        let meaning = prose(kind.explanation().meaning);
        format!(
            "<tr><td>{status}</td><td><a href=\"problems/{slug}\">{title}</a><br>{meaning}</td></tr>\n"
        )
    });
    let rows: String = rows.collect();
    let body = format!(
        "<main>\n<p class=\"path\"><a href=\"docs\">API</a></p>\n<h1>Problems</h1>\n\
         <p>Every error is an <code>application/problem+json</code> object (RFC 9457). \
         Its <code>type</code> is one of the following.</p>\n<table>\n{rows}</table>\n</main>"
    );
    markup::html("Problems", &body)
}

fn kind_page(kind: ProblemKind) -> String {
    let explanation = kind.explanation();
    let causes: String = explanation
        .causes
        .iter()
        .map(|cause| format!("<li>{}</li>\n", prose(cause)))
        .collect();
    let body = format!(
        "<main>\n<p class=\"path\"><a href=\"../docs\">API</a> / \
         <a href=\"../problems\">Problems</a></p>\n<h1>{title}</h1>\n\
         <p><span class=\"status\">{status}</span> <code>{uri}</code></p>\n<p>{meaning}</p>\n\
         <h2>Causes</h2>\n<ul>\n{causes}</ul>\n<h2>How to fix it</h2>\n<p>{remedy}</p>\n\
         </main>",
        title = escape(kind.title()),
        status = kind.status().as_u16(),
        uri = kind.uri(),
        meaning = prose(explanation.meaning),
        remedy = prose(explanation.remedy),
    );
    markup::html(kind.title(), &body)
}
