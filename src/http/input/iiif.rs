//! The targets of the IIIF Image API: `/iiif/3/{identifier}/…`, where the identifier is the id of
//! an image, and may carry the parameters of a signed URL.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::http::uri::{Authority, Scheme};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::extract::{Reader, canonical, grant};
use super::query::{self, NoParameters};
use crate::auth::link;
use crate::http::app::App;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::http::reply::urls::iiif_path;
use crate::trace::{self, Phase};

/// What a request is for, and whose it is.
pub(crate) struct Target {
    /// The id of the image.
    pub(crate) id: Uuid,
    /// Who asks for it.
    pub(crate) reader: Reader,
    /// The URL of the image's service, without a slash at its end.
    pub(crate) service: String,
    /// What follows the identifier, between slashes.
    pub(crate) rest: Vec<String>,
}

impl FromRequestParts<Arc<App>> for Target {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let absent = || Problem::new(ProblemKind::NotFound, "no such image");
        let path = parts.uri.path();
        let segments = path.strip_prefix(link::IIIF).ok_or_else(absent)?;
        let decode = |part: &str| percent_decode_str(part).decode_utf8().map(String::from);
        let segments = segments.split('/').map(decode);
        let segments: Result<Vec<String>, _> = segments.collect();
        let mut segments = segments.map_err(|_| absent())?.into_iter();
        let identifier = segments.next().ok_or_else(absent)?;
        let (id, access) = match identifier.split_once(';') {
            Some((id, access)) => (id, Some(access)),
            None => (identifier.as_str(), None),
        };
        let id = canonical(id).ok_or_else(absent)?;
        let reader = match access {
            Some(access) => linked(app, id, access)?,
            None => grant(parts, app)
                .await?
                .map_or(Reader::Anybody, Reader::Granted),
        };
        let NoParameters = query::parse(&parts.uri)?;
        Ok(Self {
            id,
            reader,
            service: format!("{}{}{identifier}", origin(parts, app), link::IIIF),
            rest: segments.collect(),
        })
    }
}

/// The holder of a signed URL, if its signature is valid.
fn linked(app: &App, id: Uuid, parameters: &str) -> Result<Reader, Problem> {
    let _timer = trace::start(Phase::Auth);
    let keys = &app.settings.access.signing_keys;
    let now = app.service.now().seconds();
    let verified = link::verify_in_path(keys, &iiif_path(id), parameters, now)?;
    Ok(Reader::Linked(verified))
}

/// What precedes the path in absolute URLs: `public_base_url`, or else what the client has
/// requested. It is for what must be absolute; everything else has paths alone then.
pub(crate) fn origin(parts: &Parts, app: &App) -> String {
    if let Some(base) = &app.settings.http.public_base_url {
        return base.clone();
    }
    let host = parts.headers.get(header::HOST);
    let host = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let Some(host) = host.or_else(|| parts.uri.authority().cloned()) else {
        return String::new();
    };
    let scheme = parts.uri.scheme().unwrap_or(&Scheme::HTTP);
    format!("{scheme}://{host}")
}
