//! Query parameters: spelled as URIs are, known to the resource, and each at most once.

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::reply::problem::{Problem, ProblemKind};

/// The most parameters of a request: all that a list has, each tag among them, are fewer.
/// They are counted before any of them is read.
pub(crate) const MAX_PARAMETERS: usize = 64;

/// A resource's parameters. `T` refuses those that it does not know
/// (`deny_unknown_fields`).
pub(crate) struct Parameters<T>(pub(crate) T);

/// The parameters of a resource that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(&parts.uri).map(Self)
    }
}

/// Refuses a query of more than [`MAX_PARAMETERS`].
pub(crate) fn refuse_many(query: &str) -> Result<(), Problem> {
    if query.split('&').nth(MAX_PARAMETERS).is_none() {
        return Ok(());
    }
    let reason = format!("it may have at most {MAX_PARAMETERS} parameters");
    Err(refuse(&reason).with("limit", MAX_PARAMETERS))
}

fn refuse(reason: &str) -> Problem {
    Problem::new(ProblemKind::BadRequest, format!("the query: {reason}"))
}

/// Reads the parameters of a URI.
pub(crate) fn parse<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let query = uri.query().unwrap_or_default();
    refuse_many(query)?;
    if !is_well_spelled(query) {
        return Err(refuse("it is not percent-encoded UTF-8"));
    }
    match Query::try_from_uri(uri) {
        Ok(Query(parameters)) => Ok(parameters),
        Err(error) => {
            let error = error.body_text();
            let reason = error
                .rsplit_once("query string: ")
                .map_or(error.as_str(), |(_, reason)| reason);
            Err(refuse(reason))
        }
    }
}

/// Refuses parameters of other names, where a type cannot.
pub(crate) fn refuse_unknown(uri: &Uri, known: &[&str]) -> Result<(), Problem> {
    let names = names(uri.query().unwrap_or_default());
    let mut names = names.filter(|name| !name.is_empty());
    match names.find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(unknown) => {
            let detail = format!("the query: unknown field `{unknown}`");
            Err(Problem::new(ProblemKind::BadRequest, detail).with("allowed", known.to_vec()))
        }
    }
}

/// The names of a query's parameters, as they are spelled.
pub(crate) fn names(query: &str) -> impl Iterator<Item = &str> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
}

/// Whether every `%` begins an encoded byte, and all bytes together are UTF-8.
pub(crate) fn is_well_spelled(query: &str) -> bool {
    let encoded = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    query.split('%').skip(1).all(encoded) && percent_decode_str(query).decode_utf8().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        limit: Option<u32>,
        name: Option<String>,
    }

    fn check(query: &str, expect: Option<(Option<u32>, Option<&str>)>) {
        let uri = format!("/?{query}").parse().expect("a URI");
        let page = parse::<Page>(&uri).ok();
        let expect = expect.map(|(limit, name)| Page {
            limit,
            name: name.map(str::to_owned),
        });
        assert_eq!(page, expect, "{query}");
    }

    #[test]
    fn parameters_are_known_once_and_well_spelled() {
        check("", Some((None, None)));
        check(
            "limit=5&name=a+b%20%E2%82%AC%25",
            Some((Some(5), Some("a b €%"))),
        );
        check("name=", Some((None, Some(""))));
        check("limit=x", None);
        check("limit=5&limit=5", None);
        check("other=1", None);
        check("other", None);
        check("name=%", None);
        check("name=%4", None);
        check("name=%zz", None);
        check("name=%ff", None);
        check("%ff=", None);
        check("name=%E2%82", None);
    }

    #[test]
    fn names_are_held_to_a_list() {
        let check = |query: &str, expect: bool| {
            let uri = format!("/?{query}").parse().expect("a URI");
            assert_eq!(refuse_unknown(&uri, &["a"]).is_ok(), expect, "{query}");
        };
        check("", true);
        check("a=1&a", true);
        check("b=1", false);
        check("a=1&b", false);
        check("%61=1", false);
    }

    #[test]
    fn a_refusal_names_the_parameter() {
        let uri = "/?lmit=5".parse().expect("a URI");
        let problem = format!("{:?}", parse::<Page>(&uri).expect_err("unknown"));
        assert!(
            problem.contains("unknown field `lmit`, expected `limit` or `name`"),
            "{problem}"
        );
    }

    proptest::proptest! {
        #[test]
        fn encoding_is_well_spelled_and_no_query_panics(text in "\\PC{0,40}") {
            let encoded = percent_encoding::utf8_percent_encode(
                &text,
                percent_encoding::NON_ALPHANUMERIC,
            );
            proptest::prop_assert!(is_well_spelled(&encoded.to_string()));
            let _ = is_well_spelled(&text);
        }
    }
}
