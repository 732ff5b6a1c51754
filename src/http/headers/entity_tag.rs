//! Entity tags (RFC 9110 §8.8.3), and lists of them in `If-Match` and `If-None-Match`.

use std::fmt;

/// `"opaque"` or `W/"opaque"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag<T = String> {
    weak: bool,
    /// The opaque tag without quotes: visible characters except `"`.
    opaque: T,
}

impl EntityTag {
    /// A strong tag: all representations with this tag are identical. `opaque` must consist of
    /// letters, digits, hyphens and underscores.
    pub(crate) fn strong(opaque: impl Into<String>) -> Self {
        Self {
            weak: false,
            opaque: opaque.into(),
        }
    }
}

impl<'a> EntityTag<&'a str> {
    /// Parses `text` as one tag.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        match Self::parse_first(text)? {
            (tag, "") => Some(tag),
            _ => None,
        }
    }

    /// Parses the tag at the beginning of `text`, and returns the rest as well.
    fn parse_first(text: &'a str) -> Option<(Self, &'a str)> {
        let unprefixed = text.strip_prefix("W/");
        let weak = unprefixed.is_some();
        let quoted = unprefixed.unwrap_or(text).strip_prefix('"')?;
        let (opaque, rest) = quoted.split_once('"')?;
        let visible = |c: char| c > ' ' && c != '\u{7f}';
        let is_valid = opaque.chars().all(visible);
        is_valid.then_some((Self { weak, opaque }, rest))
    }
}

impl<T: AsRef<str>> EntityTag<T> {
    /// Whether both tags are strong and equal (§8.8.3.2).
    pub(crate) fn matches_strongly<U: AsRef<str>>(&self, other: &EntityTag<U>) -> bool {
        !self.weak && !other.weak && self.matches_weakly(other)
    }

    /// Whether the tags are equal, whether strong or weak (§8.8.3.2).
    pub(crate) fn matches_weakly<U: AsRef<str>>(&self, other: &EntityTag<U>) -> bool {
        self.opaque.as_ref() == other.opaque.as_ref()
    }
}

impl<T: fmt::Display> fmt::Display for EntityTag<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.weak { "W/" } else { "" };
        write!(f, "{prefix}\"{}\"", self.opaque)
    }
}

/// The value of `If-Match` or `If-None-Match`. A list is parsed lazily and not copied, because it
/// may have thousands of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntityTags<'a> {
    /// `*`: any tag.
    Any,
    /// The tags in this list. Malformed tags are ignored.
    Listed(&'a str),
}

impl<'a> EntityTags<'a> {
    /// Parses a field's value.
    pub(crate) fn parse(value: &'a str) -> Self {
        match value.trim_matches([' ', '\t']) {
            "*" => Self::Any,
            _ => Self::Listed(value),
        }
    }

    /// Whether the value contains the tag, compared with `matches`.
    pub(crate) fn contain(
        &self,
        tag: &EntityTag,
        matches: fn(&EntityTag<&'a str>, &EntityTag) -> bool,
    ) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(list) => tags(list).any(|listed| matches(&listed, tag)),
        }
    }
}

/// The tags of a list. Malformed tags are skipped and match nothing.
fn tags(list: &str) -> impl Iterator<Item = EntityTag<&str>> {
    let mut rest = list;
    std::iter::from_fn(move || {
        loop {
            // Tags may contain commas, so the list cannot be split at commas.
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return None;
            }
            if let Some((tag, after)) = EntityTag::parse_first(rest) {
                let after = after.trim_start_matches([' ', '\t']);
                if after.is_empty() || after.starts_with(',') {
                    rest = after;
                    return Some(tag);
                }
            }
            rest = rest.split_once(',').map_or("", |(_, after)| after);
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weak(opaque: &str) -> EntityTag<&str> {
        EntityTag { weak: true, opaque }
    }

    fn strong(opaque: &str) -> EntityTag<&str> {
        EntityTag {
            weak: false,
            opaque,
        }
    }

    #[test]
    fn tags_are_parsed_strictly() {
        let check = |text: &str, expect: Option<EntityTag<&str>>| {
            assert_eq!(EntityTag::parse(text), expect, "{text}");
        };
        check("\"a\"", Some(strong("a")));
        check("W/\"a\"", Some(weak("a")));
        check("\"\"", Some(strong("")));
        check("\"a,b\\\"", Some(strong("a,b\\")));
        check("\"é\"", Some(strong("é")));
        for wrong in [
            "",
            "a",
            "\"",
            "\"a",
            "a\"",
            "w/\"a\"",
            "W/a",
            "W/ \"a\"",
            "\"a b\"",
            "\"a\"b",
            "\"a\u{7f}\"",
            "\"a\" ",
            "*",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn lists_are_parsed_with_any_separators() {
        let check = |value: &str, expect: &[EntityTag<&str>]| {
            assert_eq!(tags(value).collect::<Vec<_>>(), expect, "{value}");
            assert_eq!(EntityTags::parse(value), EntityTags::Listed(value));
        };
        let (a, b) = (strong("a"), strong("b"));
        check("", &[]);
        check("\"a\"", &[a]);
        check("\"a\",\"b\"", &[a, b]);
        check(" , \"a\" \t,, W/\"b\",", &[a, weak("b")]);
        check("\"a, \"", &[]);
        check("\"a,b\", \"b\"", &[strong("a,b"), b]);
        // Malformed tags among others.
        check("a, \"b\"", &[b]);
        check("\"a\"x, \"b\"", &[b]);
        check("\"a\" \"b\"", &[]);
        check("*, \"b\"", &[b]);
        check("\"b\", \"open", &[b]);
        assert_eq!(EntityTags::parse("*"), EntityTags::Any);
        assert_eq!(EntityTags::parse(" *\t"), EntityTags::Any);
    }

    /// The table of RFC 9110 §8.8.3.2.
    #[test]
    fn tags_are_compared_as_in_the_rfc() {
        let (one, two) = (strong("1"), strong("2"));
        for (a, b, strongly, weakly) in [
            (weak("1"), weak("1"), false, true),
            (weak("1"), weak("2"), false, false),
            (weak("1"), one, false, true),
            (one, one, true, true),
            (strong("1"), two, false, false),
        ] {
            assert_eq!(a.matches_strongly(&b), strongly, "{a} {b}");
            assert_eq!(a.matches_weakly(&b), weakly, "{a} {b}");
            assert_eq!(b.matches_strongly(&a), strongly, "{b} {a}");
        }
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_printing(
            given in proptest::collection::vec((any::<bool>(), "[!#-~é]{0,20}"), 1..5),
            comma in "[ \t]{0,2}(,[ \t]{0,2}){1,2}",
        ) {
            let expected: Vec<EntityTag<&str>> =
                given.iter().map(|(weak, opaque)| EntityTag { weak: *weak, opaque: opaque.as_str() }).collect();
            let printed: Vec<_> = expected.iter().map(ToString::to_string).collect();
            let printed = printed.join(&comma);
            let read: Vec<_> = tags(&printed).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_text_panics(value in "[a\"W/, *\\\\é]{0,40}|.{0,40}") {
            for tag in tags(&value) {
                prop_assert!(value.contains(&tag.to_string()));
            }
        }
    }
}
