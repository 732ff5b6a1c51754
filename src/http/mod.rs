//! The HTTP API: routes, extractors, errors. The layers below deal with images and grants; the
//! layer above is the host.
//!
//! The path of a request: [`Api::respond`] → `observe` → `request_id` → `security` → `cors` →
//! `problem_pages` → `validate` → `drain` → `rate_limit` (all in `layers`) → the router →
//! extractors (`input`: the token becomes a grant) → a handler in `routes` → the service → a
//! response, or a [`problem::Problem`] at any step.

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
use axum::http::{HeaderName, Method, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::platform::Platform;
pub use app::App;
use layers::route::Templates;
use layers::security::Policy;
use layers::{
    cors, drain, finish, observe, parameters, problem_pages, rate_limit, request_id, security,
    validate,
};
pub use reply::problem;
use reply::problem::Problem;

/// The HTTP API of an application: its middleware and its routes.
#[derive(Clone)]
pub struct Api(Arc<Kind>);

enum Kind {
    Sound(Sound),
    Broken(Broken),
}

/// The API of an application.
struct Sound {
    app: Arc<App>,
    router: Router,
    templates: Templates,
    policy: Policy,
    /// The response header that names the route, if the host asks for it.
    route_header: Option<HeaderName>,
}

/// The API of an application that cannot be built.
struct Broken {
    router: Router,
    platform: Arc<dyn Platform>,
}

impl Api {
    /// The API of an application.
    pub fn new(app: Arc<App>) -> Self {
        // Without the page, its paths have no resource.
        let has_page = app.settings.http.page;
        let is_served =
            move |(path, _): &routes::Route| has_page || !routes::page::PATHS.contains(path);
        let (templates, paths) = Templates::new(
            routes::guarded().filter(is_served).map(|(path, _)| path),
            routes::open().filter(is_served).map(|(path, _)| path),
        );
        let fallback = move |State(app): State<Arc<App>>, request: Request<Body>| async move {
            let (method, uri, headers) = (request.method(), request.uri(), request.headers());
            routes::fallback::respond(&app, &paths, method, uri, headers)
        };
        let router = routes::all()
            .filter(is_served)
            .fold(Router::new(), |router, (path, methods)| {
                router.route(path, methods)
            })
            .fallback(fallback)
            .method_not_allowed_fallback(finish::other_method)
            .with_state(Arc::clone(&app));
        let route_header = app.service.platform().route_header();
        Self(Arc::new(Kind::Sound(Sound {
            router,
            templates,
            policy: Policy::new(&app.settings),
            route_header: route_header.and_then(|name| HeaderName::try_from(name).ok()),
            app,
        })))
    }

    /// The API of an application that cannot be built. The process is live; every other request
    /// is answered with the reason.
    pub fn broken(problem: Problem, platform: Arc<dyn Platform>) -> Self {
        let router = Router::new()
            .route(routes::health::LIVE, get(routes::health::live))
            .method_not_allowed_fallback(finish::other_method)
            .fallback(|| async { problem });
        Self(Arc::new(Kind::Broken(Broken { router, platform })))
    }

    /// Responds to a request.
    pub async fn respond(&self, request: Request<Body>) -> Response {
        let is_tus = routes::uploads::is_tus(&request);
        let is_head = *request.method() == Method::HEAD;
        let mut response = match &*self.0 {
            Kind::Sound(sound) => sound.respond(request).await,
            Kind::Broken(broken) => broken.respond(request).await,
        };
        finish::headers(is_head, &mut response);
        if is_tus {
            routes::uploads::mark(&mut response);
        }
        response
    }
}

impl Sound {
    /// Passes a request through the middleware. Each part calls the next one: axum's layers would
    /// allocate every part anew for each request.
    async fn respond(&self, request: Request<Body>) -> Response {
        let app = &self.app;
        let route = self.templates.find(request.uri().path());
        let template = route.map(|route| route.template);
        let routed = async |request| {
            parameters::refuse(route, &request)?;
            let request = drain::unread_body(app, request);
            let routed = async |request| call(&self.router, request).await;
            Ok(match app.settings.rates.are_on() {
                true => rate_limit::observe(app, template, request, routed).await,
                false => routed(request).await,
            })
        };
        let checked = async |request| {
            let checked = validate::request(request, routed).await;
            checked.unwrap_or_else(Problem::into_response)
        };
        let shown = async |request| problem_pages::show(app, request, checked).await;
        let shared = async |request| {
            let response = cors::allow(app, request, shown).await;
            security::protect(self.policy, response)
        };
        let platform = &**app.service.platform();
        let identified = async |request| request_id::set(platform, request, shared).await;
        let mut response = observe::observe(app, template, request, identified).await;
        if let (Some(header), Some(template)) = (&self.route_header, template) {
            layers::route::tell(header, template, &mut response);
        }
        response
    }
}

impl Broken {
    async fn respond(&self, request: Request<Body>) -> Response {
        let answer = async |request| {
            let response = call(&self.router, request).await;
            security::protect(Policy::unknown(), response)
        };
        request_id::set(&*self.platform, request, answer).await
    }
}

async fn call(router: &Router, request: Request<Body>) -> Response {
    let answer = tower_service::Service::call(&mut router.clone(), request).await;
    answer.unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod tests;
