//! What strangers try. Each case is named after what it tries and has one answer, with one
//! status and one type of problem. No refusal is long, and nothing of it stays.

use super::*;

mod bodies;
mod conditions;
mod forms;
mod heads;
mod queries;

/// A problem longer than this tells a sender too much of what it sent.
const LONGEST_REFUSAL: usize = 4096;

/// What is tried, and what comes of it: a status and the type of the problem, or none.
type Case<'a> = (&'a str, Request<Body>, u16, &'a str);

/// Sends each of them, in turn.
async fn check(client: &Client, cases: impl IntoIterator<Item = Case<'_>>) {
    for (name, request, status, slug) in cases {
        let before = client.values.keys();
        let answer = client.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {:?}", answer.body);
        if slug.is_empty() {
            assert!(status < 400, "{name}");
            continue;
        }
        answer.is_problem(status, slug);
        assert!(
            answer.body.len() < LONGEST_REFUSAL,
            "{name}: {:?}",
            answer.body
        );
        assert_eq!(client.values.keys(), before, "{name}");
    }
}

/// An image, and its path.
async fn stored(client: &Client) -> String {
    let created = client.upload(&testing::png(1, 1)).await;
    created.header("location").to_owned()
}

fn with_headers(mut request: Request<Body>, headers: &[(&'static str, &str)]) -> Request<Body> {
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        request.headers_mut().append(*name, value);
    }
    request
}
