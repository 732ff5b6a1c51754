//! What differs between the databases in which the catalog can be kept.
//!
//! Statements are written in SQLite's dialect. Where PostgreSQL has another word for the same, or
//! another sign, [`Dialect::translate`] puts that in its place, and does nothing else. A statement
//! that has to keep an invariant is another one on PostgreSQL, where statements of others run at
//! the same time: it calls a function of the schema (`migrations/postgres/`), which takes locks,
//! and is written beside SQLite's ([`Dialect::pick`]).

use std::borrow::Cow;

/// The dialect of SQL that a database understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's. Parameters are `?1`, `?2`, …
    Sqlite,
    /// PostgreSQL's. Parameters are `$1`, `$2`, …
    Postgres,
}

/// Words of SQLite, and those of PostgreSQL for the same. Parameters come last.
const WORDS: [(&str, &str); 8] = [
    (
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        "darkroom_now()",
    ),
    (
        "json_each(?1)",
        "json_array_elements_text(CAST(CAST(?1 AS text) AS json)) AS list (value)",
    ),
    (
        "json_each(?2)",
        "json_array_elements_text(CAST(CAST(?2 AS text) AS json)) AS list (value)",
    ),
    ("json_group_array(", "json_agg("),
    ("json_object(", "json_build_object("),
    ("instr(", "strpos("),
    // SQLite joins in this order; PostgreSQL knows how many rows there are.
    (" CROSS JOIN images ON ", " JOIN images ON "),
    ("?", "$"),
];

impl Dialect {
    /// Returns a statement of SQLite in this dialect.
    pub(super) fn translate(self, sql: &str) -> Cow<'_, str> {
        match self {
            Self::Sqlite => Cow::Borrowed(sql),
            Self::Postgres => {
                let translate = |sql: String, (from, to): (&str, &str)| match sql.contains(from) {
                    true => sql.replace(from, to),
                    false => sql,
                };
                Cow::Owned(WORDS.into_iter().fold(sql.to_owned(), translate))
            }
        }
    }

    /// Returns the statement of this dialect.
    pub(super) fn pick<'a>(self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }

    /// Names the index by which a table is read, if that has to be said: PostgreSQL chooses by
    /// its statistics.
    pub(super) fn indexed_by(self, index: &str) -> String {
        match self {
            Self::Sqlite => format!("INDEXED BY {index}"),
            Self::Postgres => String::new(),
        }
    }
}
