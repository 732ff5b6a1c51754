//! An in-memory bucket that answers like S3, and can be made to misbehave.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{BoxFuture, pending};
use futures_util::stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Method, Request, Response};

use crate::model::Timestamp;
use crate::platform::{Clock, HttpBody, HttpClient, HttpError, HttpErrorKind};

/// A fault of the fake, which applies to one request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// The request never arrives.
    Lost,
    /// The request is carried out, and the answer lost.
    AnswerLost,
    /// The server answers with this status, and does nothing.
    Status(u16),
    /// The body breaks off after this many bytes.
    Cut(usize),
    /// The body ends after this many bytes as if it were complete.
    Ended(usize),
    /// The request is carried out, and the answer changed in transit.
    Changed(fn(&mut Answer)),
    /// The server gives this answer, and does nothing.
    Instead(fn() -> Answer),
    /// The request arrives, and is never answered.
    Silence,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) objects: BTreeMap<String, Bytes>,
    pub(super) uploads: BTreeMap<String, (String, BTreeMap<usize, Bytes>)>,
    /// Methods and targets of all requests.
    pub(super) calls: Vec<String>,
    /// What the signatures of all requests say of the hashes of their bodies.
    pub(super) hashes: Vec<String>,
    /// The faults of the requests to come, in order.
    pub(super) faults: VecDeque<Option<Fault>>,
    pub(super) waited: Duration,
    begun: usize,
}

#[derive(Clone, Default)]
pub(super) struct FakeS3(Arc<Mutex<State>>);

impl FakeS3 {
    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no test has failed")
    }

    pub(super) fn fail(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state().faults = faults.into_iter().collect();
    }
}

#[async_trait]
impl HttpClient for FakeS3 {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<HttpBody>, HttpError> {
        match self.answer_to(&request) {
            Some(answer) => answer,
            None => pending().await,
        }
    }

    async fn send_stream(
        &self,
        request: Request<HttpBody>,
    ) -> Result<Response<HttpBody>, HttpError> {
        let (parts, body) = request.into_parts();
        let pieces: Vec<Bytes> = body.try_collect().await?;
        self.send(Request::from_parts(parts, pieces.concat().into()))
            .await
    }
}

impl Clock for FakeS3 {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let fake = self.clone();
        Box::pin(async move { fake.state().waited += time })
    }
}

impl FakeS3 {
    /// The answer to a request; `None` if there is never one.
    fn answer_to(&self, request: &Request<Bytes>) -> Option<Result<Response<HttpBody>, HttpError>> {
        let mut state = self.state();
        let call = format!("{} {}", request.method(), request.uri());
        state.calls.push(call);
        let hash = request.headers()["x-amz-content-sha256"].to_str();
        state.hashes.push(hash.expect("text").to_owned());
        assert!(request.headers().contains_key("authorization"));
        let lost = Err(HttpError::new(HttpErrorKind::NoAnswer, "lost"));
        let answer = match state.faults.pop_front().flatten() {
            None => state.answer(request),
            Some(Fault::Lost) => return Some(lost),
            Some(Fault::Silence) => return None,
            Some(Fault::AnswerLost) => {
                state.answer(request);
                return Some(lost);
            }
            Some(Fault::Status(status)) => error(status, "SlowDown"),
            Some(Fault::Instead(answer)) => answer(),
            Some(Fault::Cut(at)) => Answer {
                cut: at,
                end: End::Broken,
                ..state.answer(request)
            },
            Some(Fault::Ended(at)) => Answer {
                cut: at,
                ..state.answer(request)
            },
            Some(Fault::Changed(change)) => {
                let mut answer = state.answer(request);
                change(&mut answer);
                answer
            }
        };
        Some(Ok(answer.into_response()))
    }
}

/// The end of a body.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Well,
    /// It ends with an error.
    Broken,
    /// It goes on for ever.
    Endless,
    /// Nothing more arrives, not even the end.
    Silent,
}

#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    /// The number of bytes of the body that are sent.
    pub(super) cut: usize,
    /// The size of the pieces.
    pub(super) piece: usize,
    pub(super) end: End,
    /// Whether the head declares the length of the body.
    pub(super) has_length: bool,
}

