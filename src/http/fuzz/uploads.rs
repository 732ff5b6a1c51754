//! Uploads that arrive piece by piece, by both protocols.

use axum::http::{HeaderMap, HeaderValue, Method, Uri};

use super::{Answer, Session, headers};
use crate::media::testing;

/// The headers of the request that begins an upload.
const BEGIN: &[&str] = &[
    "content-type",
    "idempotency-key",
    "tus-resumable",
    "upload-checksum",
    "upload-concat",
    "upload-defer-length",
    "upload-length",
    "upload-metadata",
];
/// The headers of a piece.
const PIECE: &[&str] = &[
    "content-digest",
    "content-length",
    "content-type",
    "tus-resumable",
    "upload-checksum",
    "upload-complete",
    "upload-draft-interop-version",
    "upload-incomplete",
    "upload-length",
    "upload-offset",
    "x-http-method-override",
];
/// How much of the file the first request has.
const FIRST: usize = 20;

/// The input is the header lines of the request that begins an upload and, after an empty line,
/// those of a request that adds the rest of the file.
pub fn uploads(input: &[u8]) {
    let middle = memchr::memmem::find(input, b"\n\n").unwrap_or(input.len());
    let (begin, piece) = input.split_at(middle);
    let session = Session::of_newcomer();
    let file = testing::png(1, 1);
    let uri = Uri::from_static("/v1/uploads");
    let begun = session.send(
        Method::POST,
        uri,
        headers(begin, BEGIN),
        file[..FIRST].to_vec(),
    );
    if begun.status != 201 {
        assert_eq!(session.stored(), 0, "a refused upload has left data behind");
        return;
    }
    let upload: Uri = begun.header("location").parse().expect("a path");
    let before = offset(&state(&session, &upload)).expect("an upload that has begun");
    assert_eq!(begun.header("upload-offset"), before.to_string());
    let rest = file.get(before..).unwrap_or_default().to_vec();
    let fields = headers(piece, PIECE);
    let method = match fields.contains_key("x-http-method-override") {
        true => Method::POST,
        false => Method::PATCH,
    };
    let added = session.send(method, upload.clone(), fields, rest);
    let state = state(&session, &upload);
    let Some(after) = offset(&state) else {
        assert_eq!(
            session.stored(),
            0,
            "an upload that is gone has left data behind"
        );
        return;
    };
    assert!(after >= before, "{before} {after}");
    if added.headers.contains_key("upload-offset") {
        assert_eq!(added.header("upload-offset"), after.to_string());
    }
    let image = state.header("content-location");
    assert_eq!(session.stored(), usize::from(!image.is_empty()));
    if !image.is_empty() {
        let image = session.get(image).json();
        assert_eq!(image["size"], file.len());
    }
}

fn state(session: &Session, upload: &Uri) -> Answer {
    let version = HeaderValue::from_static("1.0.0");
    let name = axum::http::HeaderName::from_static("tus-resumable");
    let fields = HeaderMap::from_iter([(name, version)]);
    session.send(Method::HEAD, upload.clone(), fields, Vec::new())
}

/// The offset of an upload; `None` if it is gone.
fn offset(state: &Answer) -> Option<usize> {
    (state.status == 200).then(|| state.header("upload-offset").parse().expect("a number"))
}
