//! The credentials of an upload: a token with `images:write`, or an upload ticket.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;

use super::{admission, extract, query};
use crate::auth::Scope;
use crate::auth::ticket::{self, Ticket, TicketError};
use crate::http::app::App;
use crate::http::reply::problem::Problem;
use crate::model::{Kind, Visibility};
use crate::service::{Attributes, UploadTerms, UploadTicket};
use crate::trace::{self, Phase};

impl FromRequestParts<Arc<App>> for UploadTerms {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if let Some(text) = ticket_parameter(&parts.uri)? {
            let ticket = verified(app, text)?;
            admission::of_ticket(parts, app, &ticket.id).await?;
            return redeem(app, ticket);
        }
        let grant = extract::authorize(parts, app, Scope::Write).await?;
        Ok(Self {
            quota: grant.quota.over(app.settings.uploads.quota),
            owner: grant.owner,
            ..Self::default()
        })
    }
}

/// Verifies a ticket. Whether it has been used or revoked is not checked here.
pub(crate) fn verified(app: &App, text: &str) -> Result<Ticket, Problem> {
    let now = app.service.now().seconds();
    let ticket = {
        let _timer = trace::start(Phase::Auth);
        ticket::verify(&app.settings.access.signing_keys, now, text)?
    };
    trace::note_owner(&ticket.sub);
    Ok(ticket)
}

/// Returns the terms of a verified ticket. Whether it has already been used is not checked here:
/// a repetition of an upload that used it may receive the same response.
pub(crate) fn redeem(app: &App, ticket: Ticket) -> Result<UploadTerms, Problem> {
    let visibility = ticket.visibility.as_deref().and_then(Visibility::parse);
    Ok(UploadTerms {
        quota: ticket.quota.over(app.settings.uploads.quota),
        max_bytes: ticket.max_bytes,
        kinds: kinds(app, &ticket.content_types)?,
        ticket: Some(UploadTicket {
            id: ticket.id,
            max_uploads: ticket.max_uploads,
            attributes: Attributes {
                tags: ticket.tags,
                visibility: visibility.unwrap_or_default(),
                metadata: ticket.metadata,
            },
            filename: ticket.filename,
        }),
        owner: ticket.sub,
    })
}

/// The `ticket` parameter of the query. A ticket has no characters that need escaping, and a query
/// with two tickets is not valid.
fn ticket_parameter(uri: &Uri) -> Result<Option<&str>, Problem> {
    let pairs = query::raw_pairs(uri.query().unwrap_or_default());
    let mut found = pairs.filter_map(|(name, value)| (name == "ticket").then_some(value));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(TicketError::Wrong.into()),
        (ticket, _) => Ok(ticket),
    }
}

/// The kinds that a ticket's media types name; `None` if it accepts all types of the deployment. A
/// type that the deployment does not accept is refused, because the ticket could not be used.
pub(crate) fn kinds(app: &App, media_types: &[String]) -> Result<Option<Vec<Kind>>, Problem> {
    if media_types.is_empty() {
        return Ok(None);
    }
    let accepted = &app.settings.media.accepted;
    let kind = |text: &String| {
        let kind = Kind::from_media_type(text).filter(|kind| accepted.contains(kind));
        kind.ok_or_else(|| {
            let allowed: Vec<&str> = accepted.iter().map(|kind| kind.media_type()).collect();
            Problem::bad_request(format!(
                "content_types must contain accepted types only, not {text:?}"
            ))
            .with("allowed", allowed)
        })
    };
    media_types
        .iter()
        .map(kind)
        .collect::<Result<_, _>>()
        .map(Some)
}
