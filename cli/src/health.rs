//! `darkroom health`: whether a server is ready, for health checks where there is no other client,
//! as in a container.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

/// How long a check may take: the server itself gives up on a store after ten seconds.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Asks a server whether it and its stores are ready.
#[derive(Args)]
pub(crate) struct Health {
    /// The URL of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    url: String,
    /// Ask only whether the process answers, whatever its stores do
    #[arg(long)]
    live: bool,
}

impl Health {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let check = if self.live { "live" } else { "ready" };
        let url = format!("{}/health/{check}", self.url.trim_end_matches('/'));
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build()
            .into();
        let answer = agent.get(&url).call();
        let mut answer = answer.with_context(|| format!("no response from {url}"))?;
        let status = answer.status();
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        ensure!(
            status.is_success(),
            "{url} answers {status}: {}",
            text.trim()
        );
        Ok(())
    }
}
