//! Reads requests and writes responses by the interface `wasi:http/incoming-handler` 0.2.

use std::io::{self, Read as _, Write as _};

use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

use crate::answer::{Request, Response};
use crate::exhaustion;
use crate::pause::Pauses;

wasip2::http::proxy::export!(Component);

struct Component;

impl wasip2::exports::http::incoming_handler::Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        // A caller that has gone away gets no response.
        let _ = respond(&request, out);
    }
}

fn respond(request: &IncomingRequest, out: ResponseOutparam) -> io::Result<()> {
    match understand(request)? {
        Err(response) => send(response, out),
        Ok((understood, source)) => {
            let compute = || Pauses::computing(|pause| understood.answer(&source, pause));
            let (response, out) = exhaustion::answering(out, compute);
            out.map_or(Ok(()), |out| send(response, out))
        }
    }
}

/// What is asked for, and the source; or the response to a request that cannot be followed.
fn understand(request: &IncomingRequest) -> io::Result<Result<(Request, Vec<u8>), Response>> {
    if !matches!(request.method(), Method::Post) {
        return Ok(Err(Response::bare(405)));
    }
    let headers = request.headers().entries();
    let header = |name: &str| {
        let found = headers.iter().find(|(of, _)| of == name);
        found.and_then(|(_, value)| str::from_utf8(value).ok())
    };
    let target = request.path_with_query().unwrap_or_default();
    let understood = match Request::read(&target, header) {
        Ok(understood) => understood,
        Err(response) => return Ok(Err(response)),
    };
    let length = header("content-length").and_then(|length| length.parse().ok());
    let length = length.unwrap_or_default();
    let mut source = Vec::new();
    if source.try_reserve_exact(length).is_err() {
        return Ok(Err(exhaustion::response(length)));
    }
    read(request, &mut source)?;
    Ok(Ok((understood, source)))
}

/// Reads the body.
fn read(request: &IncomingRequest, source: &mut Vec<u8>) -> io::Result<()> {
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    let body = request.consume().map_err(|()| gone())?;
    let mut stream = body.stream().map_err(|()| gone())?;
    stream.read_to_end(source)?;
    Ok(())
}

/// Sends a response.
pub(crate) fn send(response: Response, out: ResponseOutparam) -> io::Result<()> {
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
