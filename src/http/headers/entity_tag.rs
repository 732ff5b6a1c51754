//! Entity tags (RFC 9110 §8.8.3) and lists of them, as `If-Match` and
//! `If-None-Match` hold.

use std::fmt;

/// `"opaque"` or `W/"opaque"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag<T = String> {
    weak: bool,
    /// Without the quotes. Visible characters but for `"`.
    opaque: T,
}

impl EntityTag {
    /// A tag for bytes that are always the same under it. `opaque` is what we make
    /// ourselves: letters, digits, hyphens.
    pub(crate) fn strong(opaque: impl Into<String>) -> Self {
        Self {
            weak: false,
            opaque: opaque.into(),
        }
    }
}

impl<'a> EntityTag<&'a str> {
    /// The tag that `text` is, all of it.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        match Self::parse_first(text)? {
            (tag, "") => Some(tag),
            _ => None,
        }
    }

    /// The tag that `text` begins with, and what follows it.
    fn parse_first(text: &'a str) -> Option<(Self, &'a str)> {
        let unprefixed = text.strip_prefix("W/");
        let weak = unprefixed.is_some();
        let quoted = unprefixed.unwrap_or(text).strip_prefix('"')?;
        let (opaque, rest) = quoted.split_once('"')?;
        let visible = |c: char| c > ' ' && c != '\u{7f}';
        let is_one = opaque.chars().all(visible);
        is_one.then_some((Self { weak, opaque }, rest))
    }
}

impl<T: AsRef<str>> EntityTag<T> {
    /// Both are strong and the same (§8.8.3.2).
    pub(crate) fn matches_strongly<U: AsRef<str>>(&self, other: &EntityTag<U>) -> bool {
        !self.weak && !other.weak && self.matches_weakly(other)
    }

    /// They are the same, whether strong or weak (§8.8.3.2).
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

/// What `If-Match` and `If-None-Match` name. A list is read as it is looked through, and
/// nothing of it is copied: it may have thousands of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntityTags<'a> {
    /// `*`: any.
    Any,
    /// Those in this list, none if none of them can be read.
    Listed(&'a str),
}

impl<'a> EntityTags<'a> {
    /// What a field's value names.
    pub(crate) fn parse(value: &'a str) -> Self {
        match value.trim_matches([' ', '\t']) {
            "*" => Self::Any,
            _ => Self::Listed(value),
        }
    }

    /// Whether the tag is among them, by `matches`.
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

/// The tags of a list. What is no tag is passed over and so matches nothing: the others
/// still say what they say.
fn tags(list: &str) -> impl Iterator<Item = EntityTag<&str>> {
    let mut rest = list;
    std::iter::from_fn(move || {
        loop {
            // Tags may hold commas, so the list cannot be split at them.
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
    fn tags_are_read_to_the_letter() {
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
    fn lists_are_read_whatever_stands_between() {
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
        // No tags among tags.
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
    fn tags_are_compared_as_the_table_says() {
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
        fn reading_anything_ends(value in "[a\"W/, *\\\\é]{0,40}|.{0,40}") {
            for tag in tags(&value) {
                prop_assert!(value.contains(&tag.to_string()));
            }
        }
    }
}
