use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::model::{Kind, Span, Timestamp, Visibility};

fn parse(query: &str) -> Option<Listing> {
    query::parse_text(query).ok()
}

#[test]
fn every_parameter_is_read() {
    let listing = parse(
        "owner=a%2Fb&tag=b&tag=a+b&tag=b&content_type=image/JPG&filename=Cat&created_after=2026-11-24T00:00:00Z\
         &created_before=2026-11-24T01:00:00.5%2B01:00&min_width=1&max_width=2&min_height=3\
         &max_height=4&min_size=5&max_size=6&visibility=public&ticket=t-1&sort=-filename&limit=7&cursor=c",
    );
    let span = |min, max| Span {
        min: Some(min),
        max: Some(max),
    };
    let expected = Listing {
        owner: Some("a/b".to_owned()),
        filters: Filters {
            tags: vec!["a b".to_owned(), "b".to_owned()],
            kind: Some(Kind::Jpeg),
            filename: Some("cat".to_owned()),
            created_after: Some(Timestamp::from_millis(1_795_478_400_000)),
            created_before: Some(Timestamp::from_millis(1_795_478_400_500)),
            width: span(1, 2),
            height: span(3, 4),
            size: span(5, 6),
            visibility: Some(Visibility::Public),
            ticket: Some("t-1".to_owned()),
        },
        sort: Sort {
            by: SortBy::Filename,
            descending: true,
        },
        limit: 7,
        cursor: Some("c".to_owned()),
    };
    assert_eq!(listing, Some(expected));
    let default = parse("").expect("an empty query");
    assert_eq!((default.sort, default.limit), (Sort::default(), 50));
    assert_eq!(default.walk(), "");
}

#[test]
fn times_between_milliseconds_match_the_same_images() {
    let check = |text: &str, after: i64, before: i64| {
        let query = format!("created_after={text}&created_before={text}");
        let filters = parse(&query).expect(text).filters;
        let millis = |time: Option<Timestamp>| time.map(Timestamp::millis);
        let found = (
            millis(filters.created_after),
            millis(filters.created_before),
        );
        assert_eq!(found, (Some(after), Some(before)), "{text}");
    };
    check("1970-01-01T00:00:00.001Z", 1, 1);
    check("1970-01-01T00:00:00.0015Z", 1, 2);
    check("1970-01-01T00:00:00.000000001Z", 0, 1);
    check("1969-12-31T23:59:59Z", 0, 0);
    check("1970-01-01t00:00:01z", 1000, 1000);
}

#[test]
fn invalid_parameters_are_refused_by_name() {
    for (query, name) in [
        ("colour=red", "colour"),
        ("limit=1&limit=1", "limit"),
        ("sort=size&sort=size", "sort"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=", "limit"),
        ("sort=", "sort"),
        ("sort=name", "sort"),
        ("sort=--size", "sort"),
        ("sort=%2Bsize", "sort"),
        ("tag=", "tag"),
        ("tag=a,b", "tag"),
        ("tag=%07", "tag"),
        ("content_type=text/html", "content_type"),
        ("content_type=", "content_type"),
        ("filename=", "filename"),
        ("filename=%FF", "filename"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-11-24", "created_after"),
        ("created_after=2026-11-24T00:00:00", "created_after"),
        ("created_before=2026-13-24T00:00:00Z", "created_before"),
        ("created_before=2026-11-24T00:00:00+01:00", "created_before"),
        ("min_width=-1", "min_width"),
        ("min_width=+1", "min_width"),
        ("max_height=1.5", "max_height"),
        ("max_size=18446744073709551616", "max_size"),
        ("min_size=", "min_size"),
        ("visibility=Public", "visibility"),
    ] {
        let problem = query::parse_text::<Listing>(query).expect_err(query);
        let printed = format!("{problem:?}");
        assert!(
            printed.contains(&format!("\"parameter\": String(\"{name}\")")),
            "{printed}"
        );
    }
    let long = format!("filename={}", "a".repeat(256));
    assert_eq!(parse(&long), None);
}

fn span() -> impl Strategy<Value = Span> {
    let number = || option::of(0..=i64::MAX.unsigned_abs());
    (number(), number()).prop_map(|(min, max)| Span { min, max })
}

fn filters() -> impl Strategy<Value = Filters> {
    let time = || option::of((0i64..253_402_300_799_999).prop_map(Timestamp::from_millis));
    let visibility = option::of(prop_oneof![
        Just(Visibility::Private),
        Just(Visibility::Public)
    ]);
    let tags = proptest::collection::btree_set("[a-zü&=+%][a-z &=+%]{0,5}[a-z]", 0..4);
    let kind = option::of(Just(Kind::Png));
    let filename = option::of("[^A-Z]{1,20}");
    let ticket = option::of("[A-Za-z0-9-]{1,36}");
    let texts = (tags, kind, filename, ticket);
    (texts, time(), time(), span(), span(), span(), visibility).prop_map(
        |(
            (tags, kind, filename, ticket),
            created_after,
            created_before,
            width,
            height,
            size,
            visibility,
        )| {
            Filters {
                tags: tags.into_iter().collect(),
                kind,
                filename,
                created_after,
                created_before,
                width,
                height,
                size,
                visibility,
                ticket,
            }
        },
    )
}

proptest! {
    #[test]
    fn parse_is_the_inverse_of_print(
        owner in option::of("[^\\p{Cc}]{1,128}"),
        filters in filters(),
        by in 0usize..3,
        descending: bool,
        limit in 1u32..=200,
        cursor in "[a-zA-Z0-9_-]{1,20}",
    ) {
        let sort = Sort { by: SortBy::ALL[by], descending };
        let listing = Listing { owner, filters, sort, limit, cursor: Some(cursor.clone()) };
        let printed = listing.print(&cursor);
        prop_assert_eq!(parse(&printed), Some(listing), "{}", printed);
    }
}

#[test]
fn all_parameters_are_described() {
    use utoipa::IntoParams as _;
    let described = ListParameters::into_params(|| None);
    let described: Vec<&str> = described.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(described, NAMES);
}
