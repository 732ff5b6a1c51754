//! Reads requests and writes responses by the interface `wasi:http/incoming-handler` 0.2.

use std::io::{self, Read as _, Write as _};

use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

use crate::answer::{Request, Response};
use crate::pause::Pauses;

wasip2::http::proxy::export!(Component);

struct Component;

impl wasip2::exports::http::incoming_handler::Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        // A caller that has gone away gets no response.
        let _ = respond(&request).and_then(|response| send(response, out));
    }
}

fn respond(request: &IncomingRequest) -> io::Result<Response> {
    if !matches!(request.method(), Method::Post) {
        return Ok(Response::bare(405));
    }
    let headers = request.headers().entries();
    let header = |name: &str| {
        let found = headers.iter().find(|(of, _)| of == name);
        found.and_then(|(_, value)| str::from_utf8(value).ok())
    };
    let target = request.path_with_query().unwrap_or_default();
    let understood = match Request::read(&target, header) {
        Ok(understood) => understood,
        Err(response) => return Ok(response),
    };
    let length = header("content-length").and_then(|length| length.parse().ok());
    let source = body(request, length.unwrap_or_default())?;
    Ok(Pauses::computing(|pause| understood.answer(&source, pause)))
}

/// Reads the body. `length` is that which the caller states.
fn body(request: &IncomingRequest, length: usize) -> io::Result<Vec<u8>> {
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    let body = request.consume().map_err(|()| gone())?;
    let mut stream = body.stream().map_err(|()| gone())?;
    let mut bytes = Vec::new();
    // A caller is this application, but memory is checked all the same.
    bytes
        .try_reserve_exact(length)
        .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    stream.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn send(response: Response, out: ResponseOutparam) -> io::Result<()> {
    let fields = Fields::new();
    let length = ("content-length", response.body.len().to_string());
    let kind = ("content-type", response.content_type.to_owned());
    for (name, value) in response.headers.into_iter().chain([length, kind]) {
        let appended = fields.append(name, value.as_bytes());
        appended.map_err(|error| io::Error::other(error.to_string()))?;
    }
    let head = OutgoingResponse::new(fields);
    let refused = |()| io::Error::from(io::ErrorKind::InvalidInput);
    head.set_status_code(response.status).map_err(refused)?;
    let body = head.body().map_err(refused)?;
    ResponseOutparam::set(out, Ok(head));
    let mut stream = body.write().map_err(refused)?;
    stream.write_all(&response.body)?;
    // Not the stream's own method of that name, which does not wait.
    io::Write::flush(&mut stream)?;
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|error| io::Error::other(error.to_string()))
}
