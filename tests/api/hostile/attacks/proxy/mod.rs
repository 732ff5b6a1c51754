//! A proxy in front that terminates TLS, as documented: two programs read every request, and they
//! must never understand it differently. If `cargo xtask test` finds no nginx, OpenSSL or curl, it
//! reports these tests as skipped, and fails in CI.

mod bodies;
mod delivery;
mod forgery;
mod framing;
mod targets;

use serde_json::Value;

use crate::support::{ALL_SCOPES, Darkroom, Nginx, RawResponse, eventually, fixture, token};

/// The owner of all images.
const ALICE: &str = "alice";

/// A server for one test, and the proxy in front of it.
struct Stage {
    darkroom: Darkroom,
    nginx: Nginx,
}

impl Stage {
    /// Starts both, with some lines of the documented configuration `replaced`.
    fn with(replaced: &[(&str, &str)]) -> Option<Self> {
        let darkroom = Darkroom::start();
        let nginx = Nginx::with_tls(&darkroom, replaced)?;
        Some(Self { darkroom, nginx })
    }

    fn new() -> Option<Self> {
        Self::with(&[])
    }

    /// An image of Alice, and its id.
    async fn image(&self) -> (Value, String) {
        let image = self.darkroom.client(ALICE);
        let image = image.upload(fixture("still.gif").bytes).await;
        let id = image["id"].as_str().expect("an id").to_owned();
        (image, id)
    }

    /// Sends one request without a body on a new connection, and returns its answer.
    async fn exchange(&self, target: &str, lines: &[&str]) -> RawResponse {
        let mut raw = self.nginx.raw();
        let lines = [&["Connection: close"], lines].concat();
        raw.begin(target, &lines).await;
        raw.response().await
    }

    /// Waits until the application has answered a request that is sent after all others.
    async fn settle(&self) {
        const LAST: &str = "the-last-request";
        let last = format!("X-Request-Id: {LAST}");
        let answer = self.exchange("GET /health/live", &[&last]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let settled = eventually(|| async { self.served(LAST) > 0 }).await;
        assert_eq!(settled, Ok(()), "{}", self.darkroom.log());
    }

    /// The number of requests with this id that the application served.
    fn served(&self, id: &str) -> usize {
        self.darkroom.log().matches(&format!("\"{id}\"")).count()
    }

    /// The number of requests with this id that the proxy accepted.
    fn taken(&self, id: &str) -> usize {
        self.nginx
            .taken()
            .iter()
            .filter(|taken| *taken == id)
            .count()
    }
}

/// A header line with Alice's token.
fn authorization() -> String {
    format!("Authorization: Bearer {}", token(ALICE, ALL_SCOPES))
}

/// The body of an answer.
fn body(answer: &RawResponse) -> &str {
    answer.text.split_once("\r\n\r\n").unwrap_or_default().1
}
