//! `/problems` and `/problems/{slug}`: what each type of problem means, for a person.

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

/// A type of problem.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = ProblemType))]
pub(crate) struct ProblemTypeView {
    /// As in a problem's `type`.
    #[serde(rename = "type")]
    #[cfg_attr(test, schema(format = "uri-reference"))]
    uri: String,
    /// As in a problem's `title`.
    title: &'static str,
    /// The status that goes with it.
    status: u16,
    /// What it means.
    meaning: &'static str,
    /// Why it happens: the usual causes.
    causes: &'static [&'static str],
    /// What to do.
    remedy: &'static str,
}

impl ProblemTypeView {
    fn new(kind: ProblemKind) -> Self {
        let told = kind.explanation();
        Self {
            uri: kind.uri(),
            title: kind.title(),
            status: kind.status().as_u16(),
            meaning: told.meaning,
            causes: told.causes,
            remedy: told.remedy,
        }
    }
}

/// All types of problems.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = ProblemTypes))]
pub(crate) struct ProblemTypesView {
    /// The types, by status.
    items: Vec<ProblemTypeView>,
}

/// List the types of problems
#[cfg_attr(test, utoipa::path(
    get, path = "/problems", operation_id = "listProblemTypes", tag = "Service",
    responses((status = 200, description = "A page for people, or JSON.",
        content((String = "text/html"), (ProblemTypesView = "application/json")),
        headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
))]
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

/// Explain a type of problem
///
/// What it means, why it happens, and what to do. The `type` of every problem leads here.
#[cfg_attr(test, utoipa::path(
    get, path = "/problems/{slug}", operation_id = "getProblemType", tag = "Service",
    responses((status = 200, description = "A page for people, or JSON.",
        content((String = "text/html"), (ProblemTypeView = "application/json")),
        headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
))]
pub(crate) async fn show(
    slug: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kind = slug
        .ok()
        .and_then(|Path(slug)| ProblemKind::from_slug(&slug));
    let unknown = || Problem::new(ProblemKind::NotFound, "there is no such type of problem");
    let kind = kind.ok_or_else(unknown)?;
    respond(&headers, || ProblemTypeView::new(kind), || kind_page(kind))
}

/// A page, or the same as JSON for who wants that rather.
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
         Its <code>type</code> is one of these.</p>\n<table>\n{rows}</table>\n</main>"
    );
    markup::html("Problems", &body)
}

fn kind_page(kind: ProblemKind) -> String {
    let told = kind.explanation();
    let causes: String = told
        .causes
        .iter()
        .map(|cause| format!("<li>{}</li>\n", prose(cause)))
        .collect();
    let body = format!(
        "<main>\n<p class=\"path\"><a href=\"../docs\">API</a> / \
         <a href=\"../problems\">Problems</a></p>\n<h1>{title}</h1>\n\
         <p><span class=\"status\">{status}</span> <code>{uri}</code></p>\n<p>{meaning}</p>\n\
         <h2>Why it happens</h2>\n<ul>\n{causes}</ul>\n<h2>What to do</h2>\n<p>{remedy}</p>\n\
         </main>",
        title = escape(kind.title()),
        status = kind.status().as_u16(),
        uri = kind.uri(),
        meaning = prose(told.meaning),
        remedy = prose(told.remedy),
    );
    markup::html(kind.title(), &body)
}
