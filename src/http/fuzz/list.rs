//! The query of a list and its cursors.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;
use uuid::Uuid;

use super::Session;
use crate::auth::fuzz::{first_line, ring};
use crate::http::input::cursor::{self, Walk};
use crate::http::input::listing::Listing;
use crate::http::input::query::parse_text;
use crate::media::testing;
use crate::model::{Kind, Position, SortBy, SortKey, Timestamp};
use crate::testing::chance::Chance;

/// The maximum number of pages that are read of a list.
const MOST_PAGES: usize = 40;

/// The owners whose cursors are compared with each other.
const OWNERS: [Option<&str>; 4] = [None, Some(""), Some("alice"), Some("bob")];

thread_local! {
    static STORED: Session = stored();
}

/// A few images that differ in all properties that lists filter or sort by.
fn stored() -> Session {
    let session = Session::new(&[]);
    let files = [
        (
            "filename=a.png",
            testing::png(1, 1),
            r#"{"tags":["a"],"visibility":"public"}"#,
        ),
        (
            "filename=B.gif",
            testing::gif(7, 2, 1),
            r#"{"tags":["a","b"]}"#,
        ),
        (
            "filename=b%20c.png",
            testing::png(3, 4),
            r#"{"tags":["ü","a, b"]}"#,
        ),
        ("", testing::webp(30, 2), r#"{"tags":["b"]}"#),
        ("filename=a.png", testing::jpeg(8, 8), "{}"),
        (
            "filename=%25_.png",
            testing::png_of_size(500),
            r#"{"visibility":"public"}"#,
        ),
    ];
    for (query, file, patch) in files {
        let path = session.upload(query, file).parse().expect("a path");
        let headers = [("content-type", "application/json")];
        let headers = headers.map(|(name, value)| (name.parse(), value.parse()));
        let headers = headers.map(|(name, value)| (name.expect("a name"), value.expect("a value")));
        let patch = patch.replace(r#""a, b""#, r#""a b""#);
        let answer = session.send(Method::PATCH, path, HeaderMap::from_iter(headers), patch);
        assert_eq!(answer.status, 200);
    }
    session
}

/// The input is a query, followed by a cursor on the second line. The latter is used both as an
/// arbitrary cursor, and as a sort key from which a valid cursor is created.
pub fn cursor(input: &[u8]) {
    let (query, text) = first_line(input);
    let (query, text) = (
        String::from_utf8_lossy(query),
        String::from_utf8_lossy(text),
    );
    let listing = parse_text::<Listing>(&query);
    if let Ok(listing) = &listing {
        check_printed(listing);
        check_cursor(listing, &text, &mut Chance::of(input));
    }
    STORED.with(|session| {
        let uri = format!("/v1/images?{query}").parse::<Uri>().ok();
        // Text after a `#` is not part of a query.
        let Some(uri) = uri.filter(|uri| uri.query() == Some(&query)) else {
            return;
        };
        let answer = session.send(Method::GET, uri, HeaderMap::new(), Body::empty());
        match listing {
            Ok(listing) if listing.cursor.is_none() => check_pages(session, &listing),
            // A cursor without a valid signature, or a malformed query.
            _ => assert_eq!(answer.status, 400, "{query}"),
        }
    });
}

/// Checks that parsing is the inverse of printing, and that the walk does not depend on the
/// spelling of the query.
fn check_printed(listing: &Listing) {
    let printed = listing.print("c");
    let read = parse_text(&printed);
    let expected = Listing {
        cursor: Some("c".to_owned()),
        ..listing.clone()
    };
    assert_eq!(read.ok(), Some(expected), "{printed}");
    let walk = listing.walk();
    let again = parse_text(&walk).map(|listing: Listing| listing.walk());
    assert_eq!(again.ok(), Some(walk));
}

/// Checks that a cursor is valid only for its own walk, and that other text is not a cursor.
fn check_cursor(listing: &Listing, text: &str, chance: &mut Chance) {
    let ring = ring();
    let walk = listing.walk();
    let walk = Walk {
        owner: Some("alice"),
        query: &walk,
    };
    assert_eq!(
        cursor::parse(&ring, &walk, text),
        None,
        "an arbitrary cursor is accepted"
    );
    let position = position(listing.sort.by, text, chance);
    let printed = cursor::print(&ring, &walk, &position);
    assert_eq!(
        cursor::parse(&ring, &walk, &printed).as_ref(),
        Some(&position)
    );
    let longer = format!("{}&", walk.query);
    let other = Walk {
        query: &longer,
        ..walk
    };
    assert_eq!(cursor::parse(&ring, &other, &printed), None);
    for owner in OWNERS {
        let printed = cursor::print(&ring, &Walk { owner, ..walk }, &position);
        for other in OWNERS.into_iter().filter(|other| *other != owner) {
            let other = Walk {
                owner: other,
                ..walk
            };
            assert_eq!(cursor::parse(&ring, &other, &printed), None, "{owner:?}");
        }
    }
    for _ in 0..4 {
        let tampered = chance.tampered(&printed);
        assert_eq!(cursor::parse(&ring, &walk, &tampered), None, "{tampered}");
    }
    // The application accepts the cursor too, and continues from there.
    let uri = format!("/v1/images?{}", listing.print(&printed)).parse();
    if let Ok(uri) = uri {
        STORED.with(|session| {
            let answer = session.send(Method::GET, uri, HeaderMap::new(), Body::empty());
            assert!(
                [200, 414].contains(&answer.status.as_u16()),
                "{:?}",
                answer.body
            );
        });
    }
}

fn position(by: SortBy, text: &str, chance: &mut Chance) -> Position {
    let number = text.trim().parse().unwrap_or_default();
    let key = match by {
        SortBy::CreatedAt => SortKey::CreatedAt(Timestamp::from_millis(number)),
        SortBy::Size => SortKey::Size(number.unsigned_abs()),
        SortBy::Filename => SortKey::Filename(text.to_owned()),
    };
    let id = u128::try_from(chance.below(usize::MAX)).unwrap_or_default();
    Position {
        key,
        id: Uuid::from_u128(id),
    }
}

/// Checks that pages of any length have the same images without duplicates, and that all images
/// match the query.
fn check_pages(session: &Session, listing: &Listing) {
    let page = |query: &str| session.get(&format!("/v1/images?{query}")).json();
    // The session's token may not name an owner.
    let listing = &Listing {
        owner: None,
        ..listing.clone()
    };
    let whole = Listing {
        limit: 200,
        ..listing.clone()
    };
    let whole = page(
        &whole
            .print("")
            .replace("&cursor=", "")
            .replace("cursor=", ""),
    );
    let expected = items(&whole);
    assert_eq!(whole["next_cursor"], Value::Null);
    let mut found = Vec::new();
    let mut query = listing
        .print("")
        .replace("&cursor=", "")
        .replace("cursor=", "");
    for _ in 0..MOST_PAGES {
        let page = page(&query);
        let items = items(&page);
        assert!(u32::try_from(items.len()).is_ok_and(|length| length <= listing.limit));
        found.extend(items);
        match page["next_cursor"].as_str() {
            Some(next) => query = listing.print(next),
            None => break,
        }
    }
    assert_eq!(found, expected, "{query}");
    for item in &found {
        check_item(item, listing);
    }
}

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().expect("items").clone()
}

fn check_item(item: &Value, listing: &Listing) {
    let filters = &listing.filters;
    let tags = item["tags"].as_array().expect("tags");
    assert!(
        filters
            .tags
            .iter()
            .all(|tag| tags.iter().any(|has| has == tag))
    );
    let is = |name: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| item[name] == wanted);
    assert!(is("content_type", filters.kind.map(Kind::media_type)));
    assert!(is(
        "visibility",
        filters.visibility.map(|visibility| visibility.as_str())
    ));
    assert!(is("ticket", filters.ticket.as_deref()));
    let name = item["filename"]
        .as_str()
        .unwrap_or_default()
        .to_ascii_lowercase();
    assert!(
        filters
            .filename
            .as_ref()
            .is_none_or(|part| name.contains(part))
    );
    for (name, span) in [
        ("width", filters.width),
        ("height", filters.height),
        ("size", filters.size),
    ] {
        let value = item[name].as_u64().expect("a number");
        assert!(span.min.is_none_or(|min| value >= min) && span.max.is_none_or(|max| value <= max));
    }
}
