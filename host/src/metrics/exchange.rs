//! A request and its response, while they are measured.

use super::series::Labels;
use super::{Metrics, ROUTE};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body::Body;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A request and its response. They are counted when this is dropped: when the response has been
/// sent, or when the client has disconnected.
pub struct Exchange {
    metrics: Arc<Metrics>,
    method: Method,
    begun: Instant,
    received: Arc<AtomicU64>,
    head: Option<Head>,
    sent: u64,
    is_complete: bool,
}

/// What is known of a response when it begins.
struct Head {
    status: StatusCode,
    route: Option<HeaderValue>,
    latency: Duration,
    /// The length of the body, if it is declared.
    length: Option<u64>,
}

impl Exchange {
    pub(super) fn new(metrics: Arc<Metrics>, method: &Method) -> Self {
        Self {
            metrics,
            method: method.clone(),
            begun: Instant::now(),
            received: Arc::default(),
            head: None,
            sent: 0,
            is_complete: false,
        }
    }

    /// The number of bytes of the request's body that have been received, to be added to.
    pub fn received(&self) -> Arc<AtomicU64> {
        self.received.clone()
    }

    /// Records that the response begins, and removes the header that names its route.
    pub fn answered<B: Body>(&mut self, response: &mut Response<B>) {
        let (status, is_empty) = (response.status(), response.body().is_end_stream());
        let headers = response.headers_mut();
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        self.head = Some(Head {
            status,
            route: headers.remove(ROUTE),
            latency: self.begun.elapsed(),
            length,
        });
        let is_bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        self.is_complete = self.method == Method::HEAD || is_bodiless || is_empty;
    }

    /// Records that a part of the response's body is sent. The last part ends the response if its
    /// length is declared: the body may not be polled any more.
    pub fn sends(&mut self, bytes: usize) {
        self.sent += bytes as u64;
        let length = self.head.as_ref().and_then(|head| head.length);
        self.is_complete = length.is_some_and(|length| self.sent >= length);
    }

    /// Records that the response's body has ended.
    pub fn ends(&mut self) {
        self.is_complete = true;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.metrics.in_progress.fetch_sub(1, Relaxed);
        let head = self.head.take();
        let labels = Labels::new(&self.method, head.as_ref().map(|head| head.status));
        let route = head.as_ref().and_then(|head| head.route.as_ref());
        self.metrics.count(route, labels, |series| {
            series.requests += 1;
            series.incomplete += u64::from(!self.is_complete);
            series.received += self.received.load(Relaxed);
            series.sent += self.sent;
            if let Some(head) = &head {
                series.latency.add(head.latency);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::Full;

    /// The incomplete responses and the bytes sent, after a response with these headers of which
    /// parts of these lengths are sent.
    fn after(head: &[(&str, &str)], method: Method, parts: &[usize], ends: bool) -> (u64, u64) {
        let metrics = Metrics::new();
        let mut exchange = metrics.begin(&method);
        let mut response = Response::new(Full::new(Bytes::from_static(b"abc")));
        for (name, value) in head {
            let name: http::HeaderName = name.parse().unwrap();
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        exchange.answered(&mut response);
        assert!(!response.headers().contains_key(ROUTE));
        parts.iter().for_each(|part| exchange.sends(*part));
        if ends {
            exchange.ends();
        }
        assert_eq!(metrics.in_progress.load(Relaxed), 1);
        drop(exchange);
        assert_eq!(metrics.in_progress.load(Relaxed), 0);
        let routes = metrics.lock();
        let (_, series) = routes["/a"].iter().next().unwrap();
        assert_eq!((series.requests, series.latency.count), (1, 1));
        (series.incomplete, series.sent)
    }

    #[test]
    fn a_response_is_complete_at_its_end_or_at_its_declared_length() {
        let route = ("x-route-template", "/a");
        let length = ("content-length", "3");
        assert_eq!(after(&[route], Method::GET, &[1], false), (1, 1));
        assert_eq!(after(&[route], Method::GET, &[1, 2], false), (1, 3));
        assert_eq!(after(&[route], Method::GET, &[1, 2], true), (0, 3));
        assert_eq!(after(&[route, length], Method::GET, &[], false), (1, 0));
        assert_eq!(after(&[route, length], Method::GET, &[1], false), (1, 1));
        assert_eq!(after(&[route, length], Method::GET, &[1, 2], false), (0, 3));
        assert_eq!(after(&[route, length], Method::HEAD, &[], false), (0, 0));
    }

    #[test]
    fn a_request_without_a_response_is_counted() {
        let metrics = Metrics::new();
        let exchange = metrics.begin(&Method::POST);
        exchange.received().fetch_add(7, Relaxed);
        drop(exchange);
        let routes = metrics.lock();
        let (labels, series) = routes["none"].iter().next().unwrap();
        assert_eq!(
            (labels.method(), labels.status().as_str()),
            ("POST", "none")
        );
        assert_eq!((series.requests, series.incomplete), (1, 1));
        assert_eq!((series.received, series.latency.count), (7, 0));
    }
}
