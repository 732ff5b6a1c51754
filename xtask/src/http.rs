//! The few HTTP requests that chores send themselves.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

/// A response: its status and its body.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The body, as text.
    pub(crate) body: String,
}

/// Sends a GET request. A response of any status is a success.
pub(crate) fn get(url: &str) -> Result<Answer> {
    answer(agent().get(url).call()?)
}

/// Sends a GET request with a bearer token.
pub(crate) fn get_with_token(url: &str, token: &str) -> Result<Answer> {
    let request = agent().get(url);
    answer(
        request
            .header("Authorization", format!("Bearer {token}"))
            .call()?,
    )
}

/// The bytes of a response, and what it says of the time that it took.
pub(crate) struct Download {
    /// The body.
    pub(crate) body: Vec<u8>,
    /// The header `Server-Timing`.
    pub(crate) server_timing: String,
}

/// Downloads what may be no text, with a bearer token. Any status but 200 is an error.
pub(crate) fn download(url: &str, token: &str) -> Result<Download> {
    let request = agent().get(url);
    let mut response = request
        .header("Authorization", format!("Bearer {token}"))
        .call()?;
    let status = response.status().as_u16();
    ensure!(status == 200, "{url} was answered with {status}");
    let timing = response.headers().get("server-timing");
    let timing = timing.and_then(|value| value.to_str().ok());
    Ok(Download {
        server_timing: timing.unwrap_or_default().to_owned(),
        body: response.body_mut().read_to_vec()?,
    })
}

/// Uploads an image of any kind as the raw body of a POST request.
pub(crate) fn upload(url: &str, token: &str, content: &[u8]) -> Result<Answer> {
    let request = agent()
        .post(url)
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/octet-stream");
    answer(request.send(content)?)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into()
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer> {
    Ok(Answer {
        status: response.status().as_u16(),
        body: response.body_mut().read_to_string()?,
    })
}

/// Waits until `/health/ready` answers 200. `alive` may end the wait with an error, when no
/// answer can be expected any more.
pub(crate) fn wait_until_ready(
    base: &str,
    patience: Duration,
    mut alive: impl FnMut() -> Result<()>,
) -> Result<()> {
    let url = format!("{base}/health/ready");
    let start = Instant::now();
    loop {
        let answer = get(&url);
        if matches!(&answer, Ok(answer) if answer.status == 200) {
            return Ok(());
        }
        alive()?;
        if start.elapsed() > patience {
            match answer {
                Ok(answer) => bail!(
                    "{url} still answers {} after {} s: {}",
                    answer.status,
                    patience.as_secs(),
                    answer.body.trim()
                ),
                Err(error) => bail!(
                    "no answer from {url} after {} s: {error}",
                    patience.as_secs()
                ),
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The URL at which this machine reaches a server that listens on `url`: an unspecified address
/// is replaced by the loopback address.
pub(crate) fn reachable(url: &str) -> String {
    let Some(address) = url.strip_prefix("http://") else {
        return url.to_owned();
    };
    match address.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => {
            format!("http://127.0.0.1:{}", address.port())
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_reached_on_the_loopback_address() {
        for (url, expected) in [
            ("http://0.0.0.0:3000", "http://127.0.0.1:3000"),
            ("http://[::]:80", "http://127.0.0.1:80"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://localhost:3000", "http://localhost:3000"),
        ] {
            assert_eq!(reachable(url), expected);
        }
    }
}
