//! Signed requests to one bucket, and when they are repeated.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use time::OffsetDateTime;

use super::config::S3Config;
use super::sign::{self, Signer, ToSign, UNSIGNED_PAYLOAD};
use super::xml::Leaves;
use crate::blobs::{BlobError, ByteStream};
use crate::patience::Silence;
use crate::platform::{HttpClient, HttpError};

/// The delay before each repeat of a request.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
/// The time limit for an answer, including all repeats of its request.
pub(super) const SILENCE: Duration = Duration::from_secs(30);
/// A request with a body has one more second for each of these many bytes.
const BYTES_PER_SECOND: u64 = 1 << 20;
/// The maximum length, in characters, of a server's error message as it is reported.
const LONGEST_MESSAGE: usize = 200;
/// The maximum length of a document that is read, in bytes: a list of 1,000 uploads.
const LONGEST_DOCUMENT: usize = 1 << 20;

/// A bucket, and the means to reach it.
pub(super) struct Client {
    config: S3Config,
    http: Arc<dyn HttpClient>,
}

/// A request to be made.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The object; `None` for the bucket itself.
    pub(super) key: Option<&'a str>,
    pub(super) query: &'a [(&'a str, &'a str)],
    /// In addition to those that every request has. Names in lower case.
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: Bytes,
    pub(super) repeat: Repeat,
}

impl<'a> Call<'a> {
    /// A call without query, headers or body, which may be repeated.
    pub(super) fn new(method: Method, key: Option<&'a str>) -> Self {
        Self {
            method,
            key,
            query: &[],
            headers: &[],
            body: Bytes::new(),
            repeat: Repeat::Always,
        }
    }
}

/// When a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Always: repeating it has no further effect.
    Always,
    /// Only if the server certainly did not carry it out.
    IfRefused,
}

/// An answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// S3's error code, such as `NoSuchKey`; empty if there is none.
    pub(super) code: String,
    message: String,
}

impl From<Refusal> for BlobError {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            status,
            code,
            message,
        } = refusal;
        Self::store(format!("S3 answered {status} {code}: {message}"))
    }
}

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// The server refused.
    Refused(Refusal),
    /// There is no answer, or none that can be read.
    Failed(BlobError),
}

impl From<CallError> for BlobError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => refusal.into(),
            CallError::Failed(error) => error,
        }
    }
}

impl Client {
    pub(super) fn new(config: S3Config, http: Arc<dyn HttpClient>) -> Self {
        Self { config, http }
    }

    /// The prefix of every key.
    pub(super) fn prefix(&self) -> &str {
        &self.config.prefix
    }

    /// Makes a call, repeats it if that may help, and returns the answer's head with its
    /// body as a stream.
    pub(super) async fn stream(&self, call: &Call<'_>) -> Result<Response<ByteStream>, CallError> {
        let sending = Duration::from_secs(call.body.len() as u64 / BYTES_PER_SECOND);
        self.within(SILENCE + sending, self.attempts(call)).await
    }

