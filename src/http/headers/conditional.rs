//! Conditional requests (RFC 9110 §13): whether a request is performed, depending on the state of
//! the resource that the client knows. All functions are pure.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::Response;

use crate::http::headers::date;
use crate::http::headers::entity_tag::{EntityTag, EntityTags};
use crate::model::Timestamp;

/// The validators of a resource's state (§8.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators {
    /// The entity tag, which changes with every change to the response to a GET.
    pub(crate) etag: EntityTag,
    /// The tag of an earlier state that `If-Match` may name as well, because all that has changed
    /// since then is what no client changes.
    pub(crate) equivalent: Option<EntityTag>,
    /// The time of the last change, in seconds since the Unix epoch.
    pub(crate) last_modified: u64,
}

impl Validators {
    /// Adds the validators as headers. `Last-Modified` is never later than the response
    /// (§8.8.2.1), even if the change was made on a machine whose clock is fast.
    pub(crate) fn print(&self, headers: &mut HeaderMap, now: Timestamp) {
        let last_modified = self.last_modified.min(now.seconds());
        let fields = [
            (header::ETAG, self.etag.to_string()),
            (header::LAST_MODIFIED, date::print(last_modified)),
        ];
        for (name, value) in fields {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        }
    }
}

/// The outcome of a request's conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The request is performed.
    Perform,
    /// The client has the current version: 304.
    NotModified,
    /// The resource does not satisfy the conditions: 412.
    Failed,
}

const CONDITIONS: [HeaderName; 4] = [
    header::IF_MATCH,
    header::IF_UNMODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
];

/// Whether the request has any conditions.
pub(crate) fn has_conditions(headers: &HeaderMap) -> bool {
    CONDITIONS.iter().any(|name| headers.contains_key(name))
}

/// Whether `If-None-Match` says that the client has the version with this tag.
pub(crate) fn is_known(headers: &HeaderMap, etag: &EntityTag) -> bool {
    let lines = lines(headers, &header::IF_NONE_MATCH);
    lines.is_some_and(|lines| is_weakly_in(&lines, etag))
}

/// Evaluates the conditions of a request for an existing resource, in the order of §13.2.2.
pub(crate) fn evaluate(method: &Method, headers: &HeaderMap, current: &Validators) -> Verdict {
    if let Some(lines) = lines(headers, &header::IF_MATCH) {
        let tags = EntityTags::parse(&lines);
        let mut accepted = [&current.etag].into_iter().chain(&current.equivalent);
        if !accepted.any(|etag| tags.contain(etag, EntityTag::matches_strongly)) {
            return Verdict::Failed;
        }
    } else if let Some(date) = only_date(headers, &header::IF_UNMODIFIED_SINCE)
        && current.last_modified > date
    {
        return Verdict::Failed;
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if let Some(lines) = lines(headers, &header::IF_NONE_MATCH) {
        return match is_weakly_in(&lines, &current.etag) {
            true if reads => Verdict::NotModified,
            true => Verdict::Failed,
            false => Verdict::Perform,
        };
    }
    match only_date(headers, &header::IF_MODIFIED_SINCE) {
        Some(date) if reads && current.last_modified <= date => Verdict::NotModified,
        _ => Verdict::Perform,
    }
}

/// Whether `Range` applies, depending on `If-Range` (§13.1.5): the field is absent, or names the
/// current state exactly. A malformed field names no state.
pub(crate) fn range_applies(headers: &HeaderMap, current: &Validators) -> bool {
    if !headers.contains_key(header::IF_RANGE) {
        return true;
    }
    let Some(value) = only(headers, &header::IF_RANGE) else {
        return false;
    };
    match EntityTag::parse(value) {
        Some(tag) => tag.matches_strongly(&current.etag),
        None => date::parse(value) == Some(current.last_modified),
    }
}

/// The response for [`Verdict::NotModified`], with those headers of the full response that a cache
/// needs to reuse what it has stored (§15.4.5). They include the file name, which may have changed
/// even though the bytes have not.
pub(crate) fn not_modified(mut headers: HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    for name in [
        header::CACHE_CONTROL,
        header::CONTENT_DISPOSITION,
        header::ETAG,
        header::VARY,
    ] {
        if let Some(value) = headers.remove(&name) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn is_weakly_in(lines: &str, etag: &EntityTag) -> bool {
    EntityTags::parse(lines).contain(etag, EntityTag::matches_weakly)
}

/// All lines of a field as one list, if the field is present.
fn lines(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// The date of a field. A field that is not a date, or is given more than once, is ignored
/// (§13.1.3, §13.1.4).
fn only_date(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    only(headers, name).and_then(date::parse)
}

/// The value of a field that is given exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?.to_str().ok()?;
    lines.next().is_none().then_some(line)
}

#[cfg(test)]
mod tests;
