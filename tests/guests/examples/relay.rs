//! A component of WASI 0.3 that relays requests to other components. The request's header
//! `relay-to` has the URL; `relay-timeout-ms`, how long its response may take to begin and to
//! continue. If there is no response, it answers 502 with the error's name.

#![cfg(target_family = "wasm")]

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::{Request, Response, send};
use spin_sdk::wasip3::http::types::{ErrorCode, RequestOptions};
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

type Body = UnsyncBoxBody<Bytes, ErrorCode>;

#[spin_sdk::http_service]
async fn handle(request: Request) -> Result<http::Response<Body>, spin_sdk::http::Error> {
    let headers = request.headers();
    let Some(to) = text(headers, "relay-to") else {
        return Ok(answer(StatusCode::OK, "ready"));
    };
    let mut relayed = http::Request::builder()
        .method(request.method())
        .uri(to.to_owned());
    if let Some(time) = text(headers, "relay-timeout-ms") {
        let options = RequestOptions::new();
        let milliseconds = time.parse::<u64>().unwrap_or(0);
        let time = Some(milliseconds.saturating_mul(1_000_000));
        let _ = options.set_first_byte_timeout(time);
        let _ = options.set_between_bytes_timeout(time);
        relayed = relayed.extension(RequestOptionsExtension(options));
    }
    let relayed = relayed.body(request.into_body())?;
    Ok(match send(relayed).await {
        Ok(response) => returned(response),
        Err(error) => answer(StatusCode::BAD_GATEWAY, &format!("{error:?}")),
    })
}

fn returned(response: Response) -> http::Response<Body> {
    let (head, body) = response.into_parts();
    let mut returned = http::Response::new(body.boxed_unsync());
    *returned.status_mut() = head.status;
    returned
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn answer(status: StatusCode, text: &str) -> http::Response<Body> {
    let body = Full::new(Bytes::copy_from_slice(text.as_bytes()));
    let mut response = http::Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}
