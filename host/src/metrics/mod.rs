//! Metrics of requests. Instances come and go, and share no memory; the host outlives them, so it
//! counts what they answer.
//!
//! The host does not know the routes of an application. An application that finds [`VARIABLE`] in
//! its environment names the route of each response in the header that the variable names, and the
//! host removes the header. The host trusts the application to have few routes, but not with the
//! host's memory: it keeps at most `MAX_ROUTES`.
//!
//! The metrics are appended to the application's own (`append`), so that the application decides
//! who may read them.

mod append;
mod exchange;
mod exposition;
mod series;

use http::header::HeaderName;
use http::{HeaderValue, Method};
use series::{Labels, Series};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub use append::is_requested;
pub use exchange::Exchange;

/// The variable in the environment of instances that asks them to name routes.
pub const VARIABLE: &str = "ROUTE_HEADER";
/// The header in which they name the route of a response: its path as a template.
pub const ROUTE: HeaderName = HeaderName::from_static("x-route-template");
/// The maximum number of routes that are distinguished.
const MAX_ROUTES: usize = 100;
/// The maximum length of a route in bytes.
const MAX_ROUTE_BYTES: usize = 128;
/// The route of responses that name none, such as those to requests for no resource.
const NO_ROUTE: &str = "none";
/// The route of responses whose route is not distinguished.
const OTHER_ROUTE: &str = "other";

/// The metrics of a server.
pub struct Metrics {
    /// By route. Locked once for each request, for the time of a look-up.
    routes: Mutex<BTreeMap<Box<str>, BTreeMap<Labels, Series>>>,
    in_progress: AtomicU64,
    started: SystemTime,
}

impl Metrics {
    /// The metrics of a server that starts now.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            routes: Mutex::default(),
            in_progress: AtomicU64::new(0),
            started: SystemTime::now(),
        })
    }

    /// Begins to measure a request.
    pub fn begin(self: &Arc<Self>, method: &Method) -> Exchange {
        self.in_progress.fetch_add(1, Relaxed);
        Exchange::new(self.clone(), method)
    }

    /// Counts a request that has ended.
    fn count(&self, route: Option<&HeaderValue>, labels: Labels, add: impl FnOnce(&mut Series)) {
        let mut routes = self.lock();
        let is_full = routes.len() >= MAX_ROUTES;
        let route = match route.map(readable) {
            None => NO_ROUTE,
            Some(Some(route)) if !is_full || routes.contains_key(route) => route,
            Some(_) => OTHER_ROUTE,
        };
        if let Some(known) = routes.get_mut(route) {
            return add(known.entry(labels).or_default());
        }
        let mut series = Series::default();
        add(&mut series);
        routes.insert(route.into(), BTreeMap::from([(labels, series)]));
    }

    /// Seconds since 1970 at which the server started.
    fn started(&self) -> f64 {
        let since_epoch = self.started.duration_since(UNIX_EPOCH);
        since_epoch.unwrap_or_default().as_secs_f64()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Box<str>, BTreeMap<Labels, Series>>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The route in a header, if it can be a label.
fn readable(route: &HeaderValue) -> Option<&str> {
    let route = route.to_str().ok()?;
    (route.starts_with('/') && route.len() <= MAX_ROUTE_BYTES).then_some(route)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn count(metrics: &Metrics, route: &str) {
        let route = HeaderValue::from_str(route).unwrap();
        let labels = Labels::new(&Method::GET, Some(StatusCode::OK));
        metrics.count(Some(&route), labels, |series| series.requests += 1);
    }

    #[test]
    fn the_number_of_routes_is_bounded() {
        let metrics = Metrics::new();
        for number in 0..10 * MAX_ROUTES {
            count(&metrics, &format!("/{number}"));
        }
        count(&metrics, "/0");
        let routes = metrics.lock();
        assert_eq!(routes.len(), MAX_ROUTES + 1);
        let requests = |route: &str| -> u64 {
            let series = routes[route].values();
            series.map(|series| series.requests).sum()
        };
        assert_eq!((requests("/0"), requests("/99")), (2, 1));
        assert_eq!(requests(OTHER_ROUTE), 9 * MAX_ROUTES as u64);
    }

    #[test]
    fn a_header_that_is_no_route_is_not_a_label() {
        let metrics = Metrics::new();
        for route in [
            "",
            "a",
            "none",
            &format!("/{}", "a".repeat(MAX_ROUTE_BYTES)),
        ] {
            count(&metrics, route);
        }
        let routes = metrics.lock();
        let names: Vec<&str> = routes.keys().map(|name| &**name).collect();
        assert_eq!(names, [OTHER_ROUTE]);
    }
}
