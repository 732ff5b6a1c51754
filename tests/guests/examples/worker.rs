//! A component of WASI 0.2, of which each request has an instance of its own. It computes, waits,
//! fills memory, traps and calls other components, as the path and the query demand.

#![cfg(target_family = "wasm")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, IncomingResponse, Method, OutgoingBody,
    OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::StreamError;

wasip2::http::proxy::export!(Worker);

struct Worker;

/// How often a computing guest pauses if it is asked to.
const TURN: Duration = Duration::from_millis(5);
/// Long enough for the host to do something else meanwhile.
const NAP: Duration = Duration::from_millis(7);
/// The length of a piece of a body.
const PIECE: u64 = 64 << 10;

impl Guest for Worker {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        // Its public route, if it has one.
        let path = path.strip_prefix("/worker").unwrap_or(path);
        let number = |name| number(query, name);
        match path {
            "/echo" => return echo(&request, out),
            "/chain" => return chain(query, out),
            "/loop" => return chain("worker.spin.internal/loop", out),
            "/head" => return answer(out, 200, &head(&request, &target)),
            "/trap" => std::process::abort(),
            "/trap-after-head" => {
                let body = begin(out, 200);
                let stream = body.write().expect("a stream");
                stream
                    .blocking_write_and_flush(b"the first piece")
                    .expect("a reader");
                std::process::abort()
            }
            "/compute" => compute(number("rounds"), query.contains("pause")),
            "/sleep" => std::thread::sleep(Duration::from_millis(number("ms"))),
            "/naps" => (0..number("count")).for_each(|_| std::thread::sleep(NAP)),
            "/fill" => {
                black_box(vec![
                    1_u8;
                    usize::try_from(number("mb") << 20).expect("32 bits")
                ]);
            }
            "/count" => return count(out),
            _ => return answer(out, 404, "no such path"),
        }
        answer(out, 200, "done");
    }
}

/// A number in the query; 0 if there is none.
fn number(query: &str, name: &str) -> u64 {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name);
    let value = values.next().and_then(|(_, value)| value.parse().ok());
    value.unwrap_or(0)
}

/// Computes this many rounds, which always take the same processor time, about a tenth of a
/// millisecond each.
fn compute(rounds: u64, pauses: bool) {
    let mut turn = Instant::now();
    let mut state = 1_u32;
    for _ in 0..rounds {
        for _ in 0..100_000 {
            state = black_box(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        }
        if pauses && turn.elapsed() >= TURN {
            std::thread::sleep(Duration::from_micros(1));
            turn = Instant::now();
        }
    }
}

/// Answers how many requests the instance has had.
fn count(out: ResponseOutparam) {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    let requests = REQUESTS.fetch_add(1, Relaxed) + 1;
    answer(out, 200, &requests.to_string());
}

/// Describes the head of the request.
fn head(request: &IncomingRequest, target: &str) -> String {
    let authority = request.authority().unwrap_or_default();
    let mut text = format!("{authority} {target}\n");
    for (name, value) in request.headers().entries() {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(&value));
    }
    text
}

/// Sends the body back while it arrives.
fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let received = request.consume().expect("a body");
    let sent = begin(out, 200);
    copy(&received, &sent);
    OutgoingBody::finish(sent, None).expect("the response ends");
}

fn copy(received: &IncomingBody, sent: &OutgoingBody) {
    let reader = received.stream().expect("a stream");
    let mut writer = sent.write().expect("a stream");
    loop {
        match reader.blocking_read(PIECE) {
            Ok(piece) => writer.write_all(&piece).expect("a reader"),
            Err(StreamError::Closed) => return,
            Err(error) => panic!("the body broke off: {error}"),
        }
    }
}

/// Sends a request to `to` with the path `path`, and answers what comes back.
fn chain(query: &str, out: ResponseOutparam) {
    let (to, path) = query.split_once('/').unwrap_or((query, ""));
    match send(to, &format!("/{path}")) {
        Ok(response) => {
            let sent = begin(out, response.status());
            copy(&response.consume().expect("a body"), &sent);
            OutgoingBody::finish(sent, None).expect("the response ends");
        }
        Err(error) => answer(out, 502, &format!("{error:?}")),
    }
}

fn send(to: &str, path: &str) -> Result<IncomingResponse, ErrorCode> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(&Method::Get).expect("a method");
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(Some(to)).expect("an authority");
    request.set_path_with_query(Some(path)).expect("a path");
    let response = outgoing_handler::handle(request, None)?;
    response.subscribe().block();
    response.get().expect("it is ready").expect("the only call")
}

/// Begins a response of this status.
fn begin(out: ResponseOutparam, status: u16) -> OutgoingBody {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).expect("a status");
    let body = response.body().expect("a body");
    ResponseOutparam::set(out, Ok(response));
    body
}

fn answer(out: ResponseOutparam, status: u16, text: &str) {
    let body = begin(out, status);
    let mut stream = body.write().expect("a stream");
    stream.write_all(text.as_bytes()).expect("a reader");
    drop(stream);
    OutgoingBody::finish(body, None).expect("the response ends");
}
