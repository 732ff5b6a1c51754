//! Scopes: the words of a token's `scope` claim (RFC 8693 §4.2, RFC 6749 §3.3).

use std::fmt;

/// One permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `images:read`: see and download.
    Read,
    /// `images:write`: upload and edit.
    Write,
    /// `images:delete`: delete.
    Delete,
    /// `metrics`: read metrics.
    Metrics,
    /// `maintenance`: sweep, audit and migrate stored data.
    Maintenance,
    /// `admin`: everything, on every owner's images.
    Admin,
}

impl Scope {
    /// All scopes, in the order in which they are listed to people.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Write,
        Self::Delete,
        Self::Metrics,
        Self::Maintenance,
        Self::Admin,
    ];

    /// The word that a token contains.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "images:read",
            Self::Write => "images:write",
            Self::Delete => "images:delete",
            Self::Metrics => "metrics",
            Self::Maintenance => "maintenance",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Delete => 4,
            Self::Metrics => 8,
            Self::Maintenance => 16,
            Self::Admin => 32,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Parses a space-separated list. Unknown words are ignored, because a token may
    /// serve several programs.
    pub fn parse(list: &str) -> Self {
        list.split(' ')
            .filter_map(|word| Scope::ALL.into_iter().find(|scope| scope.as_str() == word))
            .fold(Self::default(), |set, scope| Self(set.0 | scope.bit()))
    }

    /// Whether `scope` itself is in the set.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_ignored() {
        let set = Scopes::parse("openid images:read  other:admin images:delete");
        assert!(set.contains(Scope::Read) && set.contains(Scope::Delete));
        assert!(!set.contains(Scope::Write) && !set.contains(Scope::Admin));
    }

    #[test]
    fn scopes_are_case_sensitive_and_whole_words() {
        assert_eq!(
            Scopes::parse("Images:Read admin2 images:write,admin"),
            Scopes::default()
        );
    }

    proptest::proptest! {
        #[test]
        fn a_set_has_the_words_of_its_list_and_no_others(
            words in proptest::collection::vec("images:(read|write|delete)|metrics|maintenance|admin|[a-z: ]{0,9}", 0..6),
        ) {
            let list = words.join(" ");
            let set = Scopes::parse(&list);
            for scope in Scope::ALL {
                let named = list.split(' ').any(|word| word == scope.as_str());
                proptest::prop_assert_eq!(set.contains(scope), named);
            }
        }
    }
}
