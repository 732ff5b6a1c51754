//! Requests and responses, between the host's form and axum's.
//!
//! The SDK converts them too, with more calls to the host, and with three copies of each header of a
//! response instead of one.

use axum::body::{Body, HttpBody as _};
use axum::http::uri::{PathAndQuery, Scheme, Uri};
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header,
};
use http_body_util::BodyExt as _;
use spin_sdk::wasip3::http::types::{self, ErrorCode, Headers, Trailers};
use spin_sdk::wasip3::wit_bindgen::{FutureWriter, StreamWriter, spawn};
use spin_sdk::wasip3::{wit_future, wit_stream};

use super::body;

/// Converts a request from the host. Nothing is read of its body before that is polled.
pub(super) fn request(request: types::Request) -> Result<Request<Body>, ErrorCode> {
    let method = Method::try_from(request.get_method());
    let method = method.map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    let (uri, headers) = (uri(&request)?, headers(&request)?);
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.map(|length| length.to_str().ok()?.parse().ok());
    let length = length.map(|length| length.ok_or_else(|| internal("the length is not valid")));
    let mut converted = Request::new(body::of(request, length.transpose()?));
    *converted.method_mut() = method;
    *converted.uri_mut() = uri;
    *converted.headers_mut() = headers;
    Ok(converted)
}

fn uri(request: &types::Request) -> Result<Uri, ErrorCode> {
    let mut uri = Uri::builder();
    if let Some(scheme) = request.get_scheme() {
        let scheme = Scheme::try_from(scheme);
        uri = uri.scheme(scheme.map_err(|_| ErrorCode::HttpRequestUriInvalid)?);
    }
    if let Some(authority) = request.get_authority() {
        uri = uri.authority(authority);
    }
    if let Some(target) = request.get_path_with_query() {
        let target = PathAndQuery::from_maybe_shared(target);
        uri = uri.path_and_query(target.map_err(|_| ErrorCode::HttpRequestUriInvalid)?);
    }
    uri.build().map_err(|_| ErrorCode::HttpRequestUriInvalid)
}

fn headers(request: &types::Request) -> Result<HeaderMap, ErrorCode> {
    let fields = request.get_headers().copy_all();
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        // Spin describes a request in seven of them. The application reads none with this prefix,
        // so those of a client are left out too.
        if name.starts_with("spin-") {
            continue;
        }
        let name = HeaderName::try_from(name).map_err(internal)?;
        headers.append(name, HeaderValue::try_from(value).map_err(internal)?);
    }
    Ok(headers)
}

/// Converts a response for the host, which takes the body after this has returned.
pub(super) fn response(response: Response<Body>) -> Result<types::Response, ErrorCode> {
    let (parts, body) = response.into_parts();
    let headers = fields(parts.headers)?;
    let unfinished = || Err(internal("the body was not finished"));
    let (end, ended) = wit_future::new(unfinished);
    let (converted, content) = if body.is_end_stream() {
        (types::Response::new(headers, None, ended).0, None)
    } else {
        let (bytes, taken) = wit_stream::new();
        let converted = types::Response::new(headers, Some(taken), ended).0;
        (converted, Some((body, bytes)))
    };
    // A new response has the status 200. To set it again would be another call of the host.
    if parts.status != StatusCode::OK {
        let _ = converted.set_status_code(parts.status.as_u16());
    }
    spawn(send(content, end));
    Ok(converted)
}

fn fields(headers: HeaderMap) -> Result<Headers, ErrorCode> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::with_capacity(headers.len());
    for (name, value) in &headers {
        fields.push((name.as_str().to_owned(), value.as_bytes().to_owned()));
    }
    Headers::from_list(&fields).map_err(internal)
}

type End = FutureWriter<Result<Option<Trailers>, ErrorCode>>;

/// Passes on a body as the host takes it, and then says that it was whole.
async fn send(content: Option<(Body, StreamWriter<u8>)>, end: End) {
    if let Some((mut body, mut bytes)) = content {
        while let Some(frame) = body.frame().await {
            let piece = match frame.map(|frame| frame.into_data()) {
                Ok(Ok(piece)) => piece,
                // There are no trailers.
                Ok(Err(_)) => continue,
                Err(error) => {
                    let _ = end.write(Err(internal(error))).await;
                    return;
                }
            };
            if !bytes.write_all(piece.into()).await.is_empty() {
                // The client is gone.
                return;
            }
        }
    }
    let _ = end.write(Ok(None)).await;
}

fn internal(error: impl std::fmt::Display) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}
