//! The HTTP API: routes, extractors, errors. The layers below deal with images and grants; the
//! layer above is the host.
//!
//! The path of a request: [`router`] → `observe` → `request_id` → `security` → `cors` →
//! `problem_pages` → `validate` → `drain` → `rate_limit` (all in `layers`) → extractors (`input`: the token becomes a grant) → a handler in
//! `routes` → the service → a response, or a [`problem::Problem`] at any step.

mod app;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod headers;
mod input;
mod layers;
mod openapi;
mod reply;
mod routes;
#[cfg(any(test, feature = "fuzzing"))]
mod testing;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, Request};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;

use crate::platform::Platform;
pub use app::App;
use layers::security::Policy;
use layers::{
    cors, drain, finish, observe, parameters, problem_pages, rate_limit, request_id, route,
    security, validate,
};
pub use reply::problem;
use reply::problem::Problem;

/// The routes of the whole application.
pub fn router(app: Arc<App>) -> Router {
    let policy = Policy::new(&app.settings);
    let add = |router: Router<Arc<App>>, (path, methods)| router.route(path, methods);
    // Without the page, its paths have no resource.
    let has_page = app.settings.http.page;
    let is_served =
        move |(path, _): &routes::Route| has_page || !routes::page::PATHS.contains(path);
    let open = routes::open()
        .filter(is_served)
        .fold(Router::new(), add)
        .route_layer(middleware::from_fn(parameters::refuse));
    let served = routes::all().filter(is_served);
    let paths: Vec<&'static str> = served.map(|(path, _)| path).collect();
    let paths: Arc<[&'static str]> = paths.into();
    let fallback = move |State(app): State<Arc<App>>, request: Request<Body>| async move {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        routes::fallback::respond(&app, &paths, method, uri, headers)
    };
    let router = routes::guarded()
        .fold(open, add)
        .fallback(fallback)
        .method_not_allowed_fallback(finish::other_method);
    let router = match app.settings.rates.are_on() {
        true => router.layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            rate_limit::observe,
        )),
        false => router,
    };
    let router = router
        .layer(middleware::map_request_with_state(
            Arc::clone(&app),
            drain::unread_body,
        ))
        .layer(middleware::from_fn(validate::request))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            problem_pages::show,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            cors::allow,
        ))
        .layer(middleware::map_response_with_state(
            policy,
            security::protect,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::clone(app.service.platform()),
            request_id::set,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            observe::observe,
        ));
    let header = app.service.platform().route_header();
    let router = match header.and_then(|name| HeaderName::try_from(name).ok()) {
        Some(header) => router.layer(middleware::from_fn_with_state(header, route::tell)),
        None => router,
    };
    router.with_state(app)
}

/// The routes of an application that cannot be built. The process is live; every other request is
/// answered with the reason.
pub fn broken(problem: Problem, platform: Arc<dyn Platform>) -> Router {
    Router::new()
        .route(routes::health::LIVE, get(routes::health::live))
        .method_not_allowed_fallback(finish::other_method)
        .fallback(|| async { problem })
        .layer(middleware::map_response_with_state(
            Policy::unknown(),
            security::protect,
        ))
        .layer(middleware::from_fn_with_state(platform, request_id::set))
}

/// Responds to a request.
pub async fn respond(mut router: Router, request: Request<Body>) -> Response {
    let is_tus = routes::uploads::is_tus(&request);
    let answer = tower_service::Service::call(&mut router, request).await;
    let mut response = answer.unwrap_or_else(|never| match never {});
    finish::headers(&mut response);
    if is_tus {
        routes::uploads::mark(&mut response);
    }
    response
}

#[cfg(test)]
mod tests;
