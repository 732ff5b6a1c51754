//! Requests to a running server.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// How long a request may take: a step of an audit or of a migration reads many megabytes before
/// it is answered.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Sends a POST request with a JSON body; returns the status, whether or not it is an error, and
/// the body of the response.
pub(crate) fn post(url: &str, token: &str, body: &Value) -> Result<(u16, String)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into();
    let request = agent
        .post(url)
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json");
    let mut response = request
        .send(body.to_string())
        .with_context(|| format!("no response from {url}"))?;
    let text = response.body_mut().read_to_string();
    let text = text.with_context(|| format!("cannot read the whole response from {url}"))?;
    Ok((response.status().as_u16(), text))
}
