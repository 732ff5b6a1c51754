//! The requests under way: their number and their names.

use crate::chain::Link;
use crate::instances::Seat;
use http::Request;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The longest part of a path that is shown.
const LONGEST_PATH: usize = 200;

/// The activity of a connection.
pub struct Activity {
    requests: AtomicUsize,
    /// When the last request ended, or the connection began.
    since: Mutex<Instant>,
}

impl Activity {
    /// The activity of a connection that begins now.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            requests: AtomicUsize::new(0),
            since: Mutex::new(Instant::now()),
        })
    }

    /// Since when the connection has had no request under way; `None` while it has one.
    pub fn idle_since(&self) -> Option<Instant> {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        (self.requests.load(Relaxed) == 0).then_some(*since)
    }
}

/// A request under way: from when its head has been read until its body and its response are
/// finished, and no instance works on it any more.
pub struct UnderWay {
    method: http::Method,
    path: String,
    activity: Arc<Activity>,
    link: Link,
    seat: Mutex<Option<Seat>>,
    _slots: [OwnedSemaphorePermit; 2],
}

impl UnderWay {
    /// Begins a request at a position in a chain, if each of the semaphores has a permit for it.
    pub fn begin<B>(
        request: &Request<B>,
        activity: &Arc<Activity>,
        places: [&Arc<Semaphore>; 2],
        link: Link,
    ) -> Option<Arc<Self>> {
        let [first, second] = places.map(|places| places.clone().try_acquire_owned().ok());
        let slots = [first?, second?];
        activity.requests.fetch_add(1, Relaxed);
        let path = request.uri().path();
        let length = path.floor_char_boundary(LONGEST_PATH);
        Some(Arc::new(Self {
            method: request.method().clone(),
            path: path[..length].to_owned(),
            activity: activity.clone(),
            link,
            seat: Mutex::default(),
            _slots: slots,
        }))
    }

    /// Counts it in the load of a set of instances, and no longer in that of another one.
    pub fn sit(&self, seat: Seat) {
        let mut current = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(seat);
    }

    /// Its position in a chain of requests.
    pub fn link(&self) -> Link {
        self.link
    }
}

/// The method and the path, without the query, which may contain secrets.
impl fmt::Display for UnderWay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path) = (self.method.as_str(), self.path.escape_debug());
        write!(formatter, "{method} {path}")
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let since = &self.activity.since;
        *since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.activity.requests.fetch_sub(1, Relaxed);
    }
}

/// The requests of one instance.
#[derive(Clone, Default)]
pub struct Requests(Arc<Mutex<Vec<Weak<UnderWay>>>>);

impl Requests {
    /// Adds a request that has reached the instance.
    pub fn add(&self, request: &Arc<UnderWay>) {
        let mut requests = self.lock();
        requests.retain(|request| request.strong_count() > 0);
        requests.push(Arc::downgrade(request));
    }

    /// The requests that are under way, as a list for log lines.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.all().iter().map(ToString::to_string).collect();
        names.join(", ")
    }

    /// The position of a request that any of those under way may have caused.
    pub fn next_link(&self) -> Link {
        let requests = self.all();
        let links = requests.iter().map(|request| request.link());
        let before = links.fold(Link::default(), Link::or);
        Link {
            depth: before.depth.saturating_add(1),
            ..before
        }
    }

    fn all(&self) -> Vec<Arc<UnderWay>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<UnderWay>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(
        uri: &str,
        activity: &Arc<Activity>,
        places: &Arc<Semaphore>,
    ) -> Option<Arc<UnderWay>> {
        let request = Request::builder().uri(uri).body(()).unwrap();
        let others = Arc::new(Semaphore::new(1000));
        UnderWay::begin(&request, activity, [&others, places], Link::default())
    }

    #[test]
    fn a_request_follows_on_any_of_those_that_may_have_caused_it() {
        let (activity, places) = (Activity::new(), Arc::new(Semaphore::new(9)));
        let begin = |depth, holds_place| {
            let request = Request::builder().uri("/").body(()).unwrap();
            let link = Link { depth, holds_place };
            UnderWay::begin(&request, &activity, [&places, &places], link).unwrap()
        };
        let requests = Requests::default();
        let next = || {
            let next = requests.next_link();
            (next.depth, next.holds_place)
        };
        assert_eq!(next(), (1, false));
        let (first, second) = (begin(3, false), begin(1, true));
        requests.add(&first);
        assert_eq!(next(), (4, false));
        requests.add(&second);
        assert_eq!(next(), (4, true));
        drop(first);
        assert_eq!(next(), (2, true));
    }

    #[test]
    fn requests_are_named_without_their_query_and_only_while_they_are_under_way() {
        let (activity, places) = (Activity::new(), Arc::new(Semaphore::new(9)));
        let requests = Requests::default();
        let first = begin("/v1/images?signature=secret", &activity, &places).unwrap();
        let second = begin(&format!("/{}", "a".repeat(300)), &activity, &places).unwrap();
        requests.add(&first);
        requests.add(&second);
        let long = format!("GET /{}", "a".repeat(LONGEST_PATH - 1));
        assert_eq!(requests.names(), format!("GET /v1/images, {long}"));
        drop(second);
        assert_eq!(requests.names(), "GET /v1/images");
    }

    #[test]
    fn a_connection_is_idle_once_its_last_request_is_finished() {
        let (activity, places) = (Activity::new(), Arc::new(Semaphore::new(2)));
        let start = activity.idle_since().expect("nothing has begun");
        let first = begin("/", &activity, &places);
        let second = begin("/", &activity, &places);
        assert!(first.is_some() && second.is_some());
        assert!(
            begin("/", &activity, &places).is_none(),
            "there is no third permit"
        );
        drop(first);
        assert_eq!(activity.idle_since(), None);
        drop(second);
        assert!(activity.idle_since().is_some_and(|since| since >= start));
        assert!(begin("/", &activity, &places).is_some());
    }
}
