//! Proactive negotiation (RFC 9110 §12.5) with `Accept` and `Accept-Encoding`.
//!
//! Fields are parsed leniently: malformed ranges are ignored, and a field without any
//! well-formed range is treated as absent. Parameters of media ranges other than `q` are
//! ignored.

use axum::http::{HeaderMap, HeaderName, header};

use crate::http::reply::problem::{Problem, ProblemKind};

/// A weight in thousandths. 0 means that a range is not acceptable.
type Weight = u16;

const FULL: Weight = 1000;

/// The maximum number of ranges of a field that are read. Browsers send about ten. Further ranges
/// are ignored.
const MAX_RANGES: usize = 64;

/// The weight that the client gives this media type.
fn media_type(headers: &HeaderMap, essence: &str) -> Weight {
    let (kind, _) = essence.split_once('/').unwrap_or((essence, ""));
    let matches = |range: &str| match range.split_once('/') {
        None => (range == "*").then_some(1),
        Some(("*", _)) => Some(1),
        Some((major, "*")) => major.eq_ignore_ascii_case(kind).then_some(2),
        Some(_) => range.eq_ignore_ascii_case(essence).then_some(3),
    };
    weigh(headers, &header::ACCEPT, matches).unwrap_or(FULL)
}

/// The offered media type that the client prefers; the first one if several have the same weight.
pub(crate) fn choose<'a>(headers: &HeaderMap, offered: &[&'a str]) -> Result<&'a str, Problem> {
    let mut best = None;
    for essence in offered {
        let weight = media_type(headers, essence);
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, *essence));
        }
    }
    best.map(|(_, essence)| essence).ok_or_else(|| {
        let detail = "the Accept header allows none of the available types";
        Problem::new(ProblemKind::NotAcceptable, detail).with("allowed", offered.to_vec())
    })
}

/// Whether the client accepts this media type by name: ranges such as `image/*` say nothing about
/// types that are newer than the client.
pub(crate) fn names(headers: &HeaderMap, essence: &str) -> bool {
    let matches = |range: &str| range.eq_ignore_ascii_case(essence).then_some(1);
    weigh(headers, &header::ACCEPT, matches).is_some_and(|weight| weight > 0)
}

/// Whether the client is one that shows pages to people: it prefers HTML to JSON. A client without
/// a preference gets JSON.
pub(crate) fn prefers_page(headers: &HeaderMap) -> bool {
    let page = "text/html";
    let offered = ["application/problem+json", "application/json", page];
    choose(headers, &offered).is_ok_and(|chosen| chosen == page)
}

/// Whether the client prefers gzip to unencoded bytes.
pub(crate) fn gzip(headers: &HeaderMap) -> bool {
    let coding = |name: &'static str| {
        let matches = move |range: &str| match range {
            "*" => Some(1),
            _ if range.eq_ignore_ascii_case(name) => Some(2),
            _ => None,
        };
        weigh(headers, &header::ACCEPT_ENCODING, matches)
    };
    let has_field = headers.contains_key(header::ACCEPT_ENCODING);
    let gzip = coding("gzip").filter(|_| has_field).unwrap_or(0);
    // Unless `identity` is named, it is acceptable, but not preferred.
    gzip > 0 && gzip >= coding("identity").unwrap_or(0)
}

/// The weight of the most specific range that matches; 0 if there are ranges but none matches,
/// `None` if there are no ranges. `matches` returns how specific a match is.
fn weigh(
    headers: &HeaderMap,
    field: &HeaderName,
    matches: impl Fn(&str) -> Option<u8>,
) -> Option<Weight> {
    let values = headers.get_all(field).iter();
    let mut has_ranges = false;
    let mut found = (0, 0);
    for range in values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(MAX_RANGES)
    {
        let (range, weight) = parse(range);
        if range.is_empty() {
            continue;
        }
        has_ranges = true;
        if let Some(specific) = matches(range) {
            found = found.max((specific, weight));
        }
    }
    has_ranges.then_some(found.1)
}

/// A range without its parameters, and its weight.
fn parse(range: &str) -> (&str, Weight) {
    let mut parameters = range.split(';').map(str::trim);
    let name = parameters.next().unwrap_or_default();
    let weight = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then_some(value.trim())
    });
    (name, weight.and_then(thousandths).unwrap_or(FULL))
}

