//! Several components in one application (`tests/guests`): they call each other inside the host,
//! and those of WASI 0.2 have an instance for each request.

mod calls;
mod computing;
mod derive;
mod isolation;

use reqwest::{Body, Method, Response};

use crate::support::{Client, Darkroom, send};

/// A client of the relay, which passes requests on to other components.
#[derive(Clone)]
struct Relay(Client);

impl Relay {
    fn of(darkroom: &Darkroom) -> Self {
        Self(darkroom.anonymous())
    }

    /// Has a request sent to this component, and path.
    async fn get(&self, to: &str) -> Response {
        let request = self.0.request(Method::GET, "/relay");
        send(request.header("relay-to", url(to))).await
    }

    /// Has a request sent to this component and path, whose response must come this fast.
    async fn get_within(&self, to: &str, milliseconds: u32) -> Response {
        let request = self.0.request(Method::GET, "/relay");
        let request = request.header("relay-timeout-ms", milliseconds);
        send(request.header("relay-to", url(to))).await
    }

    /// Has a request with this body sent to this component and path.
    async fn post(&self, to: &str, body: impl Into<Body>) -> Response {
        let request = self.0.request(Method::POST, "/relay").body(body);
        send(request.header("relay-to", url(to))).await
    }

    /// The status and the body of the response to [`Self::get`].
    async fn ask(&self, to: &str) -> (u16, String) {
        outcome(self.get(to).await).await
    }
}

/// `worker/path` as the URL of a component.
fn url(to: &str) -> String {
    let (component, path) = to.split_once('/').expect("a path");
    format!("http://{component}.spin.internal/{path}")
}

async fn outcome(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    (status, response.text().await.expect("a whole body"))
}
