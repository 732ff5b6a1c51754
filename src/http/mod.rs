//! The HTTP contract: routes, extractors, errors. Everything below speaks in
//! images and grants; everything above is the host.
//!
//! A request's way: [`router`] → `observe` → `request_id` → `cors` → `linger` → extractors (`extract`: the
//! token becomes a grant) → a handler in `routes` → the service → a response,
//! or a [`problem::Problem`] at any step.

mod body;
mod byteranges;
mod conditional;
mod cors;
mod cursor;
mod date;
mod digest;
mod disposition;
mod entity_tag;
mod exposition;
mod extract;
mod idempotency;
mod linger;
mod listing;
mod observe;
pub mod problem;
mod range;
mod request_id;
mod routes;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::middleware;
use axum::response::Response;

use crate::service::Service;
use crate::settings::Settings;
use problem::{Problem, ProblemKind};

/// What every handler can reach.
pub struct App {
    /// What the product does.
    pub service: Service,
    /// How it is configured.
    pub settings: Settings,
}

/// The routes of the whole application.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(routes::images::router())
        .merge(routes::content::router())
        .merge(routes::admin_migrate::router())
        .merge(routes::health::router())
        .merge(routes::links::router())
        .merge(routes::metrics::router())
        .merge(routes::tickets::router())
        .merge(routes::usage::router())
        .fallback(|| async { Problem::new(ProblemKind::NotFound, "there is no such resource") })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                ProblemKind::MethodNotAllowed,
                "the resource has no such method",
            )
        })
        .layer(middleware::map_request_with_state(
            Arc::clone(&app),
            linger::read_on,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            cors::allow,
        ))
        .layer(middleware::from_fn(request_id::set))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            observe::observe,
        ))
        .with_state(app)
}

/// The routes of an application that can not be built: each answers with why.
pub fn broken(problem: Problem) -> Router {
    Router::new()
        .fallback(|| async { problem })
        .layer(middleware::from_fn(request_id::set))
}

/// Answers one request.
pub async fn respond(mut router: Router, request: Request<Body>) -> Response {
    let answer = tower_service::Service::call(&mut router, request).await;
    let mut response = answer.unwrap_or_else(|never| match never {});
    if let StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED = response.status() {
        // The router sets it on everything. RFC 9110 §8.6 forbids it for the first, and
        // for the second what is not the length of the content.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

#[cfg(test)]
mod tests;
