//! The metadata in a part of a form: a JSON object of strings.

use std::collections::BTreeMap;

use super::text::json;
use crate::http::input::json::Members;
use crate::http::reply::problem::Problem;
use crate::service::fields::{self, MAX_METADATA_MEMBERS};

/// Parses the metadata and checks it against its limits.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let Members::<String, MAX_METADATA_MEMBERS>(members) =
        json("metadata", "object of strings", text)?;
    Ok(fields::metadata(members)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_an_object_of_strings() {
        let check = |text: &str, expect: Option<&[(&str, &str)]>| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let expect = expect.map(|members| members.iter().map(owned).collect());
            assert_eq!(parse(text).ok(), expect, "{text}");
        };
        check("{}", Some(&[]));
        check(
            " {\"b\": \"\\u00fc\",\r\n\"a\": \"\"} ",
            Some(&[("a", ""), ("b", "ü")]),
        );
        for wrong in [
            "",
            "a=b",
            "null",
            "[]",
            "[[\"a\",\"b\"]]",
            "\"a\"",
            "{",
            "{} {}",
            "{\"a\":1}",
            "{\"a\":null}",
            "{\"a\":{\"b\":\"c\"}}",
            "{\"a\":\"b\",\"a\":\"b\"}",
            "{\"\":\"b\"}",
            "{\"a\":\"\\n\"}",
        ] {
            check(wrong, None);
        }
        assert!(parse(&"{\"a\":".repeat(5000)).is_err());
    }

    #[test]
    fn metadata_that_fills_its_limit_may_be_escaped() {
        let escaped = |characters: usize| format!("{{\"k\":\"{}\"}}", "\\u0061".repeat(characters));
        assert!(parse(&escaped(4095)).is_ok());
        assert!(parse(&escaped(4096)).is_err());
    }
}
