//! Lists in SQL: one statement for a page, and one more before it if filters may match
//! rarely.
//!
//! A page is read from an index that has the requested order ([`Source`]). Filters that
//! no index answers are checked on one row after the other, and it is not known in advance
//! how many match. Therefore the first statement looks up how far [`ListQuery::scan`] rows
//! reach ([`furthest`]); the page reads no further, and the next page continues from there.
//! Writes between the two statements do no harm: the end is a place, not a number of rows.
//!
//! Of several tags, the query reads the one whose rows reach furthest: it is the rarest from
//! there on. A full-text index would find parts of names, but in its own order, so a page in any
//! other order would take longer the more matches there are.

mod conditions;
mod source;

use async_trait::async_trait;

use super::images::{IMAGE_COLUMNS, image};
use super::{Columns, Database, Dialect, Row, SqlCatalog};
use crate::catalog::{CatalogError, Listings};
use crate::model::{Filters, Image, ListQuery, Page, Position, SortBy, SortKey};
use source::{Source, Statement};

#[async_trait]
impl<D: Database> Listings for SqlCatalog<D> {
    async fn list(&self, query: &ListQuery) -> Result<Page, CatalogError> {
        let sources = Source::all(query);
        let filters = query.remaining_filters();
        let (source, end) = if is_answered_by_index(&filters) {
            (sources.into_iter().next(), None)
        } else {
            self.furthest(query, sources).await?
        };
        let source = source.unwrap_or_else(|| Source::of(query, None));
        let statement = page_statement(self.dialect, &source, query, &filters, end.as_ref());
        let rows = self.query(&statement.sql, statement.parameters).await?;
        let mut images: Vec<Image> = rows.into_iter().map(image).collect::<Result<_, _>>()?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let next = if images.len() > limit {
            images.truncate(limit);
            images.last().map(|last| query.sort.by.position(last))
        } else {
            end
        };
        Ok(Page { images, next })
    }
}

/// Whether an index finds exactly what is requested.
fn is_answered_by_index(filters: &Filters) -> bool {
    let tags = filters.tags.len();
    let rest = Filters {
        tags: Vec::new(),
        ..filters.clone()
    };
    tags <= 1 && rest == Filters::default()
}

impl<D: Database> SqlCatalog<D> {
    /// Returns the source whose rows that may be examined reach furthest, and the place of the
    /// last of these rows; `None` if they reach the end. Of several tags, the one that is rarest
    /// from here on is thus followed.
    async fn furthest<'a>(
        &self,
        query: &ListQuery,
        sources: Vec<Source<'a>>,
    ) -> Result<(Option<Source<'a>>, Option<Position>), CatalogError> {
        let statement = reach_statement(self.dialect, &sources, query);
        let rows = self.query(&statement.sql, statement.parameters).await?;
        furthest(query, sources, rows)
    }
}

/// Reads the rows of [`reach_statement`].
fn furthest<'a>(
    query: &ListQuery,
    sources: Vec<Source<'a>>,
    rows: Vec<Row>,
) -> Result<(Option<Source<'a>>, Option<Position>), CatalogError> {
    let mut ends: Vec<Vec<Position>> = vec![Vec::new(); sources.len()];
    for row in rows {
        let (number, position) = reach(query.sort.by, row)?;
        if let Some(end) = ends.get_mut(number) {
            end.push(position);
        }
    }
    // The first row is the last that may be examined; a second row shows that there are more.
    let ends = ends.into_iter().map(|end| match end.as_slice() {
        [last, _] => Some(last.clone()),
        _ => None,
    });
    let descending = query.sort.descending;
    let furthest = sources
        .into_iter()
        .zip(ends)
        .max_by(|(_, a), (_, b)| match (a, b) {
            (Some(a), Some(b)) if descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
    Ok(furthest.map_or((None, None), |(source, end)| (Some(source), end)))
}

/// Selects, for each source, by its number, the last row that may be examined, and the row
/// after it.
fn reach_statement(dialect: Dialect, sources: &[Source<'_>], query: &ListQuery) -> Statement {
    let stretch = query.stretch();
    let mut statement = Statement::default();
    for (number, source) in sources.iter().enumerate() {
        let union = if number == 0 { "" } else { " UNION ALL " };
        let key = source.key();
        let columns =
            format!("{union}SELECT * FROM (SELECT {number}, candidate.{key}, candidate.id");
        statement.push(&columns, []);
        source.select(dialect, &mut statement, &stretch);
        source.order(&mut statement, "candidate", query.sort);
        let skipped = i64::from(query.scan.max(1)) - 1;
        let end = format!(" LIMIT 2 OFFSET ?) AS reach{number}");
        statement.push(&end, [skipped.into()]);
    }
    statement
}

fn reach(by: SortBy, row: Row) -> Result<(usize, Position), CatalogError> {
    let mut row = Columns::new("images", row);
    let number: i64 = row.number()?;
    let key = match by {
        SortBy::CreatedAt => SortKey::CreatedAt(row.time()?),
        SortBy::Size => SortKey::Size(row.number()?),
        SortBy::Filename => SortKey::Filename(row.text()?),
    };
    let position = Position {
        key,
        id: row.uuid()?,
    };
    Ok((usize::try_from(number).unwrap_or(usize::MAX), position))
}

/// Selects the images of a page, and one more. Their ids are found first, within the index;
/// then only these images are read.
fn page_statement(
    dialect: Dialect,
    source: &Source<'_>,
    query: &ListQuery,
    filters: &Filters,
    end: Option<&Position>,
) -> Statement {
    let mut statement = Statement::default();
    // CROSS JOIN fixes the order: first the ids, then the images with these ids.
    let select = format!("SELECT {IMAGE_COLUMNS} FROM (SELECT candidate.id AS found");
    statement.push(&select, []);
    source.select(dialect, &mut statement, &query.stretch());
    if let Some(end) = end {
        let up_to = if query.sort.descending { ">=" } else { "<=" };
        source.compare(&mut statement, up_to, end);
    }
    conditions::push(&mut statement, source, filters);
    source.order(&mut statement, "candidate", query.sort);
    let one_more = i64::from(query.limit) + 1;
    statement.push(
        " LIMIT ?) AS page CROSS JOIN images ON images.id = found",
        [one_more.into()],
    );
    source.order(&mut statement, "images", query.sort);
    statement
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
