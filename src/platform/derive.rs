//! The component that derives images: the bytes of an original and a transform in, the bytes
//! of a derived image out. It is granted nothing, and a derivation that fails ends alone.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use darkroom_transform::Placeholder;
use darkroom_transform::exchange::{self, Refusal};
use futures_util::StreamExt as _;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri};

use super::{HttpBody, HttpClient, HttpError, HttpErrorKind};
use crate::model::Kind;

/// What a derivation may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeriveLimits {
    /// The most pixels of the source: width × height × frames.
    pub max_pixels: u64,
    /// The most frames of the source.
    pub max_frames: u32,
    /// The longest side of the result in pixels.
    pub max_side: u32,
    /// The most pixels of a result in AVIF.
    pub max_avif_pixels: u64,
}

/// The original.
pub struct Source {
    /// Its bytes.
    pub bytes: HttpBody,
    /// How many there are.
    pub length: u64,
}

/// A derived image.
pub struct Derived {
    /// Its bytes. They may end with an error if the derivation fails while they are sent.
    pub bytes: HttpBody,
    /// Its format.
    pub kind: Kind,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its frames.
    pub frames: u32,
    /// The placeholder of the original, if it was asked for and could be made.
    pub placeholder: Option<Placeholder>,
}

/// Why there is no derived image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// The source or the transform was refused.
    #[error("the derivation was refused: {reason}")]
    Refused {
        /// The kind of refusal.
        refusal: Refusal,
        /// The limit that was exceeded.
        limit: Option<u64>,
        /// The reason as text.
        reason: String,
    },
    /// The derivation failed without an answer: it trapped, or ran out of memory.
    #[error("the derivation failed without an answer")]
    Trapped,
    /// The derivation took too long.
    #[error("the derivation took too long")]
    TimedOut,
    /// The host derives too much already.
    #[error("the host derives too many images at the same time")]
    Busy,
    /// There is nothing that derives.
    #[error("the component that derives images cannot be reached")]
    Unavailable,
}

impl DeriveError {
    /// The failure of an exchange.
    pub fn of(error: &HttpError) -> Self {
        match error.kind() {
            HttpErrorKind::NotSent => Self::Unavailable,
            HttpErrorKind::TimedOut => Self::TimedOut,
            HttpErrorKind::NoAnswer | HttpErrorKind::BrokenOff => Self::Trapped,
        }
    }
}

/// Derives images.
#[async_trait]
pub trait Deriver: Send + Sync {
    /// Derives an image, and on the way the placeholder of the original if it is asked for.
    /// `transform` is in canonical form, with the format decided.
    async fn derive(
        &self,
        source: Source,
        transform: &str,
        limits: DeriveLimits,
        with_placeholder: bool,
    ) -> Result<Derived, DeriveError>;

    /// Makes the placeholder of an original.
    async fn placeholder(
        &self,
        source: Source,
        limits: DeriveLimits,
    ) -> Result<Placeholder, DeriveError>;
}

/// The origin of the other component, by the host's service chaining.
const ORIGIN: &str = "http://derive.spin.internal";
/// The most bytes that are read of the reason of a refusal, or of a placeholder.
const MAX_TEXT: usize = 1000;

/// Another component of the application derives ([`exchange`]).
pub struct ChainedDeriver {
    http: Arc<dyn HttpClient>,
}

impl ChainedDeriver {
    /// Creates a deriver that sends its requests by `http`.
    pub fn new(http: Arc<dyn HttpClient>) -> Self {
        Self { http }
    }

    /// Sends an original. Returns the answer if it is no refusal.
    async fn send(
        &self,
        target: &str,
        source: Source,
        limits: DeriveLimits,
        with_placeholder: bool,
    ) -> Result<Response<HttpBody>, DeriveError> {
        let uri: Uri = format!("{ORIGIN}{target}").parse().map_err(|_| {
            let reason = format!("{target:?} is not a path with a query");
            refused(Refusal::Malformed, reason)
        })?;
        let mut request = Request::new(source.bytes);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let asked = with_placeholder.then_some((exchange::WITH_PLACEHOLDER, 1));
        let numbers = [
            ("content-length", source.length),
            (exchange::MAX_PIXELS, limits.max_pixels),
            (exchange::MAX_FRAMES, limits.max_frames.into()),
            (exchange::MAX_SIDE, limits.max_side.into()),
            (exchange::MAX_AVIF_PIXELS, limits.max_avif_pixels),
        ];
        for (name, number) in numbers.into_iter().chain(asked) {
            let name = HeaderName::from_static(name);
            request.headers_mut().insert(name, number.into());
        }
        let response = self.http.send_stream(request).await;
        let response = response.map_err(|error| DeriveError::of(&error))?;
        match response.status() {
            StatusCode::OK => Ok(response),
            _ => Err(refusal(response).await),
        }
    }
}

#[async_trait]
impl Deriver for ChainedDeriver {
    async fn derive(
        &self,
        source: Source,
        transform: &str,
        limits: DeriveLimits,
        with_placeholder: bool,
    ) -> Result<Derived, DeriveError> {
        let target = format!("{}?{transform}", exchange::RENDER);
        let response = self.send(&target, source, limits, with_placeholder);
        derived(response.await?)
    }

    async fn placeholder(
        &self,
        source: Source,
        limits: DeriveLimits,
    ) -> Result<Placeholder, DeriveError> {
        let response = self.send(exchange::PLACEHOLDER, source, limits, false);
        let text = text_of(response.await?.into_body()).await;
        Placeholder::parse(&text).ok_or_else(|| {
            let reason = "the response is not a placeholder";
            refused(Refusal::Internal, reason.to_owned())
        })
    }
}

fn derived(response: Response<HttpBody>) -> Result<Derived, DeriveError> {
    let (parts, bytes) = response.into_parts();
    let headers = &parts.headers;
    let read = || {
        Some(Derived {
            kind: Kind::from_media_type(text(headers, CONTENT_TYPE.as_str())?)?,
            width: number(headers, exchange::WIDTH)?,
            height: number(headers, exchange::HEIGHT)?,
            frames: number(headers, exchange::FRAMES)?,
            placeholder: text(headers, exchange::WITH_PLACEHOLDER).and_then(Placeholder::parse),
            bytes,
        })
    };
    read().ok_or_else(|| {
        let reason = "the response does not describe the derived image";
        refused(Refusal::Internal, reason.to_owned())
    })
}

fn refused(refusal: Refusal, reason: String) -> DeriveError {
    DeriveError::Refused {
        refusal,
        limit: None,
        reason,
    }
}

/// Without a kind of refusal, the answer is the host's.
async fn refusal(response: Response<HttpBody>) -> DeriveError {
    let headers = response.headers();
    let kind = text(headers, exchange::REFUSAL).and_then(Refusal::parse);
    let Some(refusal) = kind else {
        return match response.status() {
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => DeriveError::Unavailable,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => DeriveError::Busy,
            StatusCode::GATEWAY_TIMEOUT => DeriveError::TimedOut,
            _ => DeriveError::Trapped,
        };
    };
    DeriveError::Refused {
        refusal,
        limit: number(headers, exchange::LIMIT),
        reason: text_of(response.into_body()).await,
    }
}

/// The beginning of a body that is text.
async fn text_of(mut body: HttpBody) -> String {
    let mut text = Vec::new();
    while let Some(Ok(piece)) = body.next().await
        && text.len() < MAX_TEXT
    {
        text.extend_from_slice(&piece);
    }
    text.truncate(MAX_TEXT);
    String::from_utf8_lossy(&text).into_owned()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

#[cfg(test)]
mod tests;
