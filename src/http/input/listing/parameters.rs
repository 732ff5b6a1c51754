//! The parameters of a query: pairs of names and values (URL Standard §5.1), read strictly. What
//! a client misspells or says twice is refused by name instead of passed over.

use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::auth::link::UNRESERVED;
use crate::http::input::query;
use crate::http::reply::problem::{Problem, ProblemKind};

/// The parameters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Reads a query whose names are all `known`.
    pub(crate) fn parse(query: &str, known: &[&'static str]) -> Result<Self, Problem> {
        query::refuse_many(query)?;
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| unreadable(name))?;
            if !known.contains(&name.as_str()) {
                let detail = format!("there is no parameter {name:?}");
                return Err(refused(&name, detail).with("allowed", known.to_vec()));
            }
            let value = decode(value).ok_or_else(|| unreadable(&name))?;
            Ok((name, value))
        });
        let pairs = pairs.collect::<Result<_, _>>()?;
        Ok(Self { pairs })
    }

    /// The value of a parameter that may stand once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(refused(name, format!("{name} may stand only once"))),
            (value, None) => Ok(value),
        }
    }

    /// The values of a parameter that may stand several times.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// Prints a query: the inverse of [`Parameters::parse`].
pub(crate) fn print<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let encode = |text: &'a str| utf8_percent_encode(text, UNRESERVED);
    let pairs = pairs.into_iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// A parameter cannot be so.
pub(crate) fn refused(name: &str, detail: String) -> Problem {
    Problem::new(ProblemKind::BadRequest, detail).with("parameter", name)
}

fn unreadable(name: &str) -> Problem {
    refused(name, format!("{name} is not UTF-8, percent-encoded"))
}

/// `+` is a space, `%XX` a byte.
fn decode(text: &str) -> Option<String> {
    if !query::is_well_spelled(text) {
        return None;
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let check = |query: &str, expect: Option<&str>| {
            let parameters = Parameters::parse(query, &["a", "ü"]);
            let value = parameters.ok().and_then(|parameters| {
                let value = parameters.one("a").ok()?.map(str::to_owned);
                Some(value.unwrap_or_default())
            });
            assert_eq!(value.as_deref(), expect, "{query}");
        };
        check("", Some(""));
        check("a", Some(""));
        check("a=b", Some("b"));
        check("&a=b&&%C3%BC=", Some("b"));
        check("%61=b+c%2Bd=e", Some("b c+d=e"));
        check("a=%E2%82%AC", Some("€"));
        for wrong in [
            "b=1",
            "A=1",
            "a=1&a=1",
            "a=%FF",
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%\u{20ac}",
        ] {
            check(wrong, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn parse_is_the_inverse_of_print(values in proptest::collection::vec(".{0,20}", 0..4)) {
            let printed = print(values.iter().map(|value| ("a", value.as_str())));
            let parsed = Parameters::parse(&printed, &["a"]).expect("good");
            let back: Vec<&str> = parsed.all("a").collect();
            proptest::prop_assert_eq!(back, values);
        }

        #[test]
        fn no_query_panics(query in ".{0,80}") {
            let _ = Parameters::parse(&query, &["a"]);
        }
    }
}
