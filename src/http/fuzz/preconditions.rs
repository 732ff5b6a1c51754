//! `Range` and the conditions of a download (RFC 9110 §13 and §14).

use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, Method, header};

use super::{Answer, Session, fill, headers};
use crate::auth::fuzz::first_line;
use crate::http::headers::conditional::{self, Validators, Verdict};
use crate::http::headers::entity_tag::EntityTag;
use crate::media::testing;

const NAMES: &[&str] = &[
    "range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "accept",
];

struct Stored {
    session: Session,
    object: String,
    file: Vec<u8>,
    etag: String,
    date: String,
}

impl Stored {
    /// An image of five chunks.
    fn new() -> Self {
        let session = Session::new(&[("chunk_bytes", "1024")]);
        let file = testing::png_of_size(5000);
        let object = session.upload("", file.clone());
        let answer = session.get(&format!("{object}/content"));
        Self {
            etag: answer.header("etag").to_owned(),
            date: answer.header("last-modified").to_owned(),
            session,
            object,
            file,
        }
    }
}

thread_local! {
    static STORED: Stored = Stored::new();
}

/// The input is `GET` or `HEAD`, followed by header lines in which `{etag}` and `{date}` are
/// replaced with those of the image.
pub fn preconditions(input: &[u8]) {
    STORED.with(|stored| {
        let (first, rest) = first_line(input);
        let words = [
            ("{etag}", stored.etag.as_bytes()),
            ("{date}", stored.date.as_bytes()),
        ];
        let headers = headers(&fill(rest, &words), NAMES);
        let method = if first == b"HEAD" {
            Method::HEAD
        } else {
            Method::GET
        };
        check_verdicts(stored, &headers);
        let object = stored.object.parse().expect("a path");
        let answer = stored
            .session
            .send(method.clone(), object, headers.clone(), Body::empty());
        assert!([200, 304, 406, 412].contains(&answer.status.as_u16()));
        let content = format!("{}/content", stored.object)
            .parse()
            .expect("a path");
        let answer = stored
            .session
            .send(method.clone(), content, headers.clone(), Body::empty());
        check_content(stored, &method, &headers, &answer);
    });
}

/// Checks that reads and writes have corresponding verdicts.
fn check_verdicts(stored: &Stored, headers: &HeaderMap) {
    let current = Validators {
        equivalent: None,
        etag: EntityTag::strong(stored.etag.trim_matches('"')),
        last_modified: 1_800_000_000,
    };
    let evaluate = |method: Method| conditional::evaluate(&method, headers, &current);
    let (reads, writes) = (evaluate(Method::GET), evaluate(Method::PATCH));
    assert_eq!(evaluate(Method::HEAD), reads);
    assert_eq!(evaluate(Method::DELETE), writes);
    match reads {
        Verdict::NotModified => assert_ne!(writes, Verdict::NotModified),
        other => assert_eq!(writes, other),
    }
    if !conditional::has_conditions(headers) {
        assert_eq!((reads, writes), (Verdict::Perform, Verdict::Perform));
    }
}

fn check_content(stored: &Stored, method: &Method, headers: &HeaderMap, answer: &Answer) {
    let has = |names: &[&str]| names.iter().any(|name| headers.contains_key(*name));
    match answer.status.as_u16() {
        200 if *method == Method::HEAD => assert_eq!(answer.header("content-length"), "5000"),
        200 => {
            assert!(answer.body == stored.file);
            assert_eq!(answer.header("content-length"), "5000");
            let requested = requested(headers, stored.file.len());
            let several = requested.is_none_or(|requested| requested.len() > 1);
            assert!(
                several || has(&["if-range"]),
                "{headers:?} is answered with the whole"
            );
        }
        206 => check_parts(stored, headers, answer),
        304 => {
            assert!(answer.body.is_empty());
            assert_eq!(answer.header("etag"), stored.etag);
            assert!(has(&["if-none-match", "if-modified-since"]));
        }
        406 => assert!(has(&["accept"])),
        412 => assert!(has(&["if-match", "if-unmodified-since"])),
        416 => {
            assert_eq!(answer.header("content-range"), "bytes */5000");
            assert_eq!(requested(headers, stored.file.len()), Some(Vec::new()));
        }
        other => panic!("{other}: {headers:?}"),
    }
    let whole = *method == Method::HEAD || !has(&["range"]);
    assert!(!(whole && [206, 416].contains(&answer.status.as_u16())));
}

