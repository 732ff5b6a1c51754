//! The HTTP server: accepts connections, and passes requests to components.

use crate::answered::Received;
use crate::chain::{Link, Returned};
use crate::component::Component;
use crate::connection::{self, Client};
use crate::gather::gathered;
use crate::metrics::{self, Exchange, Metrics};
use crate::routes::Routes;
use crate::slow_body::Timed;
use crate::target::{prepare, prepare_chained};
use crate::under_way::{Activity, UnderWay};
use crate::worker::Accepted;
use crate::{log, problem, stats};
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use wasmtime_wasi_http::handler::{ExpirationError, InstantiationError, TrapOrPanicError};
use wasmtime_wasi_http::{Error, WasiBody};

/// The limits on clients.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The maximum number of concurrent connections.
    pub connections: usize,
    /// The maximum number of concurrent requests.
    pub requests: usize,
    /// How long a client may take to send a request's head, and how long it may be idle.
    pub header_timeout: Duration,
    /// How long the server waits for a client to send a request's body.
    pub body_timeout: Duration,
    /// How long the server waits for a client to read a response.
    pub write_timeout: Duration,
}

/// Serves an application.
pub struct Server {
    routes: Routes,
    components: HashMap<String, Component>,
    pub(crate) bounds: Bounds,
    pub(crate) metrics: Arc<Metrics>,
    places: Arc<Semaphore>,
}

impl Server {
    /// Creates a server that passes requests to components by these routes.
    pub fn new(routes: Routes, components: HashMap<String, Component>, bounds: Bounds) -> Self {
        Self {
            routes,
            components,
            bounds,
            metrics: Metrics::new(),
            places: Arc::new(Semaphore::new(bounds.requests)),
        }
    }

    /// Accepts connections until `stop` completes, then waits for the requests under way.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
        let slots = Arc::new(Semaphore::new(self.bounds.connections));
        let builder = Arc::new(connection::builder(&self.bounds));
        let (stopping, connected) = watch::channel(());
        let mut stop = std::pin::pin!(stop);
        loop {
            let accept = async {
                let slot = slots.clone().acquire_owned().await;
                (slot, listener.accept().await)
            };
            let (slot, accepted) = tokio::select! {
                accepted = accept => accepted,
                () = &mut stop => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    log::warn(format_args!("cannot accept a connection: {error}"));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (server, builder) = (self.clone(), builder.clone());
            let connection = connection::serve(server, builder, stream, peer, connected.clone());
            tokio::spawn(async move {
                connection.await;
                drop(slot);
            });
        }
        drop((listener, connected));
        let _ = stopping.send(());
        stopping.closed().await;
    }

