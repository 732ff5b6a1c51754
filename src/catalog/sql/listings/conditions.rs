//! Filters that no index answers, checked on one candidate after the other.

use super::source::{Source, Statement, number};
use crate::model::{Filters, Span};

/// Adds the conditions that a candidate must meet, besides being in `source`.
pub(super) fn push(statement: &mut Statement, source: &Source<'_>, filters: &Filters) {
    let other_tags = filters
        .tags
        .iter()
        .filter(|tag| source.tag != Some(tag.as_str()));
    for tag in other_tags {
        let sql = " AND EXISTS (SELECT 1 FROM image_tags AS other \
                   WHERE other.id = candidate.id AND other.tag = ?)";
        statement.push(sql, [tag.as_str().into()]);
    }
    // A candidate that is found by its tag is a row of `image_tags`, not of `images`.
    let table = if source.tag.is_some() {
        "wanted"
    } else {
        "candidate"
    };
    let conditions = of_image(filters, table);
    if source.tag.is_none() || conditions.sql.is_empty() {
        statement.append(&conditions.sql, conditions.parameters);
    } else {
        let sql = format!(
            " AND EXISTS (SELECT 1 FROM images AS wanted WHERE wanted.id = candidate.id{})",
            conditions.sql
        );
        statement.append(&sql, conditions.parameters);
    }
}

/// The conditions on the columns of an image.
fn of_image(filters: &Filters, table: &str) -> Statement {
    let mut conditions = Statement::default();
    let mut column = |name: &str, comparison: &str, value: Option<_>| {
        if let Some(value) = value {
            conditions.push(&format!(" AND {table}.{name} {comparison} ?"), [value]);
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
    column("created_at", ">", filters.created_after.map(Into::into));
    column("created_at", "<", filters.created_before.map(Into::into));
    span(&mut column, "width", filters.width);
    span(&mut column, "height", filters.height);
    span(&mut column, "size", filters.size);
    if let Some(part) = &filters.filename {
        // SQLite's lower() changes only ASCII.
        let sql = format!(" AND instr(lower({table}.sort_name), ?) > 0");
        conditions.push(&sql, [part.to_ascii_lowercase().into()]);
    }
    conditions
}
