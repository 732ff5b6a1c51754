//! The owner that a request names, in its path or its query.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::extract;
use crate::auth::{Grant, MAX_OWNER_CHARS, Scope, is_owner};
use crate::http::app::App;
use crate::http::input::query::{FromQuery, Query, refused};
use crate::http::reply::problem::Problem;

/// The name of the query parameter.
pub(crate) const OWNER: &str = "owner";

/// Reads the parameter.
pub(crate) fn from_query(query: &Query) -> Result<Option<String>, Problem> {
    query.one(OWNER)?.map(parse).transpose()
}

fn parse(text: &str) -> Result<String, Problem> {
    if is_owner(text) {
        return Ok(text.to_owned());
    }
    let detail = format!(
        "{OWNER} must have 1 to {MAX_OWNER_CHARS} characters, none of them a control character"
    );
    Err(refused(OWNER, detail).with("limit", MAX_OWNER_CHARS))
}

/// Returns the owner that a request is limited to: the named one, which requires `admin`, or
/// whom the grant is confined to; `None` if it is not limited.
pub(crate) fn limited_to<'a>(
    grant: &'a Grant,
    named: Option<&'a str>,
) -> Result<Option<&'a str>, Problem> {
    if named.is_some() {
        extract::require(grant, Scope::Admin)?;
    }
    Ok(named.or(grant.confined_to()))
}

/// A query in which an owner may be named.
pub(crate) struct NamedOwner(pub(crate) Option<String>);

impl FromQuery for NamedOwner {
    const NAMES: &'static [&'static str] = &[OWNER];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        from_query(query).map(Self)
    }
}

/// The owner in a path.
pub(crate) struct OwnerInPath(pub(crate) String);

impl FromRequestParts<Arc<App>> for OwnerInPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::bad_request("the owner must be percent-encoded UTF-8"))?;
        parse(&text).map(Self)
    }
}
