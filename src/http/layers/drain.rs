//! Bodies of requests that were answered before the body was read completely.
//!
//! Many clients send their whole body before they read the response. If the connection is closed
//! in the meantime, they report a broken pipe instead of the error response. Therefore the rest of
//! the body is read and discarded after the response, up to a limit (compare RFC 9112 §9.6).

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{Method, header};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

use crate::http::app::App;
use crate::service::Service;

/// The minimum of this limit, in bytes, for deployments that allow only small uploads.
const LEAST_BOUND: u64 = 64 << 20;

/// The middleware that drains the bodies that handlers leave unread.
pub(crate) fn unread_body(app: &App, request: Request) -> Request {
    let bodiless = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::DELETE
    );
    // A client that sends Expect waits for the response, and must not be asked to continue
    // after it.
    if bodiless || request.headers().contains_key(header::EXPECT) {
        return request;
    }
    request.map(|body| {
        Body::new(DrainedOnDrop {
            body: Some(body),
            // An upload of up to twice the maximum size is assumed to be a mistake.
            bound: app
                .settings
                .uploads
                .max_bytes
                .saturating_mul(2)
                .max(LEAST_BOUND),
            service: app.service.clone(),
        })
    })
}

/// A body whose rest is read when it is dropped before its end.
struct DrainedOnDrop {
    /// `None` after its end.
    body: Option<Body>,
    bound: u64,
    service: Service,
}

impl HttpBody for DrainedOnDrop {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = std::task::ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for DrainedOnDrop {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            self.service.spawn(discard(body, self.bound));
        }
    }
}

async fn discard(mut body: Body, bound: u64) {
    let mut read: u64 = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
        if read > bound {
            break;
        }
    }
}
