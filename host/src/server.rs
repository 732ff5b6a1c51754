//! HTTP: connections in, requests to the component, answers back.

use crate::routes::{Route, Routes};
use crate::worker::Factory;
use crate::{log, stats};
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
            .max_header_list_size(64 << 10)
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
        let service = service_fn(|request| {
            begun.store(true, Ordering::Relaxed);
            let (server, peer) = (self.clone(), peer.clone());
            async move { Ok::<_, Infallible>(server.answer(request, peer).await) }
        });
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
            return fixed(StatusCode::OK, "OK");
        }
        let Some((route, rest)) = self.routes.find(path) else {
            return fixed(StatusCode::NOT_FOUND, "");
        };
        let Ok(rest) = HeaderValue::try_from(rest) else {
            return fixed(StatusCode::BAD_REQUEST, "");
        };
        let Some(handler) = self.components.get(&route.component) else {
            return fixed(StatusCode::NOT_FOUND, "");
        };
        let Ok(request) = prepare(request, route, rest, peer) else {
            return fixed(StatusCode::BAD_REQUEST, "");
        };
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        match handler.handle((), request).await {
            Ok(response) => response,
            Err(error) => refused(&error),
        }
    }
}

/// The answer where the component has none.
fn refused(error: &wasmtime::Error) -> Response<WasiBody> {
    if error.is::<ExpirationError>() {
        return fixed(StatusCode::GATEWAY_TIMEOUT, "");
    }
    if let Some(failed) = error.downcast_ref::<InstantiationError<()>>() {
        log::warn(format_args!("cannot start an instance: {:#}", failed.error));
        return fixed(StatusCode::SERVICE_UNAVAILABLE, "");
    }
    if !error.is::<TrapOrPanicError>() {
        log::warn(format_args!("the component failed: {error:#}"));
    }
    fixed(StatusCode::INTERNAL_SERVER_ERROR, "")
}

fn fixed(status: StatusCode, body: &'static str) -> Response<WasiBody> {
    let body = Full::new(Bytes::from_static(body.as_bytes()));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
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
