//! Extractors: a handler's arguments prove that the request was checked.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::header;
use axum::http::request::Parts;
use uuid::Uuid;

use crate::auth::link::{self, VerifiedLink};
use crate::auth::{Grant, Scope, token};
use crate::http::app::App;
use crate::http::input::admission;
use crate::http::input::query::{self, FromQuery, NoParameters};
use crate::http::reply::problem::{Problem, ProblemKind};
pub(crate) use crate::model::canonical;
use crate::service::ServiceError;
use crate::trace::{self, Phase};

/// Names a scope in a handler's signature.
pub(crate) trait Permission {
    const SCOPE: Scope;
}

/// `images:read`.
pub(crate) struct Read;
/// `images:write`.
pub(crate) struct Write;
/// `images:delete`.
pub(crate) struct Delete;
/// `maintenance`.
pub(crate) struct Maintenance;
/// `admin`.
pub(crate) struct Admin;

impl Permission for Read {
    const SCOPE: Scope = Scope::Read;
}
impl Permission for Write {
    const SCOPE: Scope = Scope::Write;
}
impl Permission for Delete {
    const SCOPE: Scope = Scope::Delete;
}
impl Permission for Maintenance {
    const SCOPE: Scope = Scope::Maintenance;
}
impl Permission for Admin {
    const SCOPE: Scope = Scope::Admin;
}

/// A caller with a valid token that has the scope of `P`, and a query with the parameters of `Q`
/// only (by default, none). The token is checked first.
pub(crate) struct Authorized<P, Q = NoParameters> {
    pub(crate) grant: Grant,
    pub(crate) parameters: Q,
    permission: PhantomData<P>,
}

impl<P: Permission, Q: FromQuery> FromRequestParts<Arc<App>> for Authorized<P, Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self {
            grant: authorize(parts, app, P::SCOPE).await?,
            parameters: query::parse(&parts.uri)?,
            permission: PhantomData,
        })
    }
}

/// The grant of the request's token, which must have the scope.
pub(crate) async fn authorize(parts: &Parts, app: &App, scope: Scope) -> Result<Grant, Problem> {
    let grant = grant(parts, app)
        .await?
        .ok_or_else(Problem::token_missing)?;
    require(&grant, scope)?;
    Ok(grant)
}

/// Refuses a grant that does not include the scope.
pub(crate) fn require(grant: &Grant, scope: Scope) -> Result<(), Problem> {
    match grant.allows(scope) {
        true => Ok(()),
        false => Err(Problem::scope_missing(scope)),
    }
}

/// Any caller: the grant of a valid token, or `None` if the request has no token.
pub(crate) struct Caller(pub(crate) Option<Grant>);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        grant(parts, app).await.map(Self)
    }
}

/// A caller that requests an image's content. A token is verified if there is one.
pub(crate) enum Reader {
    /// The caller holds a valid token, with or without `images:read`.
    Granted(Grant),
    /// The request has a signed URL with a valid signature.
    Linked(VerifiedLink),
    /// The request has no credentials.
    Anybody,
}

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        // A signed URL is verified as such, whatever other credentials the request has.
        if query::raw_pairs(query).any(|(name, _)| name == link::SIGNATURE) {
            let _timer = trace::start(Phase::Auth);
            let now = app.service.now().seconds();
            let keys = &app.settings.access.signing_keys;
            let (method, path) = (parts.method.as_str(), parts.uri.path());
            let verified = link::verify(keys, method, path, query, now)?;
            return Ok(Self::Linked(verified));
        }
        let grant = grant(parts, app).await?;
        Ok(grant.map_or(Self::Anybody, Self::Granted))
    }
}

/// The grant of the request's token, for which the request is counted; `None` if it has none.
pub(super) async fn grant(parts: &Parts, app: &App) -> Result<Option<Grant>, Problem> {
    let grant = verified(parts, app)?;
    if let Some(grant) = &grant {
        admission::of_grant(parts, app, grant).await?;
    }
    Ok(grant)
}

fn verified(parts: &Parts, app: &App) -> Result<Option<Grant>, Problem> {
    let _timer = trace::start(Phase::Auth);
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Problem::token_unreadable());
    }
    let text = value.to_str().map_err(|_| Problem::token_unreadable())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(Problem::token_unreadable)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::token_unreadable());
    }
    let settings = &app.settings;
    let now = app.service.now().seconds();
    let grant = token::verify(
        &settings.access.signing_keys,
        settings.access.token_requirements(),
        now,
        token.trim_start(),
    )?;
    trace::note_owner(&grant.owner);
    Ok(Some(grant))
}

/// An image's id in the path. Only its canonical form is accepted; no other text identifies an
/// image.
pub(crate) struct ImageId(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for ImageId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let absent = || Problem::new(ProblemKind::NotFound, "no such image");
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| absent())?;
        canonical(&text).map(Self).ok_or_else(absent)
    }
}

/// The ids of an image and of one of its links in the path.
pub(crate) struct LinkId {
    pub(crate) image: Uuid,
    pub(crate) link: Uuid,
}

impl<S: Send + Sync> FromRequestParts<S> for LinkId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let absent = || Problem::from(ServiceError::NoSuchLink);
        let Path((image, link)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| absent())?;
        let (image, link) = (canonical(&image), canonical(&link));
        let (image, link) = image.zip(link).ok_or_else(absent)?;
        Ok(Self { image, link })
    }
}