/// `0.25` as 250 (RFC 9110 §12.4.2); `None` if the text is not a weight.
fn thousandths(text: &str) -> Option<Weight> {
    let number: f32 = text.parse().ok()?;
    // Between 0 and 1 the cast is exact enough.
    (0.0..=1.0)
        .contains(&number)
        .then_some((number * 1000.0).round() as Weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| value.parse().expect("a value"));
        values.map(|value| (name.clone(), value)).collect()
    }

    #[test]
    fn the_most_specific_range_decides() {
        let check = |accept: &[&str], essence: &str, expect: Weight| {
            let headers = headers(header::ACCEPT, accept);
            assert_eq!(
                media_type(&headers, essence),
                expect,
                "{accept:?} {essence}"
            );
        };
        check(&[], "image/png", 1000);
        check(&["*/*"], "image/png", 1000);
        check(&["*"], "image/png", 1000);
        check(&["image/*"], "image/png", 1000);
        check(&["IMAGE/PNG"], "image/png", 1000);
        check(&["image/*"], "application/json", 0);
        check(&["text/html"], "application/json", 0);
        check(&["text/html, */*;q=0.1"], "application/json", 100);
        check(
            &["text/html", "application/json;q=0.25"],
            "application/json",
            250,
        );
        check(&["*/*, application/json;q=0"], "application/json", 0);
        check(&["application/json;q=0, */*"], "application/json", 0);
        check(&["image/*;q=0, image/png ; q=0.5"], "image/png", 500);
        check(&["image/*;q=0, image/png ; q=0.5"], "image/gif", 0);
        check(
            &["text/html, image/gif, *; q=.2, */*; q=.2"],
            "image/png",
            200,
        );
        check(
            &["application/json; charset=utf-8"],
            "application/json",
            1000,
        );
        check(
            &["application/json;version=1;q=0.5"],
            "application/json",
            500,
        );
        check(&["image/png;q=2", "image/gif;q=x"], "image/png", 1000);
        check(&["image/png;q=NaN", "image/gif;q=-1"], "image/gif", 1000);
        check(&[""], "image/png", 1000);
        check(&[",, ;q=0"], "image/png", 1000);
        check(&["nonsense"], "image/png", 0);
    }

    #[test]
    fn a_type_is_accepted_by_name_only_where_it_is_named() {
        let check = |accept: &[&str], expect: bool| {
            let headers = headers(header::ACCEPT, accept);
            assert_eq!(names(&headers, "image/webp"), expect, "{accept:?}");
        };
        check(&["image/avif,image/webp,*/*;q=0.8"], true);
        check(&["text/html", "IMAGE/WebP;q=0.1"], true);
        check(&["image/webp;q=0, image/*"], false);
        check(&["image/*"], false);
        check(&["*/*"], false);
        check(&[], false);
    }

    #[test]
    fn browsers_accept_every_image() {
        let chrome = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
        let safari = "image/webp,image/avif,image/jxl,image/heic,video/*;q=0.8,image/png,\
                      image/svg+xml,image/*;q=0.8,*/*;q=0.5";
        for accept in [chrome, safari] {
            for kind in crate::model::Kind::ALL {
                let headers = headers(header::ACCEPT, &[accept]);
                assert!(media_type(&headers, kind.media_type()) > 0, "{accept}");
            }
        }
    }

    #[test]
    fn the_first_offer_with_the_highest_weight_is_chosen() {
        let offered = ["text/html", "application/json", "text/plain"];
        let check = |accept: &str, expect: Option<&str>| {
            let headers = headers(header::ACCEPT, &[accept]);
            assert_eq!(choose(&headers, &offered).ok(), expect, "{accept}");
        };
        check("*/*", Some("text/html"));
        check("application/json, */*;q=0.5", Some("application/json"));
        check("text/*", Some("text/html"));
        check("text/plain, text/html;q=0.9", Some("text/plain"));
        check("image/png", None);
    }

    #[test]
    fn gzip_is_sent_to_clients_that_prefer_it() {
        let check = |accept: &[&str], expect: bool| {
            let headers = headers(header::ACCEPT_ENCODING, accept);
            assert_eq!(gzip(&headers), expect, "{accept:?}");
        };
        check(&[], false);
        check(&[""], false);
        check(&["gzip"], true);
        check(&["gzip, deflate, br, zstd"], true);
        check(&["br", "GZIP;q=0.5"], true);
        check(&["*"], true);
        check(&["br"], false);
        check(&["gzip;q=0"], false);
        check(&["gzip;q=0, *"], false);
        check(&["identity"], false);
        check(&["gzip;q=0.5, identity;q=1"], false);
        check(&["gzip, identity;q=0.5"], true);
    }

    proptest::proptest! {
        #[test]
        fn no_field_panics(value in "[ -~]{0,60}") {
            let headers = headers(header::ACCEPT, &[value.as_str()]);
            let weight = media_type(&headers, "image/png");
            proptest::prop_assert!(weight <= FULL);
        }

        #[test]
        fn a_weight_is_read_as_it_is_printed(weight in 0..=FULL, spaces in "[ \t]{0,2}") {
            let printed = format!("{}.{:03}", weight / FULL, weight % FULL);
            let range = format!("image/png{spaces};{spaces}Q={printed}");
            proptest::prop_assert_eq!(parse(&range), ("image/png", weight));
        }
    }
}
