//! Whether the application accepts its settings, which only the application can check. The host
//! asks it at the start, before a client does.

use crate::exit::WrongSetting;
use crate::server::Server;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use wasmtime_wasi_http::WasiBody;

/// The path at which an application reports whether it is ready.
pub(crate) const PATH: &str = "/health/ready";
/// The end of the `type` of a problem (RFC 9457) that is a wrong setting.
const MISCONFIGURED: &str = "/problems/misconfigured";
/// The longest problem that is read, in bytes.
const LONGEST: usize = 64 << 10;

#[derive(Deserialize)]
struct Problem {
    r#type: String,
    detail: String,
}

/// Asks the application whether it is ready. It may not be ready for many reasons that pass; the
/// only failure is a wrong setting, which does not.
///
/// # Errors
///
/// Fails with the application's description of the wrong setting.
pub async fn check_settings(server: &Server) -> Result<(), WrongSetting> {
    match server.ask(PATH).await {
        Some(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
            wrong_setting(answer).await.map_or(Ok(()), Err)
        }
        _ => Ok(()),
    }
}

async fn wrong_setting(answer: Response<WasiBody>) -> Option<WrongSetting> {
    let body = Limited::new(answer.into_body(), LONGEST);
    let body = body.collect().await.ok()?.to_bytes();
    read(&body)
}

/// The wrong setting that a problem describes.
fn read(body: &[u8]) -> Option<WrongSetting> {
    let problem: Problem = serde_json::from_slice(body).ok()?;
    let is_wrong = problem.r#type.ends_with(MISCONFIGURED);
    is_wrong.then(|| WrongSetting::new(problem.detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_problem_of_the_settings_is_a_wrong_setting() {
        let problem = |kind: &str| format!(r#"{{"type":"{kind}","status":503,"detail":"d"}}"#);
        for (body, expected) in [
            (problem("/problems/misconfigured"), Some("d")),
            (problem("https://a/problems/misconfigured"), Some("d")),
            (problem("/problems/unavailable"), None),
            (problem("about:blank"), None),
            ("[]".to_owned(), None),
            (String::new(), None),
        ] {
            let wrong = read(body.as_bytes()).map(|wrong| wrong.to_string());
            assert_eq!(wrong.as_deref(), expected, "{body}");
        }
    }
}
