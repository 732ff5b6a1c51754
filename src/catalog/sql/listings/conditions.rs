//! Filters that no index answers, checked on one candidate after the other.

use super::source::{Source, Statement, number};
use crate::catalog::Value;
use crate::model::{Filters, Span};

/// Adds the conditions that a candidate must meet, besides being in `source`.
pub(super) fn push(statement: &mut Statement, source: &Source<'_>, filters: &Filters) {
    let other_tags = filters
        .tags
        .iter()
        .filter(|tag| source.tag != Some(tag.as_str()));
    // The id is enough to find a row. With the key as well, PostgreSQL looks into the index that has
    // the order of the candidates, so that one look-up is next to the other. OFFSET keeps it from
    // making a join of them, whose order could be another one.
    let key = source.key();
    for tag in other_tags {
        let sql = format!(
            " AND EXISTS (SELECT 1 FROM image_tags AS other WHERE other.tag = ?
            AND other.{key} = candidate.{key} AND other.id = candidate.id LIMIT 1 OFFSET 0)"
        );
        statement.push(&sql, [tag.as_str().into()]);
    }
    // A candidate that is found by its tag is a row of `image_tags`, not of `images`.
    let table = if source.tag.is_some() {
        "wanted"
    } else {
        "candidate"
    };
    let conditions = of_image(filters, table);
    let (sql, values): (Vec<String>, Vec<Value>) = conditions.into_iter().unzip();
    let sql = sql.concat();
    if source.tag.is_none() || sql.is_empty() {
        statement.append(&sql, values);
    } else {
        let sql = format!(
            " AND EXISTS (SELECT 1 FROM images AS wanted WHERE wanted.{key} = candidate.{key}
            AND wanted.id = candidate.id{sql} LIMIT 1 OFFSET 0)"
        );
        statement.append(&sql, values);
    }
}

/// The conditions on the columns of an image, each with its parameter.
fn of_image(filters: &Filters, table: &str) -> Vec<(String, Value)> {
    let mut conditions = Vec::new();
    let mut column = |name: &str, comparison: &str, value: Option<_>| {
        if let Some(value) = value {
            conditions.push((format!(" AND {table}.{name} {comparison} ?"), value));
        }
    };
    let span = |column: &mut dyn FnMut(&str, &str, Option<_>), name: &str, span: Span| {
        column(name, ">=", span.min.map(number));
        column(name, "<=", span.max.map(number));
    };
    column(
        "content_type",
        "=",
        filters.kind.map(|kind| kind.media_type().into()),
    );
    let visibility = filters
        .visibility
        .map(|visibility| visibility.as_str().into());
    column("visibility", "=", visibility);
    // An addition keeps PostgreSQL from reading an index that has another order.
    let (time, size) = ("created_at + 0", "size + 0");
    column(time, ">", filters.created_after.map(Into::into));
    column(time, "<", filters.created_before.map(Into::into));
    span(&mut column, "width", filters.width);
    span(&mut column, "height", filters.height);
    span(&mut column, size, filters.size);
    if let Some(part) = &filters.filename {
        // lower() changes only ASCII: SQLite's always, PostgreSQL's for the collation "C".
        let sql = format!(" AND instr(lower({table}.sort_name), ?) > 0");
        conditions.push((sql, part.to_ascii_lowercase().into()));
    }
    conditions
}
