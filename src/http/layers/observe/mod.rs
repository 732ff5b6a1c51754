//! Observability: a log line for each request ([`line`]), and the `Server-Timing` of responses.
//!
//! This is the outermost middleware. A line is written when the response's body has ended or was
//! interrupted ([`body`]), which may be long after the handler has returned. The contents of a line
//! come from the route and from [`Trace`], never from the request's path, query or headers, so that
//! tokens, signatures, tickets and file names cannot appear in the log.

mod body;
mod line;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;

use crate::http::app::App;
use crate::http::headers::traceparent;
use crate::http::layers::request_id::REQUEST_ID;
use crate::http::reply::problem::Cause;
use crate::model::Timestamp;
use crate::settings::RequestLog;
use crate::trace::{Phase, Trace};
use line::{End, Entry};

/// The middleware that logs requests.
pub(crate) async fn observe(
    app: &Arc<App>,
    route: Option<&'static str>,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let settings = &app.settings;
    let parent = traceparent::read(request.headers());
    let is_unobserved = settings.http.request_log == RequestLog::Off && parent.is_none();
    if is_unobserved && !settings.http.server_timing {
        let mut response = next(request).await;
        log_cause(app, &mut response);
        return response;
    }
    let trace = Trace::within(parent, settings.http.server_timing);
    let arrival = Arrival::of(app, route, &request);
    let request = count_body(request, &trace);
    let mut response = Arc::clone(&trace).scope(next(request)).await;
    if settings.http.server_timing {
        set_server_timing(&mut response, &trace, arrival.at.elapsed());
    }
    if settings.http.request_log == RequestLog::Off {
        log_cause(app, &mut response);
        return response;
    }
    log_when_sent(Arc::clone(app), arrival, trace, response)
}

/// The properties of a request that are known when it arrives.
struct Arrival {
    at: Instant,
    time: Timestamp,
    method: Method,
    route: Option<&'static str>,
}

impl Arrival {
    fn of(app: &App, route: Option<&'static str>, request: &Request) -> Self {
        Self {
            at: Instant::now(),
            time: app.service.now(),
            method: request.method().clone(),
            route,
        }
    }
}

/// Counts the bytes that are read of a body, except for methods whose body is not read.
pub(crate) fn count_body(request: Request, trace: &Arc<Trace>) -> Request {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::DELETE
    ) {
        return request;
    }
    request.map(|body| body::counted(body, Arc::clone(trace)))
}

fn log_when_sent(
    app: Arc<App>,
    arrival: Arrival,
    trace: Arc<Trace>,
    mut response: Response,
) -> Response {
    let cause: Option<Cause> = response.extensions_mut().remove();
    let is_bodiless = arrival.method == Method::HEAD;
    let entry = Entry {
        status: response.status(),
        request_id: response.headers().get(REQUEST_ID).cloned(),
        cause: cause.map(|cause| cause.0),
        app,
        arrival,
        trace,
    };
    if is_bodiless || response.body().is_end_stream() {
        entry.write(0, End::Whole);
        return response;
    }
    if !entry.may_be_written(response.body()) {
        return response;
    }
    response.map(|body| body::logged(body, entry))
}

/// Logs the cause of a 5xx response if requests are not logged: the response does not contain it.
fn log_cause(app: &App, response: &mut Response) {
    if let Some(Cause(cause)) = response.extensions_mut().remove() {
        app.service.log(&format!("{}: {cause}", response.status()));
    }
}

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Sets `Server-Timing` (W3C Server Timing §3): the milliseconds so far, without the time to send
/// the body.
fn set_server_timing(response: &mut Response, trace: &Trace, total: Duration) {
    let metric = |name: &str, spent: Duration| {
        let micros = spent.as_micros();
        format!("{name};dur={}.{:03}", micros / 1000, micros % 1000)
    };
    let phases = Phase::ALL.map(|phase| metric(phase.name(), trace.spent(phase)));
    let value = format!("{}, {}", phases.join(", "), metric("total", total));
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
}
