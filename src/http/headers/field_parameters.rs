//! The parameters of a field's value (RFC 9110 §5.6.6): `; name=value`, where the value may be
//! quoted. Quoted text has no special characters except its escapes.

use std::borrow::Cow;

/// The maximum number of parameters. Clients send two or three.
const MAX_PARAMETERS: usize = 16;

/// The reason why the parameters of a value are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// There are more than [`MAX_PARAMETERS`].
    #[error("may have at most {MAX_PARAMETERS} parameters")]
    TooMany,
    /// A parameter is given twice. Parsers disagree on which one applies.
    #[error("may have the parameter {0:?} only once")]
    Twice(String),
}

/// The parameters of a value, without duplicates.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldParameters<'a> {
    pairs: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> FieldParameters<'a> {
    /// Parses the text after the first `;`. A name without a value is ignored.
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

/// The text before the next `;`, and the text after it.
fn split(text: &str) -> (&str, &str) {
    text.split_once(';').unwrap_or((text, ""))
}

/// Parses the value after a `=`, and returns the text after the next `;` as well.
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

/// The text up to the closing quote, and the rest. A backslash escapes a quote or a backslash.
/// Before other characters it is literal, as in the paths that some browsers send as names.
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
    fn quoted_text_is_not_parsed() {
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
    fn duplicate_and_too_many_parameters_are_refused() {
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
            let parameters = FieldParameters::parse(&field).expect("two parameters");
            proptest::prop_assert_eq!(parameters.get("B"), Some(value.as_str()));
            proptest::prop_assert_eq!(parameters.get("c"), Some("d"));
        }

        #[test]
        fn no_value_panics(value in r#"(;|=|"|\\|a|é| |\t){0,30}|.{0,60}"#) {
            let _ = FieldParameters::parse(&value);
        }
    }
}
