//! What a client declares when it begins a resumable upload.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};

use super::form;
use super::query::{self, FromQuery, Query};
use super::visibility::visibility;
use crate::http::app::App;
use crate::http::headers::{media_type, tus};
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::service::resumable::NewResumable;
use crate::service::{Attributes, Declared, UploadTerms};

/// The label under which an upload keeps the field of the same name.
pub(crate) const METADATA: &str = "Upload-Metadata";
/// The same.
pub(crate) const CONCAT: &str = "Upload-Concat";

/// The keys of `Upload-Metadata` that describe the image, and that a ticket determines.
const ATTRIBUTES: [&str; 3] = ["tags", "visibility", "metadata"];

/// The query of a request that begins an upload. The ticket is read with the other credentials.
pub(crate) struct BeginParameters;

impl FromQuery for BeginParameters {
    const NAMES: &'static [&'static str] = &["ticket"];

    fn from_query(_: &Query) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// The id of an upload in the path of a request, whose query has no parameters.
pub(crate) fn id_of(uri: &Uri) -> Result<String, Problem> {
    let query::NoParameters = query::parse(uri)?;
    let absent = || Problem::new(ProblemKind::NotFound, "no such upload");
    id(uri.path()).ok_or_else(absent)
}

/// The id in the path, or the URL, of an upload.
pub(crate) fn id(url: &str) -> Option<String> {
    let (before, id) = url.rsplit_once('/')?;
    let is_id = id.len() == 32 && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    (is_id && before.ends_with("/v1/uploads")).then(|| id.to_owned())
}

/// Reads `Upload-Metadata` into the description of an upload, which keeps the field.
pub(crate) fn describe(headers: &HeaderMap, new: &mut NewResumable) -> Result<(), Problem> {
    new.attributes = attributes(headers, &new.terms, &mut new.declared)?;
    if let Some(field) = tus::text(headers, METADATA)?
        && !field.trim().is_empty()
    {
        new.labels.insert(METADATA.to_owned(), field.to_owned());
    }
    Ok(())
}

/// Reads `Upload-Metadata`: what it declares of a file, and the attributes of the image. Keys that
/// Darkroom does not know are left alone: clients send many.
pub(crate) fn attributes(
    headers: &HeaderMap,
    terms: &UploadTerms,
    declared: &mut Declared,
) -> Result<Attributes, Problem> {
    let pairs = tus::metadata(headers)?;
    let given = |key: &str| pairs.get(key).filter(|value| !value.is_empty());
    if terms.ticket.is_some()
        && let Some(key) = ATTRIBUTES.iter().find(|key| given(key).is_some())
    {
        let rule = format!("must not have {key}: the upload ticket determines it");
        return Err(tus::wrong(METADATA, &rule));
    }
    if let Some(filename) = given("filename") {
        declared.filename = Some(filename.clone());
    }
    if let Some(filetype) = given("filetype") {
        declared.media_type = media_type::declared(filetype).map(str::to_owned);
    }
    let (tags, metadata) = (given("tags"), given("metadata"));
    let visible = given("visibility");
    let visible = visible.map(|text| visibility(text)).transpose()?;
    Ok(Attributes {
        tags: match tags {
            Some(text) => form::more_tags(&[], text, false)?,
            None => Vec::new(),
        },
        visibility: visible.unwrap_or_default(),
        metadata: match metadata {
            Some(text) => form::parse_metadata(text)?,
            None => BTreeMap::new(),
        },
    })
}

/// The terms of a request that may come without credentials: those of nobody in particular then.
pub(crate) async fn terms_of_anybody(parts: &mut Parts, app: &Arc<App>) -> UploadTerms {
    let terms = UploadTerms::from_request_parts(parts, app).await;
    terms.unwrap_or_default()
}
