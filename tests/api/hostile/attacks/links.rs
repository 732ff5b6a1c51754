//! Signed URLs that were changed, shortened or extended.

use futures_util::future::join_all;
use reqwest::Response;
use serde_json::{Value, json};

use super::{Answer, Cases, mutations};
use crate::support::{Client, Darkroom, content, fixture, unique};

/// An image, and a link to it with every parameter that exists.
pub(super) async fn linked(owner: &Client) -> (Value, String) {
    let image = owner.upload(fixture("still.gif").bytes).await;
    assert_eq!(owner.revoke(&image).await.status(), 204);
    let request = json!({"expires_in": 300, "download": true});
    let link = owner.link(&image, &request).await;
    (image, link["url"].as_str().expect("a URL").to_owned())
}

fn pairs(query: &str) -> Vec<(&str, &str)> {
    let pairs = query.split('&');
    pairs
        .map(|pair| pair.split_once('=').expect("a value"))
        .collect()
}

fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

pub(super) async fn read(answer: impl Future<Output = Response>) -> Answer {
    Answer::read(answer.await).await
}

/// Queries in which one pair is dropped, changed, repeated or spelled differently, and whether its
/// name is then missing.
fn altered(valid: &[(&str, &str)], at: usize) -> Vec<(&'static str, String, bool)> {
    let (name, value) = valid[at];
    let with = |new: &[(&str, &str)]| {
        let mut pairs = valid.to_vec();
        pairs.splice(at..=at, new.iter().copied());
        query(&pairs)
    };
    let other = |value: &str| with(&[(name, value)]);
    let renamed = |name: &str| with(&[(name, value)]);
    let longer = format!("{value}0");
    let encoded = format!("%{:02X}{}", value.as_bytes()[0], &value[1..]);
    let encoded_name = format!("%{:02x}{}", name.as_bytes()[0], &name[1..]);
    vec![
        ("dropped", with(&[]), true),
        ("longer", other(&longer), false),
        ("shorter", other(&value[1..]), false),
        ("empty", other(""), false),
        ("zero", other("0"), false),
        ("negative", other("-1"), false),
        ("far off", other("99999999999"), false),
        ("more than 64 bits", other("99999999999999999999"), false),
        ("with a plus", other(&format!("+{value}")), false),
        ("with a leading zero", other(&format!("0{value}")), false),
        ("with a space", other(&format!("{value}%20")), false),
        ("with a NUL", other(&format!("{value}%00")), false),
        ("encoded", other(&encoded), false),
        ("encoded twice", other(&encoded.replace('%', "%25")), false),
        ("twice", with(&[(name, value), (name, value)]), false),
        (
            "twice, the other first",
            with(&[(name, &longer), (name, value)]),
            false,
        ),
        (
            "twice, the other last",
            with(&[(name, value), (name, &longer)]),
            false,
        ),
        ("in upper case", renamed(&name.to_uppercase()), true),
        ("with an encoded name", renamed(&encoded_name), true),
        ("as a list", renamed(&format!("{name}[]")), true),
    ]
}

#[tokio::test]
async fn no_parameter_can_be_dropped_changed_repeated_or_spelled_differently() {
    let darkroom = Darkroom::shared();
    let (anonymous, alice) = (darkroom.anonymous(), darkroom.client(&unique("alice")));
    let (image, url) = linked(&alice).await;
    let whole = url.split_once('?').expect("a query").1;
    let valid = pairs(whole);
    let names: Vec<_> = valid.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["download", "epoch", "expires", "kid", "signature"]);
    let mut cases = Cases::default();
    for (at, name) in names.into_iter().enumerate() {
        for (case, query, is_missing) in altered(&valid, at) {
            // Without a signature, it is an anonymous request.
            let (status, slug) = match is_missing && name == "signature" {
                true => (401, "unauthorized"),
                false => (403, "link-invalid"),
            };
            let answer = read(anonymous.get(&format!("{}?{query}", content(&image)))).await;
            cases.refused(format!("{name} {case}"), &answer, status, slug);
        }
    }
    cases.end();
    assert_eq!(anonymous.get(&url).await.status(), 200);
}

#[tokio::test]
async fn no_parameter_can_be_added() {
    let darkroom = Darkroom::shared();
    let (anonymous, alice) = (darkroom.anonymous(), darkroom.client(&unique("alice")));
    let (_, url) = linked(&alice).await;
    let (path, query) = url.split_once('?').expect("a query");
    let mut cases = Cases::default();
    for more in [
        "x=1",
        "download=0",
        "Download=1",
        "w=100",
        "format=png",
        "transform=1",
        "epoch=2",
        "access_token=x",
        "ticket=x",
        "method=DELETE",
        "x",
        "=",
        "&",
        "%26x=1",
        "x=%00",
        ";x=1",
    ] {
        for query in [format!("{query}&{more}"), format!("{more}&{query}")] {
            let answer = read(anonymous.get(&format!("{path}?{query}"))).await;
            cases.refused(&query, &answer, 403, "link-invalid");
        }
    }
    for (case, query) in [
        ("a second question mark", format!("?{query}")),
        ("semicolons", query.replace('&', ";")),
        ("encoded ampersands", query.replace('&', "%26")),
        ("an end", format!("{query}&")),
        ("a beginning", format!("&{query}")),
        ("an empty parameter", query.replacen('&', "&&", 1)),
    ] {
        let answer = read(anonymous.get(&format!("{path}?{query}"))).await;
        cases.status(case, &answer, &[401, 403]);
    }
    cases.end();
}

#[tokio::test]
async fn no_byte_of_a_link_can_be_changed() {
    let darkroom = Darkroom::shared();
    let (anonymous, alice) = (darkroom.anonymous(), darkroom.client(&unique("alice")));
    let (_, url) = linked(&alice).await;
    let (path, query) = url.split_once('?').expect("a query");
    let mut cases = Cases::default();
    let queries =
        mutations(query).map(|(at, query)| (format!("query {at}"), format!("{path}?{query}")));
    let paths = mutations(path).skip(2 * "/v1/images/".len());
    let paths = paths.map(|(at, path)| (format!("path {at}"), format!("{path}?{query}")));
    let changed: Vec<_> = queries.chain(paths).collect();
    for batch in changed.chunks(64) {
        let answers = join_all(batch.iter().map(|(_, url)| read(anonymous.get(url))));
        for ((case, url), answer) in batch.iter().zip(answers.await) {
            cases.status(format!("{case}: {url}"), &answer, &[401, 403, 404]);
        }
    }
    cases.end();
    assert_eq!(anonymous.get(&url).await.status(), 200);
}
