//! The line of a request: one JSON object. Every member is bounded or made here, and
//! JSON escapes what would end a line.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use super::Arrival;
use crate::auth::pseudonym;
use crate::http::app::App;
use crate::settings::RequestLog;
use crate::trace::Trace;

/// How a response's body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All of it was sent.
    Whole,
    /// The client went away before its end.
    ClientGone,
    /// It could not be made to its end, for this reason.
    Failed(String),
}

/// What is known of a request once its response begins.
pub(crate) struct Entry {
    pub(crate) app: Arc<App>,
    pub(crate) arrival: Arrival,
    pub(crate) trace: Arc<Trace>,
    pub(crate) status: StatusCode,
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) cause: Option<String>,
}

impl Entry {
    /// Whether the request may come to have a line. What is whole in memory cannot
    /// fail on our side.
    pub(crate) fn may_be_written(&self, body: &Body) -> bool {
        let is_whole = body.size_hint().exact().is_some();
        self.app.settings.http.request_log == RequestLog::All
            || self.status.is_server_error()
            || !is_whole
    }

    /// Writes the line, if requests like this one have one.
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
            method: word(&self.arrival.method),
            route: self.arrival.route.as_ref().map(|route| route.as_str()),
            status: self.status.as_u16(),
            bytes_in: self.trace.bytes_in(),
            bytes_out,
            duration_ms: millis(self.arrival.at.elapsed()),
            request_id: self.request_id.as_ref().and_then(|id| id.to_str().ok()),
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
    /// When the request came.
    time: String,
    method: &'static str,
    /// As it stands in the documentation, `/v1/images/{id}`; `null` for none of ours.
    route: Option<&'a str>,
    status: u16,
    /// What was read of the request's body.
    bytes_in: u64,
    /// What the host took of the response's body.
    bytes_out: u64,
    /// From the request's head to the response's end.
    duration_ms: f64,
    request_id: Option<&'a str>,
    /// The pseudonym of whom the token or the ticket is of.
    owner: Option<String>,
    /// Who broke the response off.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_off: Option<&'static str>,
    /// What was behind a status of the 5xx kind, or behind our breaking off.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// Methods that clients make up are of any length: they are not repeated.
fn word(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let found = known.into_iter().find(|word| *word == method.as_str());
    found.unwrap_or("other")
}

/// Milliseconds, to the microsecond.
fn millis(duration: std::time::Duration) -> f64 {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}
