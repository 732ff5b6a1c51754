//! The parameters of a field's value (RFC 9110 §5.6.6): `; name=value`, the value bare or
//! in quotes. What is in quotes is no syntax.

use std::borrow::Cow;

/// The most parameters that a value may have: clients send two or three.
const MAX_PARAMETERS: usize = 16;

/// Why the parameters of a value are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// There are more than anybody needs.
    #[error("may have at most {MAX_PARAMETERS} parameters")]
    TooMany,
    /// Which of the two is meant, readers would not agree on.
    #[error("has the parameter {0:?} twice")]
    Twice(String),
}

/// The parameters of a value, each name once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldParameters<'a> {
    pairs: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> FieldParameters<'a> {
    /// Reads what follows the first `;`. A name without a value says nothing.
    pub(crate) fn parse(value: &'a str) -> Result<Self, Malformed> {
        let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::new();
        let (_, mut rest) = split(value);
        for number in 0.. {
            rest = rest.trim_start_matches([' ', '\t', ';']);
            if rest.is_empty() {
                break;
            }
            if number == MAX_PARAMETERS {
                return Err(Malformed::TooMany);
            }
            let (name, after) = match rest.find(['=', ';']) {
                Some(at) if rest.get(at..).is_some_and(|rest| rest.starts_with('=')) => {
                    (rest.get(..at).unwrap_or_default(), rest.get(at + 1..))
                }
                _ => {
                    (_, rest) = split(rest);
                    continue;
                }
            };
            let name = name.trim_end();
            if pairs
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
            {
                return Err(Malformed::Twice(name.to_owned()));
            }
            let value;
            (value, rest) = read_value(after.unwrap_or_default());
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// The value of the parameter with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.pairs.iter();
        let found = named.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_ref())
    }
}

/// What stands before the next `;`, and after it.
fn split(text: &str) -> (&str, &str) {
    text.split_once(';').unwrap_or((text, ""))
}

/// The value that follows a `=`, and what follows it from the next `;` on.
fn read_value(text: &str) -> (Cow<'_, str>, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    match text.strip_prefix('"') {
        Some(quoted) => {
            let (value, rest) = unquote(quoted);
            (value.into(), split(rest).1)
        }
        None => {
            let (value, rest) = split(text);
            (value.trim().into(), rest)
        }
    }
}

/// The text up to the closing quote, and what follows. A backslash escapes a quote and
/// itself; before all else it is one, as in the paths that some browsers send for names.
fn unquote(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut rest = quoted;
    while let Some(at) = rest.find(['"', '\\']) {
        text.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('"') {
            return (text, after);
        }
        let escaped = ["\\\"", "\\\\"]
            .into_iter()
            .find_map(|pair| rest.strip_prefix(pair).zip(pair.chars().last()));
        let after = rest.strip_prefix('\\').unwrap_or_default();
        let (after, c) = escaped.unwrap_or((after, '\\'));
        text.push(c);
        rest = after;
    }
    text.push_str(rest);
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_quotes_is_no_syntax() {
        let check = |value: &str, expect: &[(&str, &str)]| {
            let parameters = FieldParameters::parse(value).expect(value);
            let pairs: Vec<_> = parameters
                .pairs
                .iter()
                .map(|(name, value)| (*name, value.as_ref()))
                .collect();
            assert_eq!(pairs, expect, "{value}");
        };
        check("", &[]);
        check("a", &[]);
        check("a;", &[]);
        check("a; b", &[]);
        check("a; b; c=d", &[("c", "d")]);
        check("a ;; b = c ; d=", &[("b", "c"), ("d", "")]);
        check("a; b=\"c; d=e\"; f=g", &[("b", "c; d=e"), ("f", "g")]);
        check("a; b=\"c\\\"; d=e\"", &[("b", "c\"; d=e")]);
        check("a; b=\"c\\\\\"; d=e", &[("b", "c\\"), ("d", "e")]);
        check("a; b=\"C:\\x\\y\"", &[("b", "C:\\x\\y")]);
        check("a; b=\"open; d=e", &[("b", "open; d=e")]);
        check("a; b=\"c\"d; e=f", &[("b", "c"), ("e", "f")]);
        check("a; b=\"\"", &[("b", "")]);
        check("a; =b; c=d", &[("", "b"), ("c", "d")]);
    }

    #[test]
    fn what_stands_twice_or_by_the_thousand_is_refused() {
        for value in ["a; b=c; b=c", "a; b=c; B=\"d\"", "a; =; ="] {
            let refused = FieldParameters::parse(value);
            assert!(matches!(refused, Err(Malformed::Twice(_))), "{value}");
        }
        for number in [17, 9000] {
            let refused = FieldParameters::parse(&"; b".repeat(number)).map(|_| ());
            assert_eq!(refused, Err(Malformed::TooMany), "{number}");
        }
        assert!(FieldParameters::parse(&format!("a{}", "; b".repeat(16))).is_ok());
        assert!(FieldParameters::parse(&";".repeat(60_000)).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn a_quoted_value_is_read_as_it_was_written(value in ".{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let field = format!("a; b=\"{quoted}\"; c=d");
            let parameters = FieldParameters::parse(&field).expect("two");
            proptest::prop_assert_eq!(parameters.get("B"), Some(value.as_str()));
            proptest::prop_assert_eq!(parameters.get("c"), Some("d"));
        }

        #[test]
        fn no_value_panics(value in r#"(;|=|"|\\|a|é| |\t){0,30}|.{0,60}"#) {
            let _ = FieldParameters::parse(&value);
        }
    }
}
