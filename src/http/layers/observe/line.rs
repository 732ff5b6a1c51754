//! The log line of a request: a JSON object. Every member has a limited length or is generated
//! here, and line breaks are escaped in JSON.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use super::Arrival;
use crate::auth::pseudonym;
use crate::http::app::App;
use crate::http::headers::traceparent;
use crate::settings::RequestLog;
use crate::trace::Trace;

/// How a response's body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The whole body was sent.
    Whole,
    /// The client disconnected before the end.
    ClientGone,
    /// The body failed before its end, for this reason.
    Failed(String),
}

/// The properties of a request that are known when its response begins.
pub(crate) struct Entry {
    pub(crate) app: Arc<App>,
    pub(crate) arrival: Arrival,
    pub(crate) trace: Arc<Trace>,
    pub(crate) status: StatusCode,
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) cause: Option<String>,
}

impl Entry {
    /// Whether the request may need a line. A body that is entirely in memory cannot fail on the
    /// server.
    pub(crate) fn may_be_written(&self, body: &Body) -> bool {
        let is_whole = body.size_hint().exact().is_some();
        self.app.settings.http.request_log == RequestLog::All
            || self.status.is_server_error()
            || !is_whole
    }

    /// Writes the line, if the setting `request_log` includes this request.
    pub(crate) fn write(self, bytes_out: u64, end: End) {
        let has_failed = self.status.is_server_error() || matches!(end, End::Failed(_));
        if self.app.settings.http.request_log == RequestLog::Errors && !has_failed {
            return;
        }
        let (broken_off, broken_by) = match end {
            End::Whole => (None, None),
            End::ClientGone => (Some("client"), None),
            End::Failed(cause) => (Some("server"), Some(cause)),
        };
        let keys = &self.app.settings.access.signing_keys;
        let line = Line {
            time: self.arrival.time.to_string(),
            method: method_name(&self.arrival.method),
            route: self.arrival.route,
            status: self.status.as_u16(),
            bytes_in: self.trace.bytes_in(),
            bytes_out,
            duration_ms: millis(self.arrival.at.elapsed()),
            request_id: self.request_id.as_ref().and_then(|id| id.to_str().ok()),
            trace_id: self.trace.parent().and_then(traceparent::trace_id),
            owner: self.trace.owner().map(|owner| pseudonym(keys, owner)),
            broken_off,
            cause: broken_by.or(self.cause),
        };
        if let Ok(line) = serde_json::to_string(&line) {
            self.app.service.log(&line);
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    /// The time at which the request arrived.
    time: String,
    method: &'static str,
    /// The route as documented, for example `/v1/images/{id}`; `null` if there is no such route.
    route: Option<&'a str>,
    status: u16,
    /// The number of bytes read from the request's body.
    bytes_in: u64,
    /// The number of bytes of the response's body that the host received.
    bytes_out: u64,
    /// The time from the request's head to the response's end.
    duration_ms: f64,
    request_id: Option<&'a str>,
    /// The id of the trace that the request belongs to, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    /// The pseudonym of the owner of the token or the ticket.
    owner: Option<String>,
    /// The side that interrupted the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_off: Option<&'static str>,
    /// The cause of a 5xx status, or of an interruption by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// The method, or `other`: unknown methods may have any length, so they are not logged.
fn method_name(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let found = known.into_iter().find(|word| *word == method.as_str());
    found.unwrap_or("other")
}

/// Milliseconds, with a precision of microseconds.
fn millis(duration: std::time::Duration) -> f64 {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}
