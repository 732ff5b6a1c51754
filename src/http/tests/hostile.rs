//! Malicious requests. Each case has a name, and exactly one expected status and problem type.
//! Error responses are short, and refused requests leave no data behind.

use super::*;

mod bodies;
mod conditions;
mod forms;
mod heads;
mod queries;

/// The maximum length of an error response: longer ones would repeat too much of the request.
const LONGEST_REFUSAL: usize = 4096;

/// A case: its name, the request, the expected status, and the type of the problem, if any.
type Case<'a> = (&'a str, Request<Body>, u16, &'a str);

/// Sends the requests of all cases, and checks the responses.
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

/// Uploads an image, and returns its path.
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
