//! The route of a request, by which it is logged, and which the host is told, so that it can count
//! responses by route. A request for no resource has no route.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

/// A route of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Its path as documented, such as `/v1/images/{id}`.
    pub(crate) template: &'static str,
    /// Whether it is open to everyone.
    pub(crate) is_open: bool,
}

/// All routes, by path.
pub(crate) struct Templates(matchit::Router<Route>);

impl Templates {
    /// Collects the paths of all routes. They are what the router accepts too, so none is refused.
    pub(crate) fn new(
        guarded: impl Iterator<Item = &'static str>,
        open: impl Iterator<Item = &'static str>,
    ) -> (Self, Arc<[&'static str]>) {
        let mut routes = matchit::Router::new();
        let guarded = guarded.map(|template| (template, false));
        let paths = guarded.chain(open.map(|template| (template, true)));
        let paths = paths.map(|(template, is_open)| {
            let _ = routes.insert(template, Route { template, is_open });
            template
        });
        let paths = paths.collect();
        (Self(routes), paths)
    }

    /// Finds the route of a path.
    pub(crate) fn find(&self, path: &str) -> Option<Route> {
        self.0.at(path).ok().map(|found| *found.value)
    }
}

/// Names the route of a response in this header.
pub(crate) fn tell(header: &HeaderName, template: &'static str, response: &mut Response) {
    let value = HeaderValue::from_static(template);
    response.headers_mut().insert(header.clone(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_the_route_that_serves_them() {
        let guarded = ["/v1/images/{id}", "/v1/images/batch"].into_iter();
        let (templates, paths) = Templates::new(guarded, ["/docs"].into_iter());
        assert_eq!(paths.len(), 3);
        for (path, expected) in [
            ("/v1/images/7", Some(("/v1/images/{id}", false))),
            ("/v1/images/batch", Some(("/v1/images/batch", false))),
            ("/docs", Some(("/docs", true))),
            ("/v1/images/", None),
            ("/v1/nothing", None),
            ("", None),
        ] {
            let found = templates.find(path);
            let found = found.map(|route| (route.template, route.is_open));
            assert_eq!(found, expected, "{path}");
        }
    }
}
