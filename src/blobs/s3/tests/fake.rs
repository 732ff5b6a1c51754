//! A bucket in memory that answers as S3 does, and can be told to misbehave.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::{Method, Request, Response};

use super::super::{HttpClient, HttpError};
use crate::blobs::{BlobError, ByteStream};

/// What happens to a request instead of what should.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It never arrives.
    Lost,
    /// It is carried out, and the answer lost.
    AnswerLost,
    /// The server says so, and does nothing.
    Status(u16),
    /// The body breaks off after so many bytes.
    Cut(usize),
    /// The same, and it looks like its end.
    Ended(usize),
}

#[derive(Default)]
pub(super) struct State {
    pub(super) objects: BTreeMap<String, Bytes>,
    pub(super) uploads: BTreeMap<String, (String, BTreeMap<usize, Bytes>)>,
    /// Methods and targets of all requests.
    pub(super) calls: Vec<String>,
    /// Of the requests to come: which of them what happens to.
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
    async fn send(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, HttpError> {
        let mut state = self.state();
        let call = format!("{} {}", request.method(), request.uri());
        state.calls.push(call);
        assert!(request.headers().contains_key("authorization"));
        let lost = Err(HttpError("no answer".to_owned()));
        match state.faults.pop_front().flatten() {
            None => Ok(state.answer(&request).into_response(usize::MAX, false)),
            Some(Fault::Lost) => lost,
            Some(Fault::AnswerLost) => {
                state.answer(&request);
                lost
            }
            Some(Fault::Status(status)) => {
                Ok(error(status, "SlowDown").into_response(usize::MAX, false))
            }
            Some(Fault::Cut(at)) => Ok(state.answer(&request).into_response(at, true)),
            Some(Fault::Ended(at)) => Ok(state.answer(&request).into_response(at, false)),
        }
    }

    async fn wait(&self, time: Duration) {
        self.state().waited += time;
    }
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Answer {
    fn into_response(self, cut: usize, told: bool) -> Response<ByteStream> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = self.body.slice(..cut.min(self.body.len()));
        let pieces = body
            .chunks(1000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)));
        let broken = told.then(|| Err(BlobError::Store("cut".to_owned())));
        let pieces: Vec<_> = pieces.chain(broken).collect();
        let response = response.header("content-length", self.body.len());
        response.body(stream::iter(pieces).boxed()).expect("good")
    }
}

fn ok(body: impl Into<Bytes>) -> Answer {
    let headers = vec![("etag", "\"tag\"".to_owned())];
    Answer {
        status: 200,
        headers,
        body: body.into(),
    }
}

fn error(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>so</Message></Error>");
    Answer {
        status,
        headers: Vec::new(),
        body: body.into(),
    }
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
    Answer {
        status: 206,
        headers: vec![(
            "content-range",
            format!("bytes {from}-{to}/{}", object.len()),
        )],
        body: object.slice(from..=to),
    }
}
