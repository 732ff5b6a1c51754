//! Classifies statements before they are run.

/// The kind of a statement, according to its first keyword.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    /// A statement that may be read-only; SQLite determines whether it is.
    Query,
    /// A statement that changes rows.
    Change,
    /// Any other statement: one on transactions, pragmas or the schema.
    Control,
}

/// Determines the kind of a statement from its first keyword.
pub(super) fn kind(statement: &str) -> Kind {
    let word = first_word(statement);
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(word));
    if is(&["SELECT", "WITH", "VALUES", "EXPLAIN"]) {
        Kind::Query
    } else if is(&["INSERT", "UPDATE", "DELETE", "REPLACE"]) {
        Kind::Change
    } else {
        Kind::Control
    }
}

/// The first keyword, after whitespace and comments.
fn first_word(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    loop {
        let end = if rest.starts_with("--") {
            rest.find('\n').map(|at| at + 1)
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|at| at + 2)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic());
            return &rest[..end.unwrap_or(rest.len())];
        };
        match end {
            Some(at) => rest = rest[at..].trim_start(),
            None => return "",
        }
    }
}

/// Whether a statement calls a function whose result depends on the connection.
pub(super) fn asks_the_connection(statement: &str) -> bool {
    const NAMES: [&str; 2] = ["changes", "last_insert_rowid"];
    let statement = statement.as_bytes();
    let mut calls = memchr::memchr_iter(b'(', statement);
    calls.any(|at| {
        let is_called = |name: &str| {
            let start = at.checked_sub(name.len());
            start.is_some_and(|start| statement[start..at].eq_ignore_ascii_case(name.as_bytes()))
        };
        NAMES.into_iter().any(is_called)
    })
}

/// Whether a statement creates something that only its own connection sees.
pub(super) fn hides_something(statement: &str) -> bool {
    contains(statement, "temp") || first_word(statement).eq_ignore_ascii_case("ATTACH")
}

fn contains(text: &str, ascii: &str) -> bool {
    let windows = text.as_bytes().windows(ascii.len());
    windows
        .into_iter()
        .any(|window| window.eq_ignore_ascii_case(ascii.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keyword_determines_the_kind() {
        for (statement, expect) in [
            ("select 1", Kind::Query),
            ("  -- note\n /* and */ INSERT INTO t", Kind::Change),
            ("WITH a AS (SELECT 1) INSERT INTO t", Kind::Query),
            ("BEGIN", Kind::Control),
            ("PRAGMA foreign_keys=ON", Kind::Control),
            ("-- nothing", Kind::Control),
            ("", Kind::Control),
        ] {
            assert_eq!(kind(statement), expect, "{statement}");
        }
    }
}
