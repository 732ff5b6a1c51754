//! Asking a running server.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A step of an audit or of a move reads many megabytes before it answers.
const PATIENCE: Duration = Duration::from_secs(600);

/// Sends a POST request of JSON; gives the status, whichever it is, and the body.
pub(crate) fn post(url: &str, token: &str, body: &Value) -> Result<(u16, String)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let request = agent
        .post(url)
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json");
    let mut response = request
        .send(body.to_string())
        .with_context(|| format!("no answer from {url}"))?;
    let text = response.body_mut().read_to_string();
    let text = text.with_context(|| format!("the answer from {url} broke off"))?;
    Ok((response.status().as_u16(), text))
}
