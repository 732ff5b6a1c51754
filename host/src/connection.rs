//! A connection of HTTP/1 or HTTP/2, which is served while its client respects the limits.

use crate::answered::{Answered, Taking};
use crate::log;
use crate::server::{Bounds, Server};
use crate::slow_reader::{Backlog, Pace, Paced, Streams};
use crate::under_way::Activity;
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// The maximum size of a request's head on HTTP/1, and of the buffer for its response.
const HTTP1_BUFFER: usize = 128 << 10;
/// The maximum size of all header fields of a request on HTTP/2. It is more than an application
/// accepts, so that the application can answer with its own error.
const HTTP2_FIELDS: u32 = 256 << 10;
/// The maximum number of a connection's requests under way. Requests that the client has
/// cancelled count while an instance works on them, so cancelling does not raise the limit.
const STREAMS: u32 = 256;
/// The maximum size of a response's buffer on HTTP/2 while the flow-control window is empty.
const HTTP2_BUFFER: usize = 64 << 10;

/// Configures HTTP for the server.
pub(crate) fn builder(bounds: &Bounds) -> Builder<Streams> {
    let mut builder = Builder::new(Streams(bounds.write_timeout));
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_buf_size(HTTP1_BUFFER)
        .header_read_timeout(bounds.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .max_header_list_size(HTTP2_FIELDS)
        .max_send_buf_size(HTTP2_BUFFER)
        .max_concurrent_streams(STREAMS);
    builder
}

/// The client of a connection.
pub(crate) struct Client {
    /// The client's address.
    pub(crate) peer: HeaderValue,
    /// The activity of the connection.
    pub(crate) activity: Arc<Activity>,
    /// The permits for the connection's requests.
    pub(crate) places: Arc<Semaphore>,
}

/// Serves a connection until it ends, or until `stopping` changes and the connection's requests
/// are answered.
pub(crate) async fn serve(
    server: Arc<Server>,
    builder: Arc<Builder<Streams>>,
    stream: TcpStream,
    peer: SocketAddr,
    mut stopping: watch::Receiver<()>,
) {
    let _ = stream.set_nodelay(true);
    let Ok(peer) = HeaderValue::try_from(peer.to_string()) else {
        return;
    };
    let activity = Activity::new();
    let client = Arc::new(Client {
        peer,
        activity: activity.clone(),
        places: Arc::new(Semaphore::new(STREAMS as usize)),
    });
    let backlog = Arc::new(Backlog::default());
    let service = service_fn(|request: Request<Incoming>| {
        let (server, client) = (server.clone(), client.clone());
        let backlog = (request.version() != Version::HTTP_2).then(|| backlog.clone());
        async move {
            let mut exchange = server.metrics.begin(request.method());
            let (mut answer, under_way) = server.answer(request, &client, &exchange).await;
            exchange.answered(&mut answer);
            let taking = match backlog {
                Some(backlog) => {
                    backlog.begin();
                    Taking::Backlog(backlog)
                }
                None => Taking::Stream(Pace::current()),
            };
            let answered = |body| Answered::new(body, taking, under_way, exchange);
            Ok::<_, Infallible>(answer.map(answered))
        }
    });
    let timeout = server.bounds.header_timeout;
    let stream = Paced::new(stream, server.bounds.write_timeout, backlog.clone());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut idle = pin!(tokio::time::sleep(timeout));
    let (mut is_closing, mut is_stopping) = (false, false);
    loop {
        tokio::select! {
            done = &mut connection => {
                if let Err(error) = done {
                    log::debug(format_args!("connection: {error}"));
                }
                return;
            }
            _ = stopping.changed(), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut idle => match activity.idle_since() {
                // On HTTP/1, hyper itself limits the time for a request's head, once it has
                // detected the version. On HTTP/2, the last response may still be in transit, so
                // the client is notified before the connection is closed.
                Some(since) if since + timeout <= Instant::now() => {
                    if is_closing {
                        return;
                    }
                    is_closing = true;
                    connection.as_mut().graceful_shutdown();
                    idle.as_mut().reset(Instant::now() + timeout);
                }
                Some(since) => idle.as_mut().reset(since + timeout),
                None => idle.as_mut().reset(Instant::now() + timeout),
            },
        }
    }
}
