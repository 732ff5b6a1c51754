//! Misbehaviour that a host must survive: components that compute without saying when they
//! will be done. For tests of hosts.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

/// Misbehaves as the path demands; `None` for any other path.
pub(super) async fn handle(request: &Request) -> Option<Response> {
    Some(match request.uri().path() {
        "/rest" => "rested".into_response(),
        "/wait" => {
            // The instance accepts other requests from its first pause on.
            spin_sdk::time::sleep(Duration::from_millis(1)).await;
            eprintln!("waiting");
            spin_sdk::time::sleep(time(request)).await;
            "waited".into_response()
        }
        "/compute" => {
            compute(time(request));
            "computed".into_response()
        }
        // The other requests of the instance had started before.
        "/compute-later" => {
            spin_sdk::time::sleep(Duration::from_millis(200)).await;
            compute(time(request));
            "computed".into_response()
        }
        "/compute-in-turns" => {
            let end = Instant::now() + time(request);
            while Instant::now() < end {
                compute(Duration::from_millis(50));
                spin_sdk::time::sleep(Duration::from_millis(1)).await;
            }
            "computed".into_response()
        }
        "/compute-in-the-body" => {
            let time = time(request);
            let pieces = stream::unfold(false, move |has_begun| async move {
                if has_begun {
                    compute(time);
                }
                Some((Ok::<_, Infallible>(Bytes::from_static(b"piece")), true))
            });
            Body::from_stream(pieces).into_response()
        }
        "/trap" => std::process::abort(),
        _ => return None,
    })
}

/// How long, in milliseconds, according to the query; without one, forever.
fn time(request: &Request) -> Duration {
    let milliseconds = request.uri().query().and_then(|query| query.parse().ok());
    Duration::from_millis(milliseconds.unwrap_or(u64::from(u32::MAX)))
}

/// Computes without a pause. Reading the clock lets no other task run.
fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        for number in 0..10_000_u32 {
            black_box(number);
        }
    }
}
