//! The HTTP contract: routes, extractors, errors. Everything below speaks in
//! images and grants; everything above is the host.
//!
//! A request's way: [`router`] → `observe` → `request_id` → `security` → `cors` → `validate` →
//! `drain` (all in `layers`) → extractors (`input`: the token becomes a grant) → a handler in `routes` →
//! the service → a response, or a [`problem::Problem`] at any step.

mod app;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod headers;
mod input;
mod layers;
#[cfg(test)]
mod openapi;
mod reply;
mod routes;
#[cfg(any(test, feature = "fuzzing"))]
mod testing;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};

pub use app::App;
use layers::security::Policy;
use layers::{cors, drain, observe, parameters, request_id, security, validate};
pub use reply::problem;
use reply::problem::{Problem, ProblemKind};

/// The routes of the whole application.
pub fn router(app: Arc<App>) -> Router {
    let policy = Policy::new(&app.settings);
    let add = |router: Router<Arc<App>>, (path, methods)| router.route(path, methods);
    let open = routes::open()
        .fold(Router::new(), add)
        .route_layer(middleware::from_fn(parameters::refuse));
    routes::guarded()
        .fold(open, add)
        .fallback(|| async { Problem::new(ProblemKind::NotFound, "there is no such resource") })
        .method_not_allowed_fallback(other_method)
        .layer(middleware::map_request_with_state(
            Arc::clone(&app),
            drain::read_on,
        ))
        .layer(middleware::from_fn(validate::hold))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            cors::allow,
        ))
        .layer(middleware::map_response_with_state(
            policy,
            security::protect,
        ))
        .layer(middleware::from_fn(request_id::set))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            observe::observe,
        ))
        .with_state(app)
}

/// The routes of an application that cannot be built: each answers with why.
pub fn broken(problem: Problem) -> Router {
    Router::new()
        .fallback(|| async { problem })
        .layer(middleware::map_response_with_state(
            Policy::unknown(),
            security::protect,
        ))
        .layer(middleware::from_fn(request_id::set))
}

/// Answers a method that the resource does not have. The router adds `Allow`, which is
/// all that OPTIONS asks for.
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = "the resource has no such method";
    Problem::new(ProblemKind::MethodNotAllowed, detail).into_response()
}

/// Answers one request.
pub async fn respond(mut router: Router, request: Request<Body>) -> Response {
    let answer = tower_service::Service::call(&mut router, request).await;
    let mut response = answer.unwrap_or_else(|never| match never {});
    if let Some(allow) = response.headers().get(header::ALLOW) {
        // The router knows the methods that have handlers; OPTIONS is answered by none.
        let methods = allow.to_str().unwrap_or_default().replace(',', ", ");
        if let Ok(allow) = HeaderValue::from_str(&format!("{methods}, OPTIONS")) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    if let StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED = response.status() {
        // The router sets it on everything. RFC 9110 §8.6 forbids it for the first, and
        // for the second what is not the length of the content.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

#[cfg(test)]
mod tests;
