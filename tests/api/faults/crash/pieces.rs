//! Uploads in pieces, which go on after a crash.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response};

use super::UPLOAD_SECONDS;
use super::storm::Gone;
use crate::support::Client;

/// An upload that has begun, and is not known to be complete.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// Where it goes on.
    path: String,
    /// The index of its owner.
    pub(crate) owner: usize,
    /// The index of its file.
    pub(crate) file: usize,
    /// The bytes that the server has acknowledged.
    acknowledged: usize,
    since: Instant,
}

/// What has become of an upload.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It goes on.
    Open,
    /// It is now the image with this id.
    Complete(String),
    /// It has become an image before the crash, or has expired.
    Over,
}

fn tus(client: &Client, method: Method, path: &str) -> RequestBuilder {
    client
        .request(method, path)
        .header("tus-resumable", "1.0.0")
}

async fn answered(request: RequestBuilder) -> Result<Response, Gone> {
    request.send().await.map_err(|_| Gone)
}

fn header(answer: &Response, name: &str) -> Option<String> {
    let value = answer.headers().get(name)?;
    Some(value.to_str().expect("a readable header").to_owned())
}

fn offset(answer: &Response) -> usize {
    let offset = header(answer, "upload-offset").expect("an offset");
    offset.parse().expect("a number")
}

impl Open {
    /// Begins an upload.
    pub(super) async fn begin(
        client: &Client,
        owner: usize,
        file: usize,
        length: usize,
    ) -> Result<Self, Gone> {
        let creation = tus(client, Method::POST, "/v1/uploads").header("upload-length", length);
        let answer = answered(creation).await?;
        assert_eq!(answer.status(), 201, "{answer:?}");
        Ok(Self {
            path: header(&answer, "location").expect("a location"),
            owner,
            file,
            acknowledged: 0,
            since: Instant::now(),
        })
    }

    /// Asks how much the server has, which must be at least what it has acknowledged, and sends
    /// at most `most` more bytes.
    pub(super) async fn go_on(
        &mut self,
        client: &Client,
        file: &Bytes,
        most: usize,
    ) -> Result<Progress, Gone> {
        let head = answered(tus(client, Method::HEAD, &self.path)).await?;
        if head.status() != 200 {
            return Ok(self.ended(&head));
        }
        let from = offset(&head);
        assert!(self.acknowledged <= from, "{self:?} has only {from} bytes");
        if from == file.len() {
            return Ok(Progress::Over);
        }
        let to = file.len().min(from + most);
        let append = tus(client, Method::PATCH, &self.path)
            .header("upload-offset", from)
            .header("content-type", "application/offset+octet-stream")
            .body(file.slice(from..to));
        let answer = answered(append).await?;
        if answer.status() != 204 {
            return Ok(self.ended(&answer));
        }
        assert_eq!(offset(&answer), to);
        self.acknowledged = to;
        if to < file.len() {
            return Ok(Progress::Open);
        }
        Ok(Progress::Complete(image_of(&answer)))
    }

    /// Checks that an upload which is not found has expired.
    fn ended(&self, answer: &Response) -> Progress {
        let status = answer.status().as_u16();
        assert!([404, 410].contains(&status), "{self:?}: {answer:?}");
        // The server's clock began before the client's.
        let least = Duration::from_secs(UPLOAD_SECONDS);
        assert!(
            self.since.elapsed() + Duration::from_secs(1) > least,
            "{self:?} is lost"
        );
        Progress::Over
    }
}

/// The id of the image that an upload has become.
fn image_of(answer: &Response) -> String {
    let path = header(answer, "content-location").expect("the image's path");
    let id = path
        .strip_prefix("/v1/images/")
        .expect("the path of an image");
    id.to_owned()
}
