mod model;
mod postgres;

use super::*;
use crate::catalog::sql::SqlCatalog;
use crate::catalog::sql::tests::plan;
use crate::catalog::testing::native::Native;
use crate::model::{Kind, Sort, Span, Timestamp, Visibility};
use uuid::Uuid;

/// Filters that no index answers, besides the tags.
fn every_filter(tags: &[&str]) -> Filters {
    let span = Span {
        min: Some(1),
        max: Some(2),
    };
    let time = Some(Timestamp::from_millis(1));
    Filters {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        kind: Some(Kind::Png),
        filename: Some("a".to_owned()),
        created_after: time,
        created_before: time,
        width: span,
        height: span,
        size: span,
        visibility: Some(Visibility::Public),
        ticket: None,
    }
}

/// Every shape of a query: each order, with and without an owner, tags, a place to
/// continue from, and other filters.
fn every_query() -> Vec<ListQuery> {
    let mut queries = Vec::new();
    for by in SortBy::ALL {
        for bits in 0..16 {
            let [descending, owned, goes_on, filtered] = [1, 2, 4, 8].map(|bit| bits & bit != 0);
            for tags in [&[][..], &["a"], &["a", "b"]] {
                let key = match by {
                    SortBy::CreatedAt => SortKey::CreatedAt(Timestamp::from_millis(5)),
                    SortBy::Size => SortKey::Size(5),
                    SortBy::Filename => SortKey::Filename("f".to_owned()),
                };
                let id = Uuid::from_u128(5);
                let mut filters = every_filter(tags);
                if !filtered {
                    let tags = filters.tags;
                    filters = Filters {
                        tags,
                        ..Filters::default()
                    };
                }
                queries.push(ListQuery {
                    owner: owned.then(|| "alice".to_owned()),
                    filters,
                    sort: Sort { by, descending },
                    after: goes_on.then_some(Position { key, id }),
                    limit: 50,
                    scan: 100,
                });
            }
        }
    }
    queries
}

#[tokio::test]
async fn every_page_is_read_from_an_index_that_has_its_order() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    for query in every_query() {
        let sources = Source::all(&query);
        let plan_of = |statement: Statement| plan(&database, &statement.sql);
        let reach = plan_of(reach_statement(Dialect::Sqlite, &sources, &query));
        assert!(!reach.contains("B-TREE"), "{query:?}\n{reach}");
        for source in sources {
            let (_, index) = source.index();
            assert!(
                reach.contains(&format!("COVERING INDEX {index}")),
                "{query:?}\n{reach}"
            );
            let end = query.after.as_ref();
            let page = page_statement(
                Dialect::Sqlite,
                &source,
                &query,
                &query.remaining_filters(),
                end,
            );
            let page = plan_of(page);
            let candidates: Vec<&str> = page
                .lines()
                .filter(|line| line.contains(" candidate "))
                .collect();
            let [candidates] = candidates.as_slice() else {
                panic!("{query:?}\n{page}");
            };
            assert!(
                candidates.contains(&format!("INDEX {index}")),
                "{query:?}\n{page}"
            );
            // The index finds a place directly, without skipping the rows before it.
            let place = format!("({},id)", source.key());
            let places = candidates.matches(&place).count();
            assert!(end.is_none() || places == 2, "{query:?}\n{page}");
            assert!(
                query.owner.is_none() || candidates.contains("owner=?"),
                "{query:?}\n{page}"
            );
            // Only the images of one page are sorted in the end.
            assert!(page.matches("B-TREE").count() <= 1, "{query:?}\n{page}");
            assert!(
                !page.contains("SCAN images") && !page.contains("SCAN other"),
                "{query:?}\n{page}"
            );
        }
    }
}

#[tokio::test]
async fn filters_by_size_and_name_are_checked_within_the_index() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    for query in every_query() {
        if query.sort.by == SortBy::CreatedAt || !query.filters.tags.is_empty() {
            continue;
        }
        let filters = query.remaining_filters();
        let statement = page_statement(
            Dialect::Sqlite,
            &Source::of(&query, None),
            &query,
            &filters,
            None,
        );
        let plan = plan(&database, &statement.sql);
        assert!(
            plan.contains("USING COVERING INDEX images_by"),
            "{query:?}\n{plan}"
        );
    }
}

#[tokio::test]
async fn the_rarest_of_several_tags_is_followed() {
    let database = Native::new();
    let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
    let insert = "WITH RECURSIVE numbers (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers
            WHERE value < 100)
        INSERT INTO images (id, owner, blob_id, chunk_size, size, sha256, content_type,
            width, height, frames, visibility, tags, metadata, created_at, updated_at)
        SELECT printf('00000000-0000-7000-8000-%012x', value), 'alice', value, 1, 1, printf('%064x', value),
            'image/png', 1, 1, 1, 'private', iif(value IN (3, 97), '[\"all\",\"rare\"]', '[\"all\"]'),
            '{}', value, value
        FROM numbers";
    database.run(insert, vec![]).expect("inserts");
    for by in SortBy::ALL {
        for descending in [false, true] {
            let query = ListQuery {
                owner: Some("alice".to_owned()),
                filters: Filters {
                    tags: vec!["all".to_owned(), "rare".to_owned()],
                    ..Filters::default()
                },
                sort: Sort { by, descending },
                after: None,
                limit: 10,
                scan: 10,
            };
            let page = catalog.list(&query).await.expect("a page");
            assert_eq!((page.images.len(), page.next), (2, None), "{query:?}");
        }
    }
}
