//! The query of a request: names and values (URL Standard §5.1), parsed strictly. Misspelled and
//! repeated parameters are refused by name instead of ignored.

use axum::http::Uri;
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::auth::link::UNRESERVED;
use crate::http::reply::problem::Problem;

/// The maximum number of parameters of a request. It exceeds the number of all parameters of a
/// list, including its tags. Parameters are counted before any of them is parsed.
pub(crate) const MAX_PARAMETERS: usize = 64;

/// Parameters that can be parsed from a query.
pub(crate) trait FromQuery: Sized {
    /// The names of all parameters of the resource.
    const NAMES: &'static [&'static str];

    /// Parses a query that has no other names.
    fn from_query(query: &Query) -> Result<Self, Problem>;
}

/// The parameters of a resource without parameters.
pub(crate) struct NoParameters;

impl FromQuery for NoParameters {
    const NAMES: &'static [&'static str] = &[];

    fn from_query(_: &Query) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// Parses the parameters of a URI.
pub(crate) fn parse<T: FromQuery>(uri: &Uri) -> Result<T, Problem> {
    parse_text(uri.query().unwrap_or_default())
}

/// Parses the parameters of a query.
pub(crate) fn parse_text<T: FromQuery>(query: &str) -> Result<T, Problem> {
    let query = Query::parse(query)?;
    query.refuse_unknown(T::NAMES)?;
    T::from_query(&query)
}

/// A decoded query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Parses a query with any names.
    pub(crate) fn parse(query: &str) -> Result<Self, Problem> {
        if query.split('&').nth(MAX_PARAMETERS).is_some() {
            let detail = format!("the query may have at most {MAX_PARAMETERS} parameters");
            return Err(Problem::bad_request(detail).with("limit", MAX_PARAMETERS));
        }
        let pairs = raw_pairs(query).map(|(name, value)| {
            let name = decode(name).ok_or_else(|| malformed(name))?;
            let value = decode(value).ok_or_else(|| malformed(&name))?;
            Ok((name, value))
        });
        let pairs = pairs.collect::<Result<_, Problem>>()?;
        Ok(Self { pairs })
    }

    /// Refuses a query that has other names.
    pub(crate) fn refuse_unknown(&self, known: &[&'static str]) -> Result<(), Problem> {
        let mut names = self.pairs.iter().map(|(name, _)| name.as_str());
        match names.find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => {
                let detail = format!("unknown parameter {name:?}");
                Err(refused(name, detail).with("allowed", known.to_vec()))
            }
        }
    }

    /// All names and values, in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.pairs.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter that may be given only once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(refused(name, format!("{name} may be given only once"))),
            (value, None) => Ok(value),
        }
    }

    /// The values of a parameter that may be given several times.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// Prints a query: the inverse of [`Query::parse`].
pub(crate) fn print<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let encode = |text: &'a str| utf8_percent_encode(text, UNRESERVED);
    let pairs = pairs.into_iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// The names and values of a query, without decoding.
pub(crate) fn raw_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A problem with the parameter of this name.
pub(crate) fn refused(name: &str, detail: impl Into<String>) -> Problem {
    Problem::bad_request(detail).with("parameter", name)
}

fn malformed(name: &str) -> Problem {
    refused(name, format!("{name} must be percent-encoded UTF-8"))
}

/// Decodes a name or a value: `+` is a space, `%XX` is a byte.
fn decode(text: &str) -> Option<String> {
    if !is_well_formed(text) {
        return None;
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Whether every `%` is followed by two hexadecimal digits.
fn is_well_formed(text: &str) -> bool {
    let encoded = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    text.split('%').skip(1).all(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Page {
        limit: Option<String>,
        name: Option<String>,
    }

    impl FromQuery for Page {
        const NAMES: &'static [&'static str] = &["limit", "name"];

        fn from_query(query: &Query) -> Result<Self, Problem> {
            Ok(Self {
                limit: query.one("limit")?.map(str::to_owned),
                name: query.one("name")?.map(str::to_owned),
            })
        }
    }

    fn page(query: &str) -> Result<Page, Problem> {
        parse(&format!("/?{query}").parse().expect("a URI"))
    }

    #[test]
    fn unknown_repeated_and_malformed_parameters_are_refused() {
        let check = |query: &str, expect: Option<(Option<&str>, Option<&str>)>| {
            let expect = expect.map(|(limit, name)| Page {
                limit: limit.map(str::to_owned),
                name: name.map(str::to_owned),
            });
            assert_eq!(page(query).ok(), expect, "{query}");
        };
        check("", Some((None, None)));
        check("&&", Some((None, None)));
        check(
            "limit=5&name=a+b%20%E2%82%AC%25",
            Some((Some("5"), Some("a b €%"))),
        );
        check("name=", Some((None, Some(""))));
        check("name", Some((None, Some(""))));
        check("&n%61me=a=b&&", Some((None, Some("a=b"))));
        for wrong in [
            "limit=5&limit=5",
            "other=1",
            "other",
            "Name=1",
            "=",
            "name=%",
            "name=%4",
            "name=%zz",
            "name=%ff",
            "%ff=",
            "name=%E2%82",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_resource_without_parameters_refuses_all_names() {
        let check = |query: &str, known: &[&'static str], expect: bool| {
            let read = Query::parse(query).and_then(|query| query.refuse_unknown(known));
            assert_eq!(read.is_ok(), expect, "{query}");
        };
        check("", &[], true);
        check("&", &[], true);
        check("a", &[], false);
        check("a=1&a", &["a"], true);
        check("b=1", &["a"], false);
        check("a=1&b", &["a"], false);
        check("%62=1", &["a"], false);
    }

    #[test]
    fn names_and_values_are_decoded() {
        let check = |query: &str, expect: Option<&str>| {
            let query = Query::parse(query).ok();
            let value = query.as_ref().and_then(|query| query.one("a").ok());
            let value = value.map(Option::unwrap_or_default);
            assert_eq!(value, expect, "{query:?}");
        };
        check("", Some(""));
        check("a", Some(""));
        check("a=b", Some("b"));
        check("&a=b&&%C3%BC=", Some("b"));
        check("%61=b+c%2Bd=e", Some("b c+d=e"));
        check("a=%E2%82%AC", Some("€"));
        for wrong in ["a=1&a=1", "a=%FF", "a=%", "a=%4", "a=%zz", "a=%\u{20ac}"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_refusal_names_the_parameter() {
        let problem = format!("{:?}", page("lmit=5").expect_err("unknown"));
        for part in [
            r#"unknown parameter \"lmit\""#,
            r#""parameter": String("lmit")"#,
            r#""allowed": Array [String("limit"), String("name")]"#,
        ] {
            assert!(problem.contains(part), "{problem}");
        }
    }

    proptest::proptest! {
        #[test]
        fn parse_is_the_inverse_of_print(values in proptest::collection::vec(".{0,20}", 0..4)) {
            let printed = print(values.iter().map(|value| ("a", value.as_str())));
            let parsed = Query::parse(&printed).expect("a query");
            let back: Vec<&str> = parsed.all("a").collect();
            proptest::prop_assert_eq!(back, values);
        }

        #[test]
        fn encoded_text_is_well_formed(text in "\\PC{0,40}") {
            let encoded = utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
            proptest::prop_assert!(is_well_formed(&encoded.to_string()));
            let _ = is_well_formed(&text);
        }

        #[test]
        fn no_query_panics(query in ".{0,80}") {
            let _ = Query::parse(&query);
        }
    }
}
