//! Answers to reads that S3 would not give, each with a name.

use super::fake::{Answer, End, error};
use super::*;

/// The outcome of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The bytes that were stored.
    Served,
    /// 503: the store does not answer as it should. A retry may help.
    Unavailable,
    /// 500: the stored bytes are damaged.
    Damaged,
}

/// The requests with a fault: all of them, or only the first.
enum Times {
    Ever,
    Once,
}

use Outcome::{Damaged, Served, Unavailable};
use Times::{Ever, Once};

type Case = (&'static str, Fault, Times, Outcome);

/// Every request gets this answer, and is not carried out.
fn instead(name: &'static str, answer: fn() -> Answer, outcome: Outcome) -> Case {
    (name, Fault::Instead(answer), Ever, outcome)
}

/// Every answer is changed in this way.
fn changed(name: &'static str, change: fn(&mut Answer), outcome: Outcome) -> Case {
    (name, Fault::Changed(change), Ever, outcome)
}

/// The same for the first request only.
fn once((name, fault, _, _): Case, outcome: Outcome) -> Case {
    (name, fault, Once, outcome)
}

const SIZE: u64 = 10_000;

/// Reads through this fault.
async fn outcome(fault: Fault, times: &Times, range: Range<u64>) -> (Outcome, FakeS3) {
    let (fake, blobs) = store(CHUNK);
    let content = content(10_000);
    let blob = write(&blobs, &content, true).await.expect("written");
    fake.state().calls.clear();
    fake.fail(match times {
        Ever => vec![Some(fault); 50],
        Once => vec![Some(fault)],
    });
    let expected = content.slice(range.start as usize..range.end as usize);
    let outcome = match read(&blobs, &blob, range).await {
        Ok(bytes) => {
            assert!(bytes == expected, "other bytes");
            Served
        }
        Err(BlobError::Store(cause)) => {
            let message = cause.to_string();
            assert!(message.len() < 1000, "{} bytes for the log", message.len());
            Unavailable
        }
        Err(BlobError::OutOfRange { .. }) => panic!("the range is inside"),
        Err(_) => Damaged,
    };
    (outcome, fake)
}

async fn check(cases: Vec<Case>) {
    for (name, fault, times, expected) in cases {
        for range in [0..SIZE, 4_300..8_200, 9_999..SIZE] {
            let (found, _) = outcome(fault, &times, range.clone()).await;
            assert_eq!(found, expected, "{name}, {range:?}");
        }
    }
}

fn says(status: u16, body: &'static str) -> Answer {
    Answer::new(status, body)
}

const PAGE: &str = "<html><body>Sign in to the network<br></body></html>";

#[tokio::test]
async fn answers_that_are_not_from_s3_are_not_objects() {
    fn elsewhere() -> Answer {
        let mut answer = says(307, "");
        answer.set("location", Some("http://169.254.169.254/latest/meta-data"));
        answer
    }
    let skewed = || error(403, "RequestTimeTooSkewed");
    check(vec![
        instead(
            "a redirect without a location",
            || says(301, ""),
            Unavailable,
        ),
        instead("a redirect to another server", elsewhere, Unavailable),
        instead("not modified", || says(304, ""), Unavailable),
        instead("no content", || says(204, ""), Unavailable),
        instead(
            "a page of a captive portal",
            || says(200, PAGE),
            Unavailable,
        ),
        instead("an empty page", || says(200, ""), Unavailable),
        instead("a page that is accepted", || says(202, PAGE), Unavailable),
        instead("another protocol", || says(101, ""), Unavailable),
        instead("a proxy's page for 404", || says(404, PAGE), Unavailable),
        instead("no bucket", || error(404, "NoSuchBucket"), Unavailable),
        instead("no object", || error(404, "NoSuchKey"), Damaged),
        instead("a short object", || error(416, "InvalidRange"), Damaged),
        instead("access denied", || error(403, "AccessDenied"), Unavailable),
        instead("a wrong clock", skewed, Unavailable),
        instead("an unknown status", || says(599, ""), Unavailable),
        once(instead("one page", || says(511, PAGE), Served), Unavailable),
    ])
    .await;
}

#[tokio::test]
async fn storms_are_waited_out_for_a_while() {
    for (name, fault, _, _) in [
        instead("SlowDown", || error(503, "SlowDown"), Unavailable),
        instead("429", || says(429, ""), Unavailable),
        instead(
            "internal errors",
            || error(500, "InternalError"),
            Unavailable,
        ),
        instead("bad gateways", || says(502, "Bad Gateway"), Unavailable),
        instead("time-outs", || error(400, "RequestTimeout"), Unavailable),
    ] {
        let (found, fake) = outcome(fault, &Ever, 0..SIZE).await;
        let calls = fake.state().calls.len();
        assert_eq!((found, calls), (Unavailable, 3), "a storm of {name}");
        let (found, _) = outcome(fault, &Once, 0..SIZE).await;
        assert_eq!(found, Served, "a squall of {name}");
    }
}

#[tokio::test]
async fn a_different_range_is_never_accepted() {
    fn range(answer: &mut Answer, range: &str) {
        answer.set("content-range", Some(range));
    }
    fn parts(answer: &mut Answer) {
        answer.set("content-range", None);
        answer.set("content-type", Some("multipart/byteranges; boundary=x"));
    }
    fn whole(answer: &mut Answer) {
        answer.status = 200;
        answer.set("content-range", None);
    }
    let unlabelled: fn(&mut Answer) = |answer| answer.set("content-range", None);
    let untagged: fn(&mut Answer) = |answer| answer.set("etag", None);
    check(vec![
        changed("a part without a range", unlabelled, Unavailable),
        changed(
            "a part of letters",
            |it| range(it, "bytes a-b/c"),
            Unavailable,
        ),
        changed("other units", |it| range(it, "items 0-9/10"), Unavailable),
        changed(
            "beyond the end",
            |it| range(it, "bytes 0-9999/50"),
            Unavailable,
        ),
        changed(
            "from a later byte",
            |it| range(it, "bytes 77-10079/10080"),
            Unavailable,
        ),
        changed("two parts at once", parts, Unavailable),
        changed("bytes without an entity tag", untagged, Unavailable),
    ])
    .await;
    for (range, expected) in [
        (0..SIZE, Served),
        (0..10, Served),
        (5_000..SIZE, Unavailable),
    ] {
        let (found, _) = outcome(Fault::Changed(whole), &Ever, range.clone()).await;
        assert_eq!(found, expected, "the whole object for {range:?}");
    }
}

#[tokio::test]
async fn a_truncated_body_is_not_damage() {
    fn without_length(answer: &mut Answer) {
        answer.has_length = false;
        answer.cut = 500;
    }
    fn whole_without_length(answer: &mut Answer) {
        without_length(answer);
        answer.status = 200;
        answer.set("content-range", None);
    }
    fn shorter(answer: &mut Answer) {
        let range = answer
            .headers
            .iter()
            .find(|(name, _)| *name == "content-range");
        let from = range.and_then(|(_, range)| range["bytes ".len()..].split('-').next());
        let from: u64 = from.expect("a range").parse().expect("a number");
        answer.body = answer.body.slice(..500);
        let range = format!("bytes {from}-{}/10080", from + 499);
        answer.set("content-range", Some(&range));
    }
    check(vec![
        (
            "a body that breaks off each time",
            Fault::Cut(500),
            Ever,
            Unavailable,
        ),
        ("a body that breaks off once", Fault::Cut(500), Once, Served),
        (
            "a body that ends early each time",
            Fault::Ended(500),
            Ever,
            Unavailable,
        ),
        (
            "a body that ends early once",
            Fault::Ended(500),
            Once,
            Served,
        ),
        (
            "a body that is empty each time",
            Fault::Ended(0),
            Ever,
            Unavailable,
        ),
        changed("a part without a length, cut", without_length, Unavailable),
        once(changed("the same once", without_length, Served), Served),
        changed("a shorter part than requested", shorter, Unavailable),
    ])
    .await;
    let (found, _) = outcome(Fault::Changed(whole_without_length), &Ever, 0..SIZE).await;
    assert_eq!(found, Unavailable, "a whole object without a length, cut");
}

#[tokio::test]
async fn answers_in_unusual_forms_are_served() {
    check(vec![
        changed("a byte at a time", |it| it.piece = 1, Served),
        changed("all at once", |it| it.piece = usize::MAX, Served),
        changed("a body without an end", |it| it.end = End::Endless, Served),
        changed("a body that stops", |it| it.end = End::Silent, Served),
        changed(
            "a body that breaks after its end",
            |it| it.end = End::Broken,
            Served,
        ),
        changed(
            "a body without a length",
            |it| it.has_length = false,
            Served,
        ),
    ])
    .await;
}

#[tokio::test]
async fn bytes_that_change_in_transit_are_read_again() {
    fn flip(answer: &mut Answer) {
        let mut body = answer.body.to_vec();
        body.iter_mut().for_each(|byte| *byte ^= 1);
        answer.body = body.into();
    }
    fn zip(answer: &mut Answer) {
        answer.body = vec![0x1f; answer.body.len()].into();
        answer.set("content-encoding", Some("gzip"));
    }
    check(vec![
        once(changed("bytes that change once", flip, Served), Served),
        changed("bytes that change each time", flip, Damaged),
        changed("bytes that a proxy has compressed", zip, Damaged),
    ])
    .await;
}

#[tokio::test]
async fn long_errors_are_truncated() {
    fn endless() -> Answer {
        let mut answer = says(503, "<Error><Code>SlowDown</Code><Message>");
        answer.end = End::Endless;
        answer
    }
    fn long() -> Answer {
        let x = "x".repeat(100_000);
        Answer::new(
            400,
            format!("<E><Code>{x}</Code><Message>{x}</Message></E>"),
        )
    }
    fn bomb() -> Answer {
        let entities = "<!ENTITY a \"&b;&b;\"><!ENTITY b \"&a;&a;\">";
        let document = format!("<!DOCTYPE x [{entities}]><Code>&a;</Code>");
        Answer::new(400, document)
    }
    let megabytes = || Answer::new(400, vec![b'x'; 2 << 20]);
    let not_text = || Answer::new(500, vec![0xff; 99]);
    check(vec![
        instead("an error without an end", endless, Unavailable),
        instead("an error of two megabytes", megabytes, Unavailable),
        instead("a long code and a long message", long, Unavailable),
        instead(
            "nested elements",
            || Answer::new(400, "<a>".repeat(100_000)),
            Unavailable,
        ),
        instead("entities in entities", bomb, Unavailable),
        instead("an error that is not text", not_text, Unavailable),
    ])
    .await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    fn silent_error() -> Answer {
        let mut answer = says(500, "<Error>");
        answer.end = End::Silent;
        answer
    }
    for (name, fault) in [
        ("no answer", Fault::Silence),
        ("an error that never arrives", Fault::Instead(silent_error)),
    ] {
        let (found, fake) = outcome(fault, &Ever, 0..SIZE).await;
        assert_eq!(found, Unavailable, "{name}");
        assert_eq!(fake.state().waited, client::SILENCE, "{name}");
    }
}