impl Answer {
    pub(super) fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            cut: usize::MAX,
            piece: 1000,
            end: End::Well,
            has_length: true,
        }
    }

    /// Sets a header, or drops it.
    pub(super) fn set(&mut self, name: &'static str, value: Option<&str>) {
        self.headers.retain(|(known, _)| *known != name);
        let value = value.map(|value| (name, value.to_owned()));
        self.headers.extend(value);
    }

    fn into_response(self) -> Response<HttpBody> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        if self.has_length {
            response = response.header("content-length", self.body.len());
        }
        let body = self.body.slice(..self.cut.min(self.body.len()));
        let pieces: Vec<_> = body
            .chunks(self.piece)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let pieces = stream::iter(pieces);
        let body = match self.end {
            End::Well => pieces.boxed(),
            End::Broken => {
                let broken = stream::iter([Err(HttpError::new(HttpErrorKind::BrokenOff, "cut"))]);
                pieces.chain(broken).boxed()
            }
            End::Endless => {
                let more = stream::repeat_with(|| Ok(Bytes::from_static(&[b' '; 1000])));
                pieces.chain(more).boxed()
            }
            End::Silent => pieces.chain(stream::pending()).boxed(),
        };
        response.body(body).expect("good")
    }
}

fn ok(body: impl Into<Bytes>) -> Answer {
    let mut answer = Answer::new(200, body);
    answer.set("etag", Some("\"tag\""));
    answer
}

pub(super) fn error(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>so</Message></Error>");
    Answer::new(status, body)
}

impl State {
    fn answer(&mut self, request: &Request<Bytes>) -> Answer {
        let path = request.uri().path();
        assert!(path.starts_with("/bucket"), "{path}");
        let key = path
            .trim_start_matches("/bucket")
            .trim_start_matches('/')
            .to_owned();
        let query: BTreeMap<String, String> = request
            .uri()
            .query()
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.replace("%2F", "/")))
            .collect();
        match (
            request.method(),
            query.get("uploadId"),
            query.contains_key("uploads"),
        ) {
            (&Method::POST, None, true) => {
                self.begun += 1;
                let id = format!("upload/{}", self.begun);
                self.uploads.insert(id.clone(), (key, BTreeMap::new()));
                ok(format!("<I><UploadId>{id}</UploadId></I>"))
            }
            (&Method::GET, None, true) => self.list(&query["prefix"]),
            (&Method::PUT, Some(id), _) => match self.uploads.get_mut(id) {
                Some((_, parts)) => {
                    let number = query["partNumber"].parse().expect("a number");
                    parts.insert(number, request.body().clone());
                    ok("")
                }
                None => error(404, "NoSuchUpload"),
            },
            (&Method::POST, Some(id), _) => self.complete(id),
            (&Method::DELETE, Some(id), _) => match self.uploads.remove(id) {
                Some(_) => ok(""),
                None => error(404, "NoSuchUpload"),
            },
            (&Method::PUT, None, _) => {
                self.objects.insert(key, request.body().clone());
                ok("")
            }
            (&Method::DELETE, None, _) => {
                self.objects.remove(&key);
                Answer {
                    status: 204,
                    ..ok("")
                }
            }
            (&Method::GET | &Method::HEAD, None, _) => match self.objects.get(&key) {
                Some(object) => range(object, request),
                None => error(404, "NoSuchKey"),
            },
            _ => error(400, "InvalidRequest"),
        }
    }

    fn list(&self, prefix: &str) -> Answer {
        let uploads = self
            .uploads
            .iter()
            .filter(|(_, (key, _))| key.starts_with(prefix));
        let uploads = uploads.map(|(id, (key, _))| {
            format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>")
        });
        ok(format!(
            "<L><Prefix>{prefix}</Prefix>{}</L>",
            uploads.collect::<String>()
        ))
    }

    fn complete(&mut self, id: &str) -> Answer {
        let Some((key, parts)) = self.uploads.remove(id) else {
            return error(404, "NoSuchUpload");
        };
        assert!(parts.keys().copied().eq(1..=parts.len()), "{parts:?}");
        let lengths: Vec<usize> = parts.values().map(Bytes::len).collect();
        let (_, before) = lengths.split_last().expect("a part");
        assert!(
            before.iter().all(|length| *length >= 5 << 20),
            "{lengths:?}"
        );
        let object: Vec<Bytes> = parts.into_values().collect();
        self.objects.insert(key, object.concat().into());
        ok("<C><ETag>tag</ETag></C>")
    }
}

fn range(object: &Bytes, request: &Request<Bytes>) -> Answer {
    let Some(range) = request.headers().get("range") else {
        return ok(object.clone());
    };
    let range = range.to_str().expect("text").trim_start_matches("bytes=");
    let (from, to) = range.split_once('-').expect("a range");
    let (from, to): (usize, usize) = (from.parse().expect("from"), to.parse().expect("to"));
    if from >= object.len() {
        return error(416, "InvalidRange");
    }
    let to = to.min(object.len() - 1);
    let mut answer = Answer {
        status: 206,
        ..ok(object.slice(from..=to))
    };
    let range = format!("bytes {from}-{to}/{}", object.len());
    answer.set("content-range", Some(&range));
    answer
}
