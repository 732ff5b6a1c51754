//! HTTP: connections in, requests to the component, answers back.

use crate::refusal::{Answered, Exchanges, Refusing};
use crate::routes::{Route, Routes};
use crate::slow_body::Timed;
use crate::worker::Factory;
use crate::{log, problem, stats};
use anyhow::Result;
use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{
    ExpirationError, InstantiationError, ProxyHandler, TrapOrPanicError,
};

/// Serves an application.
pub struct Server {
    /// Where requests go.
    pub routes: Routes,
    /// The components by name.
    pub components: HashMap<String, ProxyHandler<Factory>>,
    /// How long a client may take to send a request's head.
    pub header_timeout: Duration,
    /// How long a client is waited for that sends a request's body slowly.
    pub body_timeout: Duration,
}

impl Server {
    /// Takes connections, no more than `max` at a time, until `stop` ends;
    /// then waits for the requests under way.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        max: usize,
        stop: impl Future<Output = ()>,
    ) {
        let slots = Arc::new(Semaphore::new(max));
        let graceful = GracefulShutdown::new();
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(Duration::from_secs(20)))
            // More than an application reads: it is the one to say so.
            .max_header_list_size(256 << 10)
            .max_concurrent_streams(256);
        let builder = Arc::new(builder);
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
            let watcher = graceful.watcher();
            let connection = self
                .clone()
                .connection(builder.clone(), stream, peer, watcher);
            tokio::spawn(async move {
                connection.await;
                drop(slot);
            });
        }
        drop(listener);
        graceful.shutdown().await;
    }

    async fn connection(
        self: Arc<Self>,
        builder: Arc<Builder<TokioExecutor>>,
        stream: TcpStream,
        peer: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let _ = stream.set_nodelay(true);
        let timeout = self.header_timeout;
        let Ok(peer) = HeaderValue::try_from(peer.to_string()) else {
            return;
        };
        let begun = AtomicBool::new(false);
        let exchanges = Exchanges::default();
        let service = service_fn(|request| {
            begun.store(true, Ordering::Relaxed);
            let exchange = exchanges.begin();
            let (server, peer) = (self.clone(), peer.clone());
            async move {
                let answer = server.answer(request, peer).await;
                Ok::<_, Infallible>(answer.map(|body| Answered { body, exchange }))
            }
        });
        let stream = Refusing::new(stream, exchanges.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(watcher.watch(connection));
        // Until the protocol is known, hyper's own timeout does not run.
        let done = tokio::select! {
            done = &mut connection => done,
            () = tokio::time::sleep(timeout) => {
                if !begun.load(Ordering::Relaxed) {
                    return;
                }
                connection.await
            }
        };
        if let Err(error) = done {
            log::debug(format_args!("connection: {error}"));
        }
    }

    async fn answer(&self, request: Request<Incoming>, peer: HeaderValue) -> Response<WasiBody> {
        stats::request();
        let path = request.uri().path();
        if path == "/.well-known/spin/health" {
            return healthy();
        }
        const NOTHING: &str = "no component answers at this path";
        let Some((route, rest)) = self.routes.find(path) else {
            return problem::answer(StatusCode::NOT_FOUND, NOTHING);
        };
        let Some(handler) = self.components.get(&route.component) else {
            return problem::answer(StatusCode::NOT_FOUND, NOTHING);
        };
        let rest = HeaderValue::try_from(rest).map_err(anyhow::Error::from);
        let prepared = rest.and_then(|rest| prepare(request, route, rest, peer));
        let Ok(request) = prepared else {
            let detail = "the request names no host, or more than one, or an odd path";
            return problem::answer(StatusCode::BAD_REQUEST, detail);
        };
        let request = request.map(|body| Timed::new(body, self.body_timeout).boxed_unsync());
        match handler.handle((), request).await {
            Ok(response) => response,
            Err(error) => refused(&error),
        }
    }
}

/// The answer where the component has none.
fn refused(error: &wasmtime::Error) -> Response<WasiBody> {
    if error.is::<ExpirationError>() {
        let detail = "the component took too long to answer";
        return problem::answer(StatusCode::GATEWAY_TIMEOUT, detail);
    }
    if let Some(failed) = error.downcast_ref::<InstantiationError<()>>() {
        log::warn(format_args!("cannot start an instance: {:#}", failed.error));
        let detail = "no instance of the component can be started";
        return problem::answer(StatusCode::SERVICE_UNAVAILABLE, detail);
    }
    if !error.is::<TrapOrPanicError>() {
        log::warn(format_args!("the component failed: {error:#}"));
    }
    let detail = "the component failed to answer";
    problem::answer(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

/// The answer of the host's own health check, as Spin's.
fn healthy() -> Response<WasiBody> {
    let body = Full::new(Bytes::from_static(b"OK"));
    Response::new(body.map_err(|never| match never {}).boxed_unsync())
}

/// Completes the URI and adds the headers that Spin adds. What the client has
/// sent under their names stays, and comes first.
fn prepare<B>(
    mut request: Request<B>,
    route: &Route,
    rest: HeaderValue,
    peer: HeaderValue,
) -> Result<Request<B>> {
    const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
    const PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
    const MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
    const COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
    const RAW_COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");
    const BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
    const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

    let mut uri = request.uri().clone().into_parts();
    let host = request.headers().get(HOST);
    let host = host
        .map(|host| Authority::try_from(host.as_bytes()))
        .transpose()?;
    let authority = match (host, uri.authority.take()) {
        (Some(host), Some(authority)) if host != authority => {
            anyhow::bail!("Host and the request's URI name different authorities")
        }
        (Some(authority), _) | (None, Some(authority)) => authority,
        (None, None) => anyhow::bail!("the request names no host"),
    };
    let target = uri
        .path_and_query
        .as_ref()
        .map_or("/", |target| target.as_str());
    let full_url = HeaderValue::try_from(format!("http://{authority}{target}"))?;
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(authority);
    *request.uri_mut() = Uri::from_parts(uri)?;
    let headers = request.headers_mut();
    headers.remove(CONNECTION);
    for (name, value) in [
        (PATH_INFO, rest),
        (FULL_URL, full_url),
        (MATCHED_ROUTE, route.raw.clone()),
        (BASE_PATH, HeaderValue::from_static("/")),
        (RAW_COMPONENT_ROUTE, route.raw.clone()),
        (COMPONENT_ROUTE, route.prefix.clone()),
        (CLIENT_ADDR, peer),
    ] {
        headers.append(name, value);
    }
    Ok(request)
}
