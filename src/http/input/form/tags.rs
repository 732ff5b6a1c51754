//! The tags in a part of a form: separated by commas, or as a JSON array.

use super::text::json;
use crate::http::input::json::List;
use crate::http::reply::problem::Problem;
use crate::service::fields::{self, MAX_TAGS};

/// Adds the tags in a part to those of the parts before it. A part is JSON if its type says so, or
/// if it begins as an array.
pub(crate) fn extend(tags: &[String], text: &str, is_json: bool) -> Result<Vec<String>, Problem> {
    let known = tags.iter().map(String::as_str);
    let all = if is_json || text.trim_start().starts_with('[') {
        let added = list(text)?;
        fields::tags(known.chain(added.iter().map(String::as_str)))
    } else {
        let added = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        // Fails at the first tag that exceeds the limit, however many follow.
        fields::tags(known.chain(added))
    };
    Ok(all?)
}

fn list(text: &str) -> Result<Vec<String>, Problem> {
    let List::<String, MAX_TAGS>(list) = json("tags", "array of strings", text)?;
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_separated_by_commas_or_json() {
        let check = |text: &str, is_json: bool, expect: Option<&[&str]>| {
            let tags = extend(&["a".to_owned()], text, is_json).ok();
            let expect = expect.map(|tags| tags.iter().map(|tag| (*tag).to_owned()).collect());
            assert_eq!(tags, expect, "{text}");
        };
        check("b, c,,a", false, Some(&["a", "b", "c"]));
        check("", false, Some(&["a"]));
        check("\"b\"", false, Some(&["a", "\"b\""]));
        for is_json in [false, true] {
            check("[\"b\",\"a\", \" c \"]", is_json, Some(&["a", "b", "c"]));
            check(" \r\n[]", is_json, Some(&["a"]));
            check("[\"\\u00fc\"]", is_json, Some(&["a", "ü"]));
            for wrong in [
                "[",
                "[\"b\"",
                "[\"b\"],c",
                "[b]",
                "[1]",
                "[null]",
                "[[\"b\"]]",
                "[\"b,c\"]",
                "[\"\"]",
            ] {
                check(wrong, is_json, None);
            }
        }
        for wrong in ["b", "", "\"b\"", "{\"b\":1}", "null"] {
            check(wrong, true, None);
        }
    }

    #[test]
    fn no_more_tags_than_allowed_are_read() {
        let many = |number: usize| format!("[{}]", vec!["\"b\""; number].join(","));
        assert!(extend(&[], &many(32), false).is_ok());
        assert!(extend(&[], &many(33), false).is_err());
        assert!(extend(&["a".to_owned()], &many(32), false).is_err());
        assert!(extend(&[], &"[".repeat(16_000), false).is_err());
    }

    proptest::proptest! {
        #[test]
        fn text_that_begins_as_a_list_is_a_list(text in r#"(\[|\]|"|,|a|b| |\\){0,20}"#) {
            if extend(&[], &text, false).is_ok() && text.trim_start().starts_with('[') {
                proptest::prop_assert!(serde_json::from_str::<Vec<String>>(&text).is_ok());
            }
        }
    }
}
