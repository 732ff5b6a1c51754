//! Entity tags (RFC 9110 §8.8.3) and lists of them, as `If-Match` and
//! `If-None-Match` hold.

use std::fmt;

/// `"opaque"` or `W/"opaque"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntityTag {
    weak: bool,
    /// Without the quotes. Visible characters but for `"`.
    opaque: String,
}

impl EntityTag {
    /// A tag for bytes that are always the same under it. `opaque` is what we make
    /// ourselves: letters, digits, hyphens.
    pub(super) fn strong(opaque: impl Into<String>) -> Self {
        Self {
            weak: false,
            opaque: opaque.into(),
        }
    }

    /// The tag that `text` is, all of it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match Self::parse_first(text)? {
            (tag, "") => Some(tag),
            _ => None,
        }
    }

    /// The tag that `text` begins with, and what follows it.
    fn parse_first(text: &str) -> Option<(Self, &str)> {
        let unprefixed = text.strip_prefix("W/");
        let weak = unprefixed.is_some();
        let quoted = unprefixed.unwrap_or(text).strip_prefix('"')?;
        let (opaque, rest) = quoted.split_once('"')?;
        let visible = |c: char| c > ' ' && c != '\u{7f}';
        let opaque = opaque.chars().all(visible).then(|| opaque.to_owned())?;
        Some((Self { weak, opaque }, rest))
    }

    /// Both are strong and the same (§8.8.3.2).
    pub(super) fn matches_strongly(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// They are the same, whether strong or weak (§8.8.3.2).
    pub(super) fn matches_weakly(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.weak { "W/" } else { "" };
        write!(f, "{prefix}\"{}\"", self.opaque)
    }
}

/// What `If-Match` and `If-None-Match` name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EntityTags {
    /// `*`: any.
    Any,
    /// These, none if none of them could be read.
    Listed(Vec<EntityTag>),
}

impl EntityTags {
    /// Reads a field's value. What is no tag is passed over and so matches
    /// nothing: the others in the list still say what they say.
    pub(super) fn parse(value: &str) -> Self {
        let space = [' ', '\t'];
        if value.trim_matches(space) == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        let mut rest = value;
        loop {
            // Tags may hold commas, so the list can not be split at them.
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return Self::Listed(tags);
            }
            let first = EntityTag::parse_first(rest);
            let first = first.map(|(tag, after)| (tag, after.trim_start_matches(space)));
            rest = match first {
                Some((tag, after)) if after.is_empty() || after.starts_with(',') => {
                    tags.push(tag);
                    after
                }
                _ => rest.split_once(',').map_or("", |(_, after)| after),
            };
        }
    }

    /// Whether the tag is among them, by `matches`.
    pub(super) fn contain(
        &self,
        tag: &EntityTag,
        matches: fn(&EntityTag, &EntityTag) -> bool,
    ) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags.iter().any(|listed| matches(listed, tag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weak(opaque: &str) -> EntityTag {
        EntityTag {
            weak: true,
            opaque: opaque.to_owned(),
        }
    }

    #[test]
    fn tags_are_read_to_the_letter() {
        let check = |text: &str, expect: Option<EntityTag>| {
            assert_eq!(EntityTag::parse(text), expect, "{text}");
        };
        check("\"a\"", Some(EntityTag::strong("a")));
        check("W/\"a\"", Some(weak("a")));
        check("\"\"", Some(EntityTag::strong("")));
        check("\"a,b\\\"", Some(EntityTag::strong("a,b\\")));
        check("\"é\"", Some(EntityTag::strong("é")));
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
        let check = |value: &str, expect: &[EntityTag]| {
            let expect = EntityTags::Listed(expect.to_vec());
            assert_eq!(EntityTags::parse(value), expect, "{value}");
        };
        let (a, b) = (EntityTag::strong("a"), EntityTag::strong("b"));
        check("", &[]);
        check("\"a\"", std::slice::from_ref(&a));
        check("\"a\",\"b\"", &[a.clone(), b.clone()]);
        check(" , \"a\" \t,, W/\"b\",", &[a.clone(), weak("b")]);
        check("\"a, \"", &[]);
        check("\"a,b\", \"b\"", &[EntityTag::strong("a,b"), b.clone()]);
        // No tags among tags.
        check("a, \"b\"", std::slice::from_ref(&b));
        check("\"a\"x, \"b\"", std::slice::from_ref(&b));
        check("\"a\" \"b\"", &[]);
        check("*, \"b\"", std::slice::from_ref(&b));
        check("\"b\", \"open", std::slice::from_ref(&b));
        assert_eq!(EntityTags::parse("*"), EntityTags::Any);
        assert_eq!(EntityTags::parse(" *\t"), EntityTags::Any);
    }

    /// The table of RFC 9110 §8.8.3.2.
    #[test]
    fn tags_are_compared_as_the_table_says() {
        let (one, two) = (EntityTag::strong("1"), EntityTag::strong("2"));
        for (a, b, strongly, weakly) in [
            (weak("1"), weak("1"), false, true),
            (weak("1"), weak("2"), false, false),
            (weak("1"), one.clone(), false, true),
            (one.clone(), one, true, true),
            (EntityTag::strong("1"), two, false, false),
        ] {
            assert_eq!(a.matches_strongly(&b), strongly, "{a} {b}");
            assert_eq!(a.matches_weakly(&b), weakly, "{a} {b}");
            assert_eq!(b.matches_strongly(&a), strongly, "{b} {a}");
        }
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_printing(
            tags in proptest::collection::vec((any::<bool>(), "[!#-~é]{0,20}"), 1..5),
            comma in "[ \t]{0,2}(,[ \t]{0,2}){1,2}",
        ) {
            let tags: Vec<_> =
                tags.into_iter().map(|(weak, opaque)| EntityTag { weak, opaque }).collect();
            let printed: Vec<_> = tags.iter().map(ToString::to_string).collect();
            let read = EntityTags::parse(&printed.join(&comma));
            prop_assert_eq!(read, EntityTags::Listed(tags));
        }

        #[test]
        fn reading_anything_ends(value in "[a\"W/, *\\\\é]{0,40}|.{0,40}") {
            if let EntityTags::Listed(tags) = EntityTags::parse(&value) {
                for tag in tags {
                    prop_assert!(value.contains(&tag.to_string()));
                }
            }
        }
    }
}
