//! Determines which component serves a path. Exact routes take precedence over wildcards, and
//! longer wildcards over shorter ones.

use crate::manifest::{Trigger, TriggerRoute};
use anyhow::{Result, bail, ensure};
use http::HeaderValue;

/// A route of the manifest.
#[derive(Debug)]
pub struct Route {
    /// The route as written in the manifest.
    pub raw: HeaderValue,
    /// The path, or the part before the wildcard, without a trailing slash.
    pub prefix: HeaderValue,
    /// The component that serves the route.
    pub component: String,
    path: String,
    wildcard: bool,
}

/// All routes, in the order in which they are tried.
#[derive(Debug)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Creates the routes of the manifest's triggers. A private one has no route.
    pub fn new(triggers: &[Trigger]) -> Result<Self> {
        let mut routes: Vec<Route> = Vec::new();
        for trigger in triggers {
            let TriggerRoute::Path(raw) = &trigger.route else {
                continue;
            };
            ensure!(
                raw.starts_with('/'),
                "trigger.http.route {raw:?} must begin with '/'"
            );
            if raw.contains('*') || raw.split('/').any(|segment| segment.starts_with(':')) {
                bail!("trigger.http.route {raw:?} has a named segment, which is not supported");
            }
            let (path, wildcard) = match raw.strip_suffix("/...") {
                Some(prefix) => (prefix, true),
                None => (raw.trim_end_matches('/'), false),
            };
            let same = |route: &Route| route.path == path && route.wildcard == wildcard;
            ensure!(
                !routes.iter().any(same),
                "trigger.http.route {raw:?} is defined twice"
            );
            routes.push(Route {
                raw: raw.parse()?,
                prefix: path.parse()?,
                component: trigger.component.clone(),
                path: path.to_owned(),
                wildcard,
            });
        }
        routes.sort_by_key(|route| (route.wildcard, std::cmp::Reverse(route.path.len())));
        Ok(Self(routes))
    }

    /// The route for `path`, and the part of the path that its wildcard matches.
    pub fn find<'p>(&self, path: &'p str) -> Option<(&Route, &'p str)> {
        self.0.iter().find_map(|route| {
            let rest = path.strip_prefix(route.path.as_str())?;
            let matches = match route.wildcard {
                true => rest.is_empty() || rest.starts_with('/'),
                false => rest.is_empty() || rest == "/",
            };
            matches.then_some((route, if route.wildcard { rest } else { "" }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(raw: &[&str]) -> Result<Routes> {
        let triggers: Vec<Trigger> = raw
            .iter()
            .map(|raw| toml::from_str(&format!("route = {raw:?}\ncomponent = {raw:?}")).unwrap())
            .collect();
        Routes::new(&triggers)
    }

    #[test]
    fn the_most_specific_route_is_found() {
        let routes = routes(&["/...", "/a/...", "/a/b/...", "/a/b", "/x"]).unwrap();
        for (path, expect) in [
            ("/", ("/...", "/")),
            ("/ab", ("/...", "/ab")),
            ("/a", ("/a/...", "")),
            ("/a/c/d", ("/a/...", "/c/d")),
            ("/a/b", ("/a/b", "")),
            ("/a/b/", ("/a/b", "")),
            ("/a/b/c", ("/a/b/...", "/c")),
            ("/x", ("/x", "")),
            ("/x/y", ("/...", "/x/y")),
        ] {
            let (route, rest) = routes.find(path).unwrap();
            assert_eq!((route.component.as_str(), rest), expect, "{path}");
        }
    }

    #[test]
    fn a_path_without_a_route_is_not_found() {
        assert!(routes(&["/a"]).unwrap().find("/b").is_none());
    }

    #[test]
    fn no_path_leads_to_a_private_component() {
        let private = toml::from_str("route = { private = true }\ncomponent = \"c\"").unwrap();
        let routes = Routes::new(&[private]).unwrap();
        for path in ["/", "/c", "/..."] {
            assert!(routes.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn unsupported_and_repeated_routes_are_refused() {
        for wrong in [&["/:id/x"][..], &["a"], &["/a", "/a/"], &["/*"]] {
            assert!(routes(wrong).is_err(), "{wrong:?}");
        }
    }
}