/// Checks that the parts are within the file, do not overlap, have its bytes, are not longer than it
/// in total, and include the requested ranges.
fn check_parts(stored: &Stored, headers: &HeaderMap, answer: &Answer) {
    let length: usize = answer.header("content-length").parse().expect("a length");
    assert_eq!(length, answer.body.len());
    let content_type = answer.header("content-type");
    let parts = match content_type.strip_prefix("multipart/byteranges; boundary=") {
        Some(boundary) => parts(&answer.body, boundary),
        None => vec![(span(answer.header("content-range")), &answer.body[..])],
    };
    assert!((1..=32).contains(&parts.len()));
    let mut sum = 0;
    for (at, (span, bytes)) in parts.iter().enumerate() {
        assert!(span.start < span.end && stored.file.get(span.clone()) == Some(bytes));
        sum += span.len();
        for (other, _) in &parts[..at] {
            assert!(
                span.end <= other.start || other.end <= span.start,
                "{headers:?}"
            );
        }
    }
    assert!(sum <= stored.file.len());
    for requested in requested(headers, stored.file.len()).expect("a Range") {
        let covers = |(span, _): &&(Range<usize>, &[u8])| {
            span.start <= requested.start && requested.end <= span.end
        };
        assert_eq!(parts.iter().filter(covers).count(), 1, "{headers:?}");
    }
}

/// Parses `bytes 0-1/5000` as 0..2.
fn span(content_range: &str) -> Range<usize> {
    let span = content_range
        .strip_prefix("bytes ")
        .and_then(|text| text.strip_suffix("/5000"));
    let (first, last) = span
        .expect(content_range)
        .split_once('-')
        .expect("two numbers");
    let number = |text: &str| text.parse::<usize>().expect("a number");
    number(first)..number(last) + 1
}

/// The parts of a `multipart/byteranges` body, each with its range.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<(Range<usize>, &'a [u8])> {
    let mut parts = Vec::new();
    let mut rest = body.strip_prefix(b"--").expect("a boundary");
    loop {
        rest = rest.strip_prefix(boundary.as_bytes()).expect("a boundary");
        if rest == b"--\r\n" {
            return parts;
        }
        let end = memchr::memmem::find(rest, b"\r\n\r\n").expect("a blank line");
        let (head, content) = (&rest[..end], &rest[end + 4..]);
        let head = std::str::from_utf8(head).expect("text");
        let content_range = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Range: "));
        let span = span(content_range.expect("a Content-Range"));
        let (bytes, after) = content.split_at(span.len());
        parts.push((span, bytes));
        rest = after.strip_prefix(b"\r\n--").expect("a boundary");
    }
}

/// The ranges that the `Range` header requests of a file of this size, parsed as in §14.1.1. `None`
/// if the header is absent, malformed, given more than once, or has too many ranges.
fn requested(headers: &HeaderMap, size: usize) -> Option<Vec<Range<usize>>> {
    let mut fields = headers.get_all(header::RANGE).iter();
    let field = fields.next()?.to_str().ok()?;
    if fields.next().is_some() {
        return None;
    }
    let (unit, set) = field.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") || set.split(',').count() > 256 {
        return None;
    }
    let specs = set.split(',').map(|spec| spec.trim_matches([' ', '\t']));
    let specs: Vec<&str> = specs.filter(|spec| !spec.is_empty()).collect();
    let ranges: Option<Vec<_>> = specs.iter().map(|spec| resolve(spec, size)).collect();
    let ranges = ranges.filter(|ranges| !ranges.is_empty())?;
    Some(
        ranges
            .into_iter()
            .filter(|range| !range.is_empty())
            .collect(),
    )
}

/// Parses a `range-spec`. The range is empty if it is outside the file.
fn resolve(spec: &str, size: usize) -> Option<Range<usize>> {
    let (first, last) = spec.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Numbers larger than any file are equivalent.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let within = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).min(size);
    match (digits(first), digits(last)) {
        (true, true) if number(first) <= number(last) => {
            Some(within(number(first))..within(number(last).saturating_add(1)))
        }
        (true, false) if last.is_empty() => Some(within(number(first))..size),
        (false, true) if first.is_empty() => Some(size - within(number(last))..size),
        _ => None,
    }
}
