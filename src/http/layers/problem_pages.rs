//! Problems as pages: people who open a link in a browser see what is wrong with it, not JSON.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;

use crate::http::app::App;
use crate::http::headers::accept;
use crate::http::reply::markup::{self, escape};
use crate::http::reply::page;
use crate::http::reply::problem::{Occurrence, ProblemKind};
use crate::http::reply::urls::Urls;

/// The middleware that replaces the body of a problem with a page, if the request is a read by a
/// client that prefers pages. The status and the other headers stay.
pub(crate) async fn show(
    app: &App,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let wanted = reads && accept::prefers_page(request.headers());
    let mut response = next(request).await;
    if !wanted {
        return response;
    }
    let Some(occurrence) = response.extensions_mut().remove::<Occurrence>() else {
        return response;
    };
    if occurrence.kind == ProblemKind::NotAcceptable {
        // Browsers accept every type, so this one is for programmers.
        return response;
    }
    let page = html(&occurrence, Urls::of(&app.settings));
    let (mut parts, _) = response.into_parts();
    let headers = &mut parts.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, page::MEDIA_TYPE);
    headers.insert(header::CONTENT_SECURITY_POLICY, page::policy());
    headers.append(header::VARY, HeaderValue::from_static("Accept"));
    Response::from_parts(parts, Body::from(page))
}

fn html(occurrence: &Occurrence, urls: Urls<'_>) -> String {
    let Occurrence { kind, detail } = occurrence;
    let advice = advice(*kind).map(|advice| format!("<p>{advice}</p>\n"));
    let body = format!(
        "<main>\n<h1>{title}</h1>\n{advice}<p class=\"faint\">\
         <span class=\"status\">{status}</span> {detail} (<a href=\"{about}\">about this \
         error</a>)</p>\n</main>",
        title = escape(kind.title()),
        advice = advice.unwrap_or_default(),
        status = kind.status().as_u16(),
        detail = escape(detail),
        about = escape(&urls.at(&kind.page())),
    );
    markup::html(kind.title(), &body)
}

/// What people can do who were given a link, and know nothing of the API.
fn advice(kind: ProblemKind) -> Option<&'static str> {
    match kind {
        ProblemKind::LinkExpired => Some(
            "This link was valid for a limited time. Ask whoever gave it to you for a new one.",
        ),
        ProblemKind::LinkRevoked => Some(
            "The owner has withdrawn the links to this image. Ask whoever gave it to you for a \
             new one.",
        ),
        ProblemKind::LinkInvalid => Some(
            "The address is incomplete or was changed on its way. Open it exactly as you received \
             it, or ask whoever gave it to you for a new one.",
        ),
        ProblemKind::NotFound => Some(
            "There is nothing at this address. It may be misspelt, or what was here was deleted.",
        ),
        ProblemKind::Unauthorized | ProblemKind::InsufficientScope => Some(
            "This is not public. If you were given the address to look at an image, ask for a \
             link that you may open.",
        ),
        ProblemKind::Unavailable => Some("Please try again in a few seconds."),
        _ => None,
    }
}
