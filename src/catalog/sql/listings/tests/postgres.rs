//! Lists on a real PostgreSQL, among as many images as its statistics need to choose as they do
//! among millions.

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::*;
use crate::catalog::testing::postgres::Postgres;

/// How many images there are.
const IMAGES: u32 = 10_000;
/// Among how many images pages are measured on request.
const COUNTS: [u32; 3] = [1000, 100_000, 1_000_000];

/// Adds the images with these numbers, without what follows from them one by one.
fn fill(database: &Postgres, first: u32, last: u32) {
    for sql in [
        "SET session_replication_role = replica",
        &include_str!("postgres.sql")
            .replace(":first", &first.to_string())
            .replace(":last", &last.to_string()),
        "INSERT INTO image_tags (id, tag, owner, created_at, size, sort_name)
        SELECT id, tag.value, owner, created_at, size, sort_name
        FROM images, json_array_elements_text(tags::json) AS tag (value)
        ON CONFLICT DO NOTHING",
        "SET session_replication_role = DEFAULT",
    ] {
        database.run(sql, vec![]).expect(sql);
    }
    vacuum(database);
}

/// Vacuums until every page is known to be visible to all. While PostgreSQL's own vacuum looks at one
/// of the tables, pages are left out.
fn vacuum(database: &Postgres) {
    let known = "SELECT bool_and(relallvisible >= relpages) FROM pg_class
        WHERE relname IN ('images', 'image_tags')";
    for _ in 0..100 {
        for sql in ["VACUUM ANALYZE images", "VACUUM ANALYZE image_tags"] {
            database.run(sql, vec![]).expect(sql);
        }
        let known = database.run(known, vec![]).expect(known);
        if known == [Row(vec![1_i64.into()])] {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("pages are left out of every vacuum");
}

/// PostgreSQL's plan for a statement, a line for each step.
fn plan(database: &Postgres, statement: Statement) -> String {
    let sql = Dialect::Postgres.translate(&statement.sql);
    let rows = database.run(&format!("EXPLAIN {sql}"), statement.parameters);
    let text = |Row(columns): Row| match columns.into_iter().next() {
        Some(crate::catalog::Value::Text(line)) => line,
        other => panic!("{other:?}"),
    };
    let lines: Vec<String> = rows.expect(&sql).into_iter().map(text).collect();
    lines.join("\n")
}

/// Whether a plan reads this index, or the one of everybody's images with the same order, which is
/// as good if most of them belong to one owner.
fn has_order(plan: &str, index: &str) -> bool {
    let of_all = match index {
        "images_by_owner" => "images_by_time".to_owned(),
        other => other.replace("_owner", ""),
    };
    // The name of an index ends where a space follows it.
    plan.contains(&format!("{index} ")) || plan.contains(&format!("{of_all} "))
}

#[test]
fn every_page_on_postgres_is_read_from_an_index_that_has_its_order() {
    let Some(database) = Postgres::new() else {
        return;
    };
    fill(&database, 1, IMAGES);
    let opened = SqlCatalog::open(database.clone()).now_or_never();
    let catalog = opened.expect("nothing waits").expect("opens");
    for mut query in every_query() {
        if let Some(place) = &mut query.after {
            // In the middle of the images.
            place.key = match query.sort.by {
                SortBy::CreatedAt => SortKey::CreatedAt(Timestamp::from_millis(1_700_000_050_000)),
                SortBy::Size => SortKey::Size(5_000_000),
                SortBy::Filename => SortKey::Filename("image-80000000.png".to_owned()),
            };
        }
        query.owner = query.owner.map(|_| "other".to_owned());
        // Stretches with most of the images.
        let at = |millis: i64| Timestamp::from_millis(1_700_000_000_000 + millis);
        query.filters.created_after = query.filters.created_after.map(|_| at(0));
        query.filters.created_before = query.filters.created_before.map(|_| at(90_000));
        query.filters.size.max = query.filters.size.max.map(|_| 9_000_000);
        for (tag, known) in query.filters.tags.iter_mut().zip(["all", "half"]) {
            known.clone_into(tag);
        }
        let sources = Source::all(&query);
        let reach = plan(
            &database,
            reach_statement(Dialect::Postgres, &sources, &query),
        );
        assert!(!reach.contains("Sort"), "{query:?}\n{reach}");
        for source in &sources {
            let (_, index) = source.index();
            assert!(has_order(&reach, index), "{query:?}\n{reach}");
        }
        let filters = query.remaining_filters();
        let (source, end) = if is_answered_by_index(&filters) {
            (sources.into_iter().next(), None)
        } else {
            let furthest = catalog.furthest(&query, sources).now_or_never();
            furthest.expect("nothing waits").expect("reads")
        };
        let source = source.expect("a source");
        let (_, index) = source.index();
        let page = page_statement(Dialect::Postgres, &source, &query, &filters, end.as_ref());
        let page = plan(&database, page);
        assert!(has_order(&page, index), "{query:?}\n{page}");
        // The images of one page are sorted in the end, and before that perhaps the rows up to the
        // end of what may be examined.
        let most = if end.is_some() { 2 } else { 1 };
        let sorts = page.matches("Sort  (").count();
        assert!(
            sorts <= most && page.starts_with("Sort"),
            "{query:?}\n{page}"
        );
        assert!(!page.contains("Seq Scan"), "{query:?}\n{page}");
    }
}

/// The queries that are measured, by name.
fn measured() -> Vec<(&'static str, ListQuery)> {
    let all = |by, descending, filters| ListQuery {
        owner: Some("bench".to_owned()),
        filters,
        sort: Sort { by, descending },
        after: None,
        limit: 50,
        scan: 1000,
    };
    let none = Filters::default;
    let tagged = |tags: &[&str]| Filters {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..none()
    };
    let named = Filters {
        filename: Some("needle".to_owned()),
        ..none()
    };
    let typed = |kind| Filters {
        kind: Some(kind),
        ..none()
    };
    let wide = Filters {
        width: Span {
            min: Some(9999),
            max: None,
        },
        ..tagged(&["all"])
    };
    let of_all = |query| ListQuery {
        owner: None,
        ..query
    };
    vec![
        ("newest", all(SortBy::CreatedAt, true, none())),
        ("smallest", all(SortBy::Size, false, none())),
        ("by name", all(SortBy::Filename, false, none())),
        (
            "everybody's newest",
            of_all(all(SortBy::CreatedAt, true, none())),
        ),
        (
            "type, one in three",
            all(SortBy::CreatedAt, true, typed(Kind::Gif)),
        ),
        (
            "type, rare",
            all(SortBy::CreatedAt, true, typed(Kind::Avif)),
        ),
        (
            "type, rare, by size",
            all(SortBy::Size, false, typed(Kind::Avif)),
        ),
        ("name, rare", all(SortBy::CreatedAt, true, named.clone())),
        (
            "everybody's, name, rare",
            of_all(all(SortBy::CreatedAt, true, named)),
        ),
        ("tag of all", all(SortBy::Size, false, tagged(&["all"]))),
        ("tag, rare", all(SortBy::CreatedAt, true, tagged(&["rare"]))),
        (
            "two tags",
            all(SortBy::Size, false, tagged(&["all", "half"])),
        ),
        (
            "two tags, one rare",
            all(SortBy::CreatedAt, true, tagged(&["all", "rare"])),
        ),
        ("tag and width, rare", all(SortBy::Size, false, wide)),
    ]
}

/// The median time of a page.
fn median(catalog: &SqlCatalog<Postgres>, query: &ListQuery) -> Duration {
    let mut times: Vec<Duration> = (0..60)
        .map(|_| {
            let start = Instant::now();
            let page = catalog.list(query).now_or_never();
            page.expect("nothing waits").expect("a page");
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// Takes minutes. `cargo test … -- --ignored --nocapture pages_take` prints the times.
#[test]
#[ignore = "a measurement"]
fn pages_take_the_same_time_among_a_thousand_and_among_a_million_images() {
    let database = Postgres::new().expect("PostgreSQL is installed");
    let mut times: Vec<(&str, Vec<Duration>)> = Vec::new();
    times.extend(measured().into_iter().map(|(name, _)| (name, Vec::new())));
    let mut filled = 0;
    for count in COUNTS {
        fill(&database, filled + 1, count);
        filled = count;
        let opened = SqlCatalog::open(database.connect()).now_or_never();
        let catalog = opened.expect("nothing waits").expect("opens");
        for ((_, query), (_, times)) in measured().into_iter().zip(&mut times) {
            times.push(median(&catalog, &query));
        }
    }
    for (name, times) in times {
        let (slowest, fastest) = (times.iter().max(), times.iter().min());
        let spread = slowest
            .zip(fastest)
            .map(|(slowest, fastest)| slowest.as_secs_f64() / fastest.as_secs_f64());
        println!("{name:<25} {times:>12.2?} {spread:.2?}");
    }
}