    async fn within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        match select(pin!(call), self.http.sleep(limit)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => {
                let silence = format!("S3 does not answer: {}", Silence(limit));
                Err(CallError::Failed(BlobError::store(silence)))
            }
        }
    }

    async fn attempts(&self, call: &Call<'_>) -> Result<Response<ByteStream>, CallError> {
        let mut backoff = BACKOFF.iter();
        loop {
            let error = match self.once(call).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match backoff
                .next()
                .filter(|_| is_worth_a_repeat(call.repeat, &error))
            {
                Some(time) => self.http.sleep(*time).await,
                None => return Err(error),
            }
        }
    }

    /// Like [`stream`](Self::stream), for answers that are documents. A document with status
    /// 200 may contain an error, because S3 begins some answers before it knows the outcome.
    pub(super) async fn document(&self, call: &Call<'_>) -> Result<Leaves, CallError> {
        let response = self.stream(call).await?;
        let status = response.status();
        let read = async {
            let document = read(response.into_body()).await;
            document.map_err(CallError::Failed)
        };
        let document = self.within(SILENCE, read).await?;
        let leaves = Leaves::parse(&document)
            .map_err(|error| CallError::Failed(BlobError::store(format!("S3: {error}"))))?;
        match leaves.first("Code") {
            Some(_) => Err(CallError::Refused(refusal(status, &leaves))),
            None => Ok(leaves),
        }
    }

    async fn once(&self, call: &Call<'_>) -> Result<Response<ByteStream>, CallError> {
        let now = self.http.now().millis().div_euclid(1000);
        let now = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let request = self.request(call, now);
        let request = request.map_err(|error| {
            CallError::Failed(BlobError::store(format!(
                "cannot make a request to S3: {error}"
            )))
        })?;
        let response = self.http.send(request).await;
        let response = response
            .map_err(|error| CallError::Failed(failed(&error)))?
            .map(|body| body.map_err(|error| failed(&error)).boxed());
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        // Whatever the body says, the status says that it is an error.
        let document = read(response.into_body()).await.unwrap_or_default();
        let leaves = Leaves::parse(&document).unwrap_or_default();
        Err(CallError::Refused(refusal(status, &leaves)))
    }

    fn request(&self, call: &Call<'_>, now: OffsetDateTime) -> http::Result<Request<Bytes>> {
        let config = &self.config;
        let endpoint = &config.endpoint;
        let path = config.path(call.key);
        let amz_date = sign::amz_date(now);
        let payload_hash = if endpoint.is_encrypted() && !call.body.is_empty() {
            // TLS protects the body, and hashing it is expensive in WebAssembly.
            UNSIGNED_PAYLOAD.to_owned()
        } else {
            sign::sha256_hex(&call.body)
        };
        let mut headers = call.headers.to_vec();
        headers.extend([
            ("host", endpoint.authority().as_str()),
            ("x-amz-content-sha256", payload_hash.as_str()),
            ("x-amz-date", amz_date.as_str()),
        ]);
        let authorization = Signer {
            access_key_id: &config.access_key_id,
            secret_access_key: config.secret_access_key.reveal(),
            region: &config.region,
            service: "s3",
        }
        .authorization(&ToSign {
            method: call.method.as_str(),
            path: &path,
            query: call.query,
            headers: &headers,
            payload_hash: &payload_hash,
            amz_date: &amz_date,
        });
        let mut target = sign::encode_path(&path);
        if !call.query.is_empty() {
            target.push('?');
            target.push_str(&sign::encode_query(call.query));
        }
        let uri = Uri::builder()
            .scheme(endpoint.scheme().clone())
            .authority(endpoint.authority().clone())
            .path_and_query(target)
            .build()?;
        let mut request = Request::builder().method(call.method.clone()).uri(uri);
        for (name, value) in headers {
            // The URI contains the host already.
            if name != HOST.as_str() {
                request = request.header(name, value);
            }
        }
        if matches!(call.method, Method::PUT | Method::POST) {
            request = request.header(CONTENT_LENGTH, HeaderValue::from(call.body.len()));
        }
        request
            .header(AUTHORIZATION, authorization)
            .body(call.body.clone())
    }
}

fn failed(error: &HttpError) -> BlobError {
    BlobError::store(format!("S3: {error}"))
}

fn refusal(status: StatusCode, leaves: &Leaves) -> Refusal {
    let text = |name| {
        let text = leaves.first(name).unwrap_or_default().chars();
        text.take(LONGEST_MESSAGE).collect()
    };
    Refusal {
        status,
        code: text("Code"),
        message: text("Message"),
    }
}

/// Whether the same request may succeed a little later.
fn is_worth_a_repeat(repeat: Repeat, error: &CallError) -> bool {
    match error {
        CallError::Failed(_) => repeat == Repeat::Always,
        CallError::Refused(refusal) => match refusal.status.as_u16() {
            429 | 503 => true,
            500 | 502 | 504 => repeat == Repeat::Always,
            _ => refusal.code == "RequestTimeout",
        },
    }
}

/// Reads the whole of a body that should be short.
async fn read(mut body: ByteStream) -> Result<String, BlobError> {
    let mut document = Vec::new();
    while let Some(piece) = body.next().await {
        document.extend_from_slice(&piece?);
        if document.len() > LONGEST_DOCUMENT {
            return Err(BlobError::store(
                "S3's answer is longer than expected".to_owned(),
            ));
        }
    }
    Ok(String::from_utf8_lossy(&document).into_owned())
}
