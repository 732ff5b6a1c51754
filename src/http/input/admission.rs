//! Rate limits: a request is counted when its credentials have been verified.
//!
//! Tokens count for their owner, and each upload ticket for itself, so that strangers who hold it
//! cannot use up what its owner may do. Signed URLs and public images are not counted: whoever
//! embeds one decides how often it is requested. Neither are the operator's tokens.

use std::sync::{Arc, OnceLock};

use axum::http::header;
use axum::http::request::Parts;

use crate::auth::{Grant, Scope};
use crate::http::app::App;
use crate::http::headers::rate_limit::{BYTES, REQUESTS};
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::RateStanding;
use crate::service::RateClient;

/// The client of a request and where it stands, once it has been counted. An extension of the
/// request, if anything is limited.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission(pub(crate) Arc<OnceLock<(RateClient, RateStanding)>>);

/// Counts a request with a token.
pub(crate) async fn of_grant(parts: &Parts, app: &App, grant: &Grant) -> Result<(), Problem> {
    let scopes = [Scope::Read, Scope::Write, Scope::Delete];
    if grant.is_admin() || !scopes.iter().any(|scope| grant.allows(*scope)) {
        return Ok(());
    }
    admit(parts, app, || RateClient::Owner(grant.owner.clone())).await
}

/// Counts a request with an upload ticket.
pub(crate) async fn of_ticket(parts: &Parts, app: &App, id: &str) -> Result<(), Problem> {
    admit(parts, app, || RateClient::Ticket(id.to_owned())).await
}

async fn admit(
    parts: &Parts,
    app: &App,
    client: impl FnOnce() -> RateClient,
) -> Result<(), Problem> {
    let Some(Admission(admission)) = parts.extensions.get() else {
        return Ok(());
    };
    // A request whose credentials are looked at twice is one request.
    if admission.get().is_some() {
        return Ok(());
    }
    let client = client();
    let Some(standing) = app.service.admit(&client).await else {
        return Ok(());
    };
    let _ = admission.set((client, standing));
    match standing.retry_after {
        Some(seconds) => Err(refusal(&standing, seconds)),
        None => Ok(()),
    }
}

fn refusal(standing: &RateStanding, seconds: u64) -> Problem {
    let all = [(REQUESTS, standing.requests), (BYTES, standing.bytes)];
    let used_up = all.iter().filter_map(|(name, allowance)| {
        let allowance = (*allowance)?;
        (allowance.left == 0).then_some((*name, allowance.per_minute))
    });
    let used_up: Vec<(&str, u64)> = used_up.collect();
    let limits: Vec<String> = used_up
        .iter()
        .map(|(name, limit)| format!("{limit} {name}"))
        .collect();
    let detail = format!(
        "no more than {} per minute are allowed; try again in {seconds} s",
        limits.join(" and ")
    );
    let names: Vec<&str> = used_up.iter().map(|(name, _)| *name).collect();
    Problem::new(ProblemKind::RateLimited, detail)
        .with("violated-policies", names)
        .with_header(header::RETRY_AFTER, &seconds.to_string())
}
