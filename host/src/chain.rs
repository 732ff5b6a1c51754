//! Service chaining: requests of a component to another component of the same application, at
//! `http://<component>.spin.internal`. They stay in this process: the bodies are passed on piece by
//! piece, as fast as the other side takes them.

use crate::server::Server;
use crate::under_way::UnderWay;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// The domain of the application's components.
pub(crate) const DOMAIN: &str = ".spin.internal";
/// The longest chain of requests that cause each other.
const LONGEST: u32 = 16;
/// How long a response may take to begin and to continue, unless the caller says otherwise: as
/// long as that of another server.
const PATIENCE: Duration = Duration::from_secs(600);

/// The name under [`DOMAIN`] that a host has, if any. It is not always that of a component.
pub(crate) fn name(host: &str) -> Option<&str> {
    host.strip_suffix(DOMAIN)
}

/// The position of a request in a chain of requests that cause each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The number of requests before it.
    pub depth: u32,
    /// Whether one of those holds a place of a single-use instance, and waits for this one.
    pub holds_place: bool,
}

impl Link {
    /// The position to assume if it is either of these.
    pub fn or(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            holds_place: self.holds_place || other.holds_place,
        }
    }
}

/// The components of an application, as its components reach them.
#[derive(Default)]
pub struct Neighbours(OnceLock<Weak<Server>>);

impl Neighbours {
    /// Makes the components of this server available.
    pub fn connect(&self, server: &Arc<Server>) {
        let _ = self.0.set(Arc::downgrade(server));
    }

    /// Sends a request to the component that its URI names.
    ///
    /// # Errors
    ///
    /// Fails if there is no such component, if the chain is too long, or if the response does not
    /// begin in time. If the component fails before its response begins, that is not an error but
    /// a response with the status 500, as on Spin.
    pub async fn send(
        &self,
        request: Request<WasiBody>,
        link: Link,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, Error> {
        if link.depth > LONGEST {
            return Err(Error::LoopDetected);
        }
        let name = component(request.uri()).ok_or(Error::DestinationNotFound)?;
        let server = self.0.get().and_then(Weak::upgrade);
        let server = server.ok_or(Error::DestinationUnavailable)?;
        let options = options.unwrap_or_default();
        let first_byte = options.first_byte_timeout.unwrap_or(PATIENCE);
        let response = tokio::time::timeout(first_byte, server.chained(&name, request, link)).await;
        let response = response.map_err(|_| Error::ConnectionReadTimeout)??;
        let between_bytes = options.between_bytes_timeout.unwrap_or(PATIENCE);
        Ok(response.map(|body| Timed::new(body, between_bytes).boxed_unsync()))
    }
}

/// The component that a URI names.
fn component(uri: &Uri) -> Option<String> {
    let host = uri.host()?.to_ascii_lowercase();
    name(&host).map(str::to_owned)
}

/// The body of a response, which fails if its next piece takes too long.
struct Timed {
    body: WasiBody,
    timeout: Duration,
    /// Set while the next piece is waited for.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    fn new(body: WasiBody, timeout: Duration) -> Self {
        Self {
            body,
            timeout,
            sleep: None,
        }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.sleep = None;
            return Poll::Ready(frame);
        }
        let deadline = Instant::now().checked_add(this.timeout);
        let sleep = match (&mut this.sleep, deadline) {
            (Some(sleep), _) => sleep,
            (none, Some(deadline)) => none.insert(Box::pin(tokio::time::sleep_until(deadline))),
            (None, None) => return Poll::Pending,
        };
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response to another component, which keeps the request under way.
pub(crate) struct Returned {
    /// The body itself.
    pub(crate) body: WasiBody,
    /// The request.
    #[expect(dead_code, reason = "held until the body is dropped")]
    pub(crate) under_way: Arc<UnderWay>,
}

impl Body for Returned {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::{Empty, StreamBody};

    fn request(uri: &str) -> Request<WasiBody> {
        let body = Empty::new().map_err(|never| match never {});
        Request::get(uri).body(body.boxed_unsync()).unwrap()
    }

    #[test]
    fn components_are_named_below_the_domain() {
        for (uri, expected) in [
            ("http://derive.spin.internal/x?y", Some("derive")),
            ("http://Derive.Spin.Internal:80/", Some("derive")),
            ("http://a.b.spin.internal/", Some("a.b")),
            ("http://spin.internal/", None),
            ("http://derive.spin.internal.example/", None),
            ("http://example/derive.spin.internal", None),
            ("/derive.spin.internal", None),
        ] {
            let found = component(&uri.parse().unwrap());
            assert_eq!(found.as_deref(), expected, "{uri}");
        }
    }

    #[tokio::test]
    async fn a_chain_that_is_too_long_is_a_loop() {
        let neighbours = Neighbours::default();
        let send = async |depth| {
            let link = Link {
                depth,
                holds_place: false,
            };
            let request = request("http://a.spin.internal/");
            neighbours.send(request, link, None).await.unwrap_err()
        };
        assert!(matches!(send(LONGEST + 1).await, Error::LoopDetected));
        assert!(matches!(send(LONGEST).await, Error::DestinationUnavailable));
    }

    #[tokio::test]
    async fn each_piece_of_a_response_must_come_in_time() {
        for (apart, expected) in [(1, 3), (60_000, 0)] {
            let pieces = stream::unfold(0, move |sent| async move {
                tokio::time::sleep(Duration::from_millis(apart)).await;
                let piece = Ok::<_, Error>(Frame::data(Bytes::from_static(b"piece")));
                (sent < 3).then_some((piece, sent + 1))
            });
            let timeout = Duration::from_millis(500);
            let mut body = Timed::new(StreamBody::new(pieces).boxed_unsync(), timeout);
            let mut received = 0;
            let end = loop {
                match body.frame().await {
                    Some(Ok(_)) => received += 1,
                    end => break end,
                }
            };
            let is_late = matches!(end, Some(Err(Error::ConnectionReadTimeout)));
            assert_eq!((received, is_late), (expected, expected == 0));
        }
    }
}
