//! Tells the host the route of each response, so that it can count responses by route. A request
//! for no resource has no route.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// The middleware that sets the header.
pub(crate) async fn tell(
    State(header): State<HeaderName>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.and_then(|route| HeaderValue::from_str(route.as_str()).ok());
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.headers_mut().insert(header, route);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use axum::{Router, middleware};

    use super::*;
    use crate::http::respond;

    #[tokio::test]
    async fn responses_name_their_route_as_a_template() {
        let header = HeaderName::from_static("x-route");
        let router = Router::new()
            .route("/v1/images/{id}", get(async || "an image"))
            .layer(middleware::from_fn_with_state(header.clone(), tell));
        for (method, path, route) in [
            ("GET", "/v1/images/7", Some("/v1/images/{id}")),
            ("PUT", "/v1/images/7", Some("/v1/images/{id}")),
            ("GET", "/v1/nothing", None),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Body::empty()).expect("a request");
            let response = respond(router.clone(), request).await;
            let named = response.headers().get(&header);
            assert_eq!(named.map(HeaderValue::as_bytes), route.map(str::as_bytes));
        }
    }
}
