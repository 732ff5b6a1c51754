//! What is counted of requests with the same labels.

use http::{Method, StatusCode};
use std::time::Duration;

/// The upper bounds of the buckets of a histogram in seconds.
pub(super) const BOUNDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// The methods that are distinguished.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// The labels of requests, besides their route.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Labels {
    /// An index of [`METHODS`], or its length.
    method: usize,
    /// `None` if there was no response.
    status: Option<u16>,
}

impl Labels {
    pub(super) fn new(method: &Method, status: Option<StatusCode>) -> Self {
        let found = METHODS.iter().position(|known| known == method);
        Self {
            method: found.unwrap_or(METHODS.len()),
            status: status.map(|status| status.as_u16()),
        }
    }

    /// The method, or `other`: clients can make up any number of methods.
    pub(super) fn method(&self) -> &'static str {
        METHODS
            .get(self.method)
            .map_or("other", |method| method.as_str())
    }

    /// The status, or `none`.
    pub(super) fn status(&self) -> String {
        self.status
            .map_or("none".to_owned(), |status| status.to_string())
    }
}

/// What is counted of requests with the same labels.
#[derive(Default)]
pub(super) struct Series {
    /// The requests.
    pub(super) requests: u64,
    /// Those whose response was not sent to its end.
    pub(super) incomplete: u64,
    /// The bytes of their bodies.
    pub(super) received: u64,
    /// The bytes of the bodies of their responses.
    pub(super) sent: u64,
    /// The times until their responses began.
    pub(super) latency: Histogram,
}

/// A histogram of durations.
#[derive(Default)]
pub(super) struct Histogram {
    /// The number of durations by the first bound that is not exceeded.
    buckets: [u64; BOUNDS.len()],
    /// The number of all durations.
    pub(super) count: u64,
    /// The sum of all durations.
    pub(super) sum: Duration,
}

impl Histogram {
    pub(super) fn add(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket] += 1;
        }
        self.count += 1;
        self.sum += duration;
    }

    /// The number of durations up to each bound.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let counts = self.buckets.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        BOUNDS.into_iter().zip(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_all_durations_up_to_its_bound() {
        let mut histogram = Histogram::default();
        for millis in [0, 1, 2, 250, 251, 60_000] {
            histogram.add(Duration::from_millis(millis));
        }
        let up_to = |bound: f64| {
            let mut buckets = histogram.cumulative();
            buckets.find(|(known, _)| *known == bound).unwrap().1
        };
        assert_eq!(
            [0.001, 0.0025, 0.1, 0.25, 0.5, 30.0].map(up_to),
            [2, 3, 3, 4, 5, 5]
        );
        assert_eq!(histogram.count, 6);
        assert_eq!(histogram.sum, Duration::from_millis(60_504));
    }

    #[test]
    fn made_up_methods_share_a_label() {
        let labels =
            |method: &str| Labels::new(&Method::from_bytes(method.as_bytes()).unwrap(), None);
        assert_eq!(labels("PATCH").method(), "PATCH");
        assert_eq!(
            (labels("A").method(), labels("A").status()),
            ("other", "none".to_owned())
        );
        assert!(labels("A") == labels("B") && labels("get") == labels("A"));
    }
}
