use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{TryStreamExt as _, stream};

use super::*;
use crate::model::Timestamp;
use crate::platform::Clock;

type Answer = Result<Response<HttpBody>, HttpError>;

/// A server that keeps the request and has one answer.
struct Server {
    received: Mutex<Option<Request<Bytes>>>,
    answer: Mutex<Option<Answer>>,
}

impl Clock for Server {
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

#[async_trait]
impl HttpClient for Server {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        *self.received.lock().expect("not poisoned") = Some(request);
        let answer = self.answer.lock().expect("not poisoned").take();
        answer.expect("one request")
    }

    async fn send_stream(&self, request: Request<HttpBody>) -> Answer {
        let (parts, body) = request.into_parts();
        let pieces: Vec<Bytes> = body.try_collect().await?;
        self.send(Request::from_parts(parts, pieces.concat().into()))
            .await
    }
}

fn body(text: &'static str) -> HttpBody {
    stream::iter([Ok(Bytes::from_static(text.as_bytes()))]).boxed()
}

const LIMITS: DeriveLimits = DeriveLimits {
    max_pixels: 1000,
    max_frames: 7,
    max_side: 99,
    max_avif_pixels: 55,
};

async fn derive(answer: Answer) -> (Arc<Server>, Result<Derived, DeriveError>) {
    let server = Arc::new(Server {
        received: Mutex::default(),
        answer: Mutex::new(Some(answer)),
    });
    let source = Source {
        bytes: body("original"),
        length: 8,
    };
    let deriver = ChainedDeriver::new(Arc::clone(&server) as _);
    let outcome = deriver.derive(source, "w=3&format=webp", LIMITS, true);
    let outcome = outcome.await;
    (server, outcome)
}

fn answer(status: u16, headers: &[(&str, &str)], text: &'static str) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Ok(response.body(body(text)).expect("a response"))
}

#[tokio::test]
async fn the_original_and_the_limits_are_sent_and_the_result_is_described() {
    let headers = [
        ("content-type", "image/webp"),
        (exchange::WIDTH, "3"),
        (exchange::HEIGHT, "2"),
        (exchange::FRAMES, "1"),
        (exchange::WITH_PLACEHOLDER, "AAAA 000000 #a1b2c3"),
    ];
    let (server, outcome) = derive(answer(200, &headers, "derived")).await;
    let request = server.received.lock().expect("not poisoned").take();
    let request = request.expect("a request");
    assert_eq!(
        request.uri(),
        "http://derive.spin.internal/render?w=3&format=webp"
    );
    assert_eq!(
        (request.method().as_str(), &request.body()[..]),
        ("POST", &b"original"[..])
    );
    for (name, value) in [
        ("content-length", "8"),
        (exchange::MAX_PIXELS, "1000"),
        (exchange::MAX_FRAMES, "7"),
        (exchange::MAX_SIDE, "99"),
        (exchange::MAX_AVIF_PIXELS, "55"),
        (exchange::WITH_PLACEHOLDER, "1"),
    ] {
        assert_eq!(request.headers()[name], value, "{name}");
    }
    let Ok(derived) = outcome else {
        panic!("nothing was derived");
    };
    assert_eq!(derived.kind, Kind::Webp);
    assert_eq!((derived.width, derived.height, derived.frames), (3, 2, 1));
    let placeholder = derived.placeholder.map(|made| made.to_string());
    assert_eq!(placeholder.as_deref(), Some("AAAA 000000 #a1b2c3"));
    let bytes: Vec<Bytes> = derived.bytes.try_collect().await.expect("bytes");
    assert_eq!(bytes.concat(), b"derived");
}

#[tokio::test]
async fn failures_are_told_apart() {
    let refused = |refusal, limit, reason: &str| DeriveError::Refused {
        refusal,
        limit,
        reason: reason.to_owned(),
    };
    let failed = |kind| Err(HttpError::new(kind, "so"));
    let too_costly = [(exchange::REFUSAL, "too-costly"), (exchange::LIMIT, "1000")];
    for (answer, expected) in [
        (
            answer(422, &too_costly, "too many pixels"),
            refused(Refusal::TooCostly, Some(1000), "too many pixels"),
        ),
        (
            answer(200, &[("content-type", "image/webp")], ""),
            refused(
                Refusal::Internal,
                None,
                "the response does not describe the derived image",
            ),
        ),
        (answer(500, &[], "trap"), DeriveError::Trapped),
        (answer(504, &[], ""), DeriveError::TimedOut),
        (answer(503, &[], ""), DeriveError::Busy),
        (answer(404, &[], ""), DeriveError::Unavailable),
        (failed(HttpErrorKind::NotSent), DeriveError::Unavailable),
        (failed(HttpErrorKind::TimedOut), DeriveError::TimedOut),
        (failed(HttpErrorKind::NoAnswer), DeriveError::Trapped),
    ] {
        let (_, outcome) = derive(answer).await;
        assert_eq!(outcome.err(), Some(expected));
    }
}

#[tokio::test]
async fn a_placeholder_is_asked_for_alone() {
    for (text, expected) in [
        ("AAAA 000000 #a1b2c3", Ok(())),
        ("AAAA 000000", Err(())),
        ("", Err(())),
    ] {
        let server = Arc::new(Server {
            received: Mutex::default(),
            answer: Mutex::new(Some(answer(200, &[], text))),
        });
        let source = Source {
            bytes: body("original"),
            length: 8,
        };
        let deriver = ChainedDeriver::new(Arc::clone(&server) as _);
        let made = deriver.placeholder(source, LIMITS).await;
        assert_eq!(made.map(drop).map_err(drop), expected, "{text}");
        let request = server.received.lock().expect("not poisoned").take();
        let request = request.expect("a request");
        assert_eq!(request.uri(), "http://derive.spin.internal/placeholder");
        assert_eq!(request.headers()[exchange::MAX_PIXELS], "1000");
        assert!(!request.headers().contains_key(exchange::WITH_PLACEHOLDER));
    }
}
