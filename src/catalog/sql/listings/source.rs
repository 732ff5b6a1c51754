//! The source of a list: which table is read, by which index, and from where to where.

use std::fmt::Write as _;

use crate::catalog::{Dialect, Value};
use crate::model::{ListQuery, Position, Sort, SortBy, SortKey, Stretch};

/// A statement and the values that are bound to its parameters, which are numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) parameters: Vec<Value>,
}

impl Statement {
    /// Appends a piece, and the values that are bound to its `?`s, in order.
    pub(super) fn push<const N: usize>(&mut self, sql: &str, parameters: [Value; N]) {
        self.append(sql, parameters);
    }

    /// The same, if the number of values is not fixed.
    pub(super) fn append(&mut self, sql: &str, parameters: impl IntoIterator<Item = Value>) {
        let mut parameters = parameters.into_iter();
        for part in sql.split_inclusive('?') {
            self.sql.push_str(part);
            if part.ends_with('?') {
                self.parameters.extend(parameters.next());
                // Writing to a string cannot fail.
                let _ = write!(self.sql, "{}", self.parameters.len());
            }
        }
    }
}

/// The source of a list: one owner's images or everybody's, all of them or those with one
/// tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    by: SortBy,
    owner: Option<&'a str>,
    pub(super) tag: Option<&'a str>,
    /// The ticket that the images came by. They are few, so they are looked up by the ticket
    /// and then put in order.
    ticket: Option<&'a str>,
}

impl<'a> Source<'a> {
    /// The images that `query` covers, or those of them with `tag`.
    pub(super) fn of(query: &'a ListQuery, tag: Option<&'a str>) -> Self {
        Self {
            by: query.sort.by,
            owner: query.owner.as_deref(),
            tag,
            ticket: query.filters.ticket.as_deref(),
        }
    }

    /// All sources that contain everything that matches: one for each tag, or all images.
    pub(super) fn all(query: &'a ListQuery) -> Vec<Self> {
        if query.filters.ticket.is_some() {
            return vec![Self::of(query, None)];
        }
        let tags = query.filters.tags.iter();
        let tagged: Vec<Self> = tags.map(|tag| Self::of(query, Some(tag))).collect();
        if tagged.is_empty() {
            vec![Self::of(query, None)]
        } else {
            tagged
        }
    }

    /// The column that the source is sorted by.
    pub(super) fn key(self) -> &'static str {
        match self.by {
            SortBy::CreatedAt => "created_at",
            SortBy::Size => "size",
            SortBy::Filename => "sort_name",
        }
    }

    /// The table, and the index that has the order.
    pub(super) fn index(self) -> (&'static str, &'static str) {
        if self.ticket.is_some() {
            return ("images", "images_by_ticket");
        }
        match (self.tag.is_some(), self.owner.is_some(), self.by) {
            (false, true, SortBy::CreatedAt) => ("images", "images_by_owner"),
            (false, true, SortBy::Size) => ("images", "images_by_owner_size"),
            (false, true, SortBy::Filename) => ("images", "images_by_owner_name"),
            (false, false, SortBy::CreatedAt) => ("images", "images_by_time"),
            (false, false, SortBy::Size) => ("images", "images_by_size"),
            (false, false, SortBy::Filename) => ("images", "images_by_name"),
            (true, true, SortBy::CreatedAt) => ("image_tags", "image_tags_by_owner_time"),
            (true, true, SortBy::Size) => ("image_tags", "image_tags_by_owner_size"),
            (true, true, SortBy::Filename) => ("image_tags", "image_tags_by_owner_name"),
            (true, false, SortBy::CreatedAt) => ("image_tags", "image_tags_by_time"),
            (true, false, SortBy::Size) => ("image_tags", "image_tags_by_size"),
            (true, false, SortBy::Filename) => ("image_tags", "image_tags_by_name"),
        }
    }

    /// Appends `FROM … WHERE …`, confined to a stretch.
    pub(super) fn select(self, dialect: Dialect, statement: &mut Statement, stretch: &Stretch) {
        let (table, index) = self.index();
        let by_index = dialect.indexed_by(index);
        statement.push(
            &format!(" FROM {table} AS candidate {by_index} WHERE true"),
            [],
        );
        if let Some(owner) = self.owner {
            statement.push(" AND candidate.owner = ?", [owner.into()]);
        }
        if let Some(ticket) = self.ticket {
            statement.push(" AND candidate.ticket = ?", [ticket.into()]);
        }
        if let Some(tag) = self.tag {
            statement.push(" AND candidate.tag = ?", [tag.into()]);
        }
        for (place, comparison) in [(&stretch.above, ">"), (&stretch.below, "<")] {
            if let Some(place) = place {
                self.compare(statement, comparison, place);
            }
        }
    }

    /// Confines the source to one side of a place.
    pub(super) fn compare(self, statement: &mut Statement, comparison: &str, place: &Position) {
        let key = self.key();
        let sql = format!(" AND (candidate.{key}, candidate.id) {comparison} (?, ?)");
        let id = place.id.to_string().into();
        statement.push(&sql, [key_value(&place.key), id]);
    }

    /// Appends `ORDER BY`, for this table or another with the same columns.
    pub(super) fn order(self, statement: &mut Statement, table: &str, sort: Sort) {
        let (key, direction) = (self.key(), if sort.descending { "DESC" } else { "ASC" });
        let order = format!(" ORDER BY {table}.{key} {direction}, {table}.id {direction}");
        statement.push(&order, []);
    }
}

fn key_value(key: &SortKey) -> Value {
    match key {
        SortKey::CreatedAt(time) => (*time).into(),
        SortKey::Size(size) => number(*size),
        SortKey::Filename(name) => name.as_str().into(),
    }
}

/// SQLite has no larger integers, so no value in it is larger.
pub(super) fn number(value: u64) -> Value {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}