    /// Answers a request. Returns the response, and the request if it reached a component.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        client: &Client,
        exchange: &Exchange,
    ) -> (Response<WasiBody>, Option<Arc<UnderWay>>) {
        stats::request();
        let path = request.uri().path();
        if path == "/.well-known/spin/health" {
            return (healthy(), None);
        }
        let problem = |status, detail| (problem::answer(status, detail), None);
        const NOTHING: &str = "no component serves this path";
        let Some((route, rest)) = self.routes.find(path) else {
            return problem(StatusCode::NOT_FOUND, NOTHING);
        };
        let Some(component) = self.components.get(&route.component) else {
            return problem(StatusCode::NOT_FOUND, NOTHING);
        };
        let places = [&client.places, &self.places];
        let first = Link::default();
        let Some(under_way) = UnderWay::begin(&request, &client.activity, places, first) else {
            let detail = "too many requests are in progress";
            return problem(StatusCode::SERVICE_UNAVAILABLE, detail);
        };
        let metrics_requested = metrics::is_requested(&request).then(|| request.method().clone());
        let rest = HeaderValue::try_from(rest).map_err(|_| "the request's path is not valid");
        let prepared = rest.and_then(|rest| prepare(request, route, rest, client.peer.clone()));
        let request = match prepared {
            Ok(request) => request,
            Err(detail) => return problem(StatusCode::BAD_REQUEST, detail),
        };
        let request = request.map(|body| self.received(body, &under_way, exchange));
        let mut answer = match component.answer(request, under_way.clone()).await {
            Ok(response) => response,
            Err(error) => {
                let (status, detail) = refused(&error, &under_way);
                problem::answer(status, detail)
            }
        };
        if let Some(method) = metrics_requested {
            answer = self.metrics.append(&method, answer);
        }
        (answer, Some(under_way))
    }

    /// Answers a request of one component to another. If the latter fails to answer, that is a
    /// response with the status 500, as on Spin, or 503 if it could not even be started.
    pub(crate) async fn chained(
        &self,
        name: &str,
        request: Request<WasiBody>,
        link: Link,
    ) -> Result<Response<WasiBody>, Error> {
        stats::chained();
        let mut components = self.components.iter();
        let found = components.find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, component) = found.ok_or(Error::DestinationNotFound)?;
        let places = [&self.places, &Arc::new(Semaphore::new(1))];
        let under_way = UnderWay::begin(&request, &Activity::new(), places, link);
        let under_way = under_way.ok_or(Error::ConnectionLimitReached)?;
        let request = prepare_chained(request).map_err(|_| Error::HttpRequestUriInvalid)?;
        let request = request.map(|body| {
            let received = Received {
                body,
                bytes: Arc::default(),
                under_way: under_way.clone(),
            };
            received.boxed_unsync()
        });
        let answer = match component.answer(request, under_way.clone()).await {
            Ok(response) => response,
            Err(error) => match refused(&error, &under_way) {
                (StatusCode::SERVICE_UNAVAILABLE, detail) => {
                    problem::answer(StatusCode::SERVICE_UNAVAILABLE, detail)
                }
                (_, detail) => problem::answer(StatusCode::INTERNAL_SERVER_ERROR, detail),
            },
        };
        Ok(answer.map(|body| Returned { body, under_way }.boxed_unsync()))
    }

    /// Asks the component that serves this path, as a client would. There is no answer if no
    /// component serves the path, or if it fails to answer.
    pub(crate) async fn ask(&self, path: &'static str) -> Option<Response<WasiBody>> {
        let (route, rest) = self.routes.find(path)?;
        let component = self.components.get(&route.component)?;
        let request = Request::get(path).header(HOST, "localhost");
        let nothing = Empty::new().map_err(|never| match never {});
        let request = request.body(nothing.boxed_unsync()).ok()?;
        let places = [&self.places, &Arc::new(Semaphore::new(1))];
        let under_way = UnderWay::begin(&request, &Activity::new(), places, Link::default())?;
        let rest = HeaderValue::try_from(rest).ok()?;
        let peer = HeaderValue::from_static("127.0.0.1:0");
        let request = prepare(request, route, rest, peer).ok()?;
        component.answer(request, under_way).await.ok()
    }

    /// The body as an instance receives it.
    fn received(&self, body: Incoming, under_way: &Arc<UnderWay>, exchange: &Exchange) -> WasiBody {
        if body.is_end_stream() {
            return Empty::new().map_err(|never| match never {}).boxed_unsync();
        }
        let body = Timed::new(gathered(body), self.bounds.body_timeout);
        let received = Received {
            body,
            bytes: exchange.received(),
            under_way: under_way.clone(),
        };
        received.boxed_unsync()
    }
}

/// The problem of a request that the component failed to answer: its status and its detail.
fn refused(error: &wasmtime::Error, request: &UnderWay) -> (StatusCode, &'static str) {
    if error.is::<ExpirationError>() {
        let detail = "the component took too long to answer";
        return (StatusCode::GATEWAY_TIMEOUT, detail);
    }
    if let Some(failed) = error.downcast_ref::<InstantiationError<Accepted>>() {
        log::warn(format_args!("cannot start an instance: {:#}", failed.error));
        let detail = "the component cannot be started";
        return (StatusCode::SERVICE_UNAVAILABLE, detail);
    }
    if error.is::<TrapOrPanicError>() {
        log::warn(format_args!(
            "{request} is not answered: its instance ended"
        ));
    } else {
        log::warn(format_args!("{request} is not answered: {error:#}"));
    }
    let detail = "the component failed to answer";
    (StatusCode::INTERNAL_SERVER_ERROR, detail)
}

/// The response of the host's own health check, the same as Spin's.
fn healthy() -> Response<WasiBody> {
    let body = Full::new(Bytes::from_static(b"OK"));
    Response::new(body.map_err(|never| match never {}).boxed_unsync())
}
