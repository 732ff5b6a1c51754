//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): how much a client may
//! do, and how much of it is left. Both are lists of structured fields.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::RateStanding;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// The name of the policy that limits requests.
pub(crate) const REQUESTS: &str = "requests";
/// The name of the policy that limits bytes.
pub(crate) const BYTES: &str = "bytes";

/// Sets both fields, unless nothing is limited.
pub(crate) fn print(headers: &mut HeaderMap, standing: &RateStanding) {
    let all = [
        (REQUESTS, "", standing.requests),
        (BYTES, ";qu=\"content-bytes\"", standing.bytes),
    ];
    let (mut policies, mut left) = (Vec::new(), Vec::new());
    for (name, unit, allowance) in all {
        if let Some(allowance) = allowance {
            policies.push(format!("\"{name}\";q={}{unit};w=60", allowance.per_minute));
            left.push(format!(
                "\"{name}\";r={};t={}",
                allowance.left, allowance.full_in
            ));
        }
    }
    for (field, items) in [(POLICY, policies), (LEFT, left)] {
        if let Ok(value) = HeaderValue::from_str(&items.join(", "))
            && !items.is_empty()
        {
            headers.insert(field, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Allowance;

    #[test]
    fn the_fields_list_the_policies_that_there_are() {
        let allowance = |per_minute, left, full_in| {
            Some(Allowance {
                per_minute,
                left,
                full_in,
            })
        };
        for (requests, bytes, policy, left) in [
            (None, None, None, None),
            (
                allowance(600, 599, 1),
                None,
                Some("\"requests\";q=600;w=60"),
                Some("\"requests\";r=599;t=1"),
            ),
            (
                allowance(600, 0, 60),
                allowance(1_000_000, 17, 59),
                Some("\"requests\";q=600;w=60, \"bytes\";q=1000000;qu=\"content-bytes\";w=60"),
                Some("\"requests\";r=0;t=60, \"bytes\";r=17;t=59"),
            ),
        ] {
            let mut headers = HeaderMap::new();
            let standing = RateStanding {
                requests,
                bytes,
                retry_after: None,
            };
            print(&mut headers, &standing);
            let value =
                |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
            assert_eq!((value(POLICY), value(LEFT)), (policy, left));
        }
    }
}
