//! Answers to writes and deletions that S3 would not give, each with a name: nothing counts
//! as stored, or as deleted, that is not.

use super::fake::{Answer, End, error};
use super::*;

/// The requests of a large upload, in order: the first part is sent when the second one
/// begins.
const BEGIN: usize = 0;
const PART: usize = 1;
const COMPLETE: usize = 3;

/// Writes an object of `size` bytes, while the request number `at` has this fault, `times`
/// over. Returns whether it was stored; in any case, a clean-up leaves nothing.
async fn is_stored(size: usize, at: usize, fault: Fault, times: usize, name: &str) -> bool {
    let (fake, blobs) = store(384 << 10);
    let content = content(size);
    let faults = std::iter::repeat_n(None, at).chain(std::iter::repeat_n(Some(fault), times));
    fake.fail(faults);
    let written = write(&blobs, &content, true).await;
    fake.fail([]);
    let stored = match written {
        Ok(blob) => {
            let back = read(&blobs, &blob, 0..blob.size).await;
            assert!(back == Ok(content), "{name}: counted as stored");
            true
        }
        Err(BlobError::Store(cause)) => {
            assert!(cause.to_string().len() < 1000, "{name}");
            false
        }
        Err(error) => panic!("{name}: {error}"),
    };
    blobs.delete_remains(&id()).await.expect("cleaned");
    let state = fake.state();
    let left = (state.objects.len(), state.uploads.len());
    assert_eq!(left, (0, 0), "{name}");
    stored
}

fn says(status: u16, body: &'static str) -> Answer {
    Answer::new(status, body)
}

const PAGE: &str = "<html><body>Sign in to the network</body></html>";

/// A fault of the request with this number, and whether the operation succeeds all the same.
type Case = (&'static str, usize, Fault, bool);

/// The server gives this answer and does nothing: the operation fails.
fn instead(name: &'static str, at: usize, answer: fn() -> Answer) -> Case {
    (name, at, Fault::Instead(answer), false)
}

/// The answer is changed in this way.
fn changed(name: &'static str, at: usize, change: fn(&mut Answer), is_well: bool) -> Case {
    (name, at, Fault::Changed(change), is_well)
}

#[tokio::test]
async fn a_small_object_is_stored_only_if_s3_says_so() {
    fn tag(answer: &mut Answer, tag: Option<&str>) {
        answer.set("etag", tag);
    }
    let cases = vec![
        instead("a page of a captive portal", 0, || says(200, PAGE)),
        instead("an empty page", 0, || says(200, "")),
        instead("no content", 0, || says(204, "")),
        instead("a redirect", 0, || says(307, "")),
        instead("a permanent redirect", 0, || {
            error(301, "PermanentRedirect")
        }),
        instead("a full disk", 0, || says(507, "")),
        instead("a wrong digest", 0, || error(400, "BadDigest")),
        instead("too large an object", 0, || error(400, "EntityTooLarge")),
        instead("an exceeded quota", 0, || error(403, "QuotaExceeded")),
        instead("no bucket", 0, || error(404, "NoSuchBucket")),
        ("a storm of SlowDown", 0, Fault::Status(503), false),
        ("lost answers", 0, Fault::AnswerLost, false),
        ("no answer", 0, Fault::Silence, false),
        changed("another status of success", 0, |it| it.status = 201, true),
        changed("a body that breaks off", 0, |it| it.end = End::Broken, true),
        changed("another's entity tag", 0, |it| tag(it, Some("\"x\"")), true),
        changed(
            "a tag that is not text",
            0,
            |it| tag(it, Some("\u{fc}")),
            false,
        ),
        changed("no entity tag", 0, |it| tag(it, None), false),
    ];
    for (name, at, fault, expected) in cases {
        assert_eq!(
            is_stored(3000, at, fault, 9, name).await,
            expected,
            "{name}"
        );
    }
}

fn hollow(answer: &mut Answer) {
    answer.body = Bytes::new();
}

fn cut(answer: &mut Answer) {
    answer.body = answer.body.slice(..answer.body.len() - 5);
}

fn silent(answer: &mut Answer) {
    answer.end = End::Silent;
}

async fn check_large(cases: Vec<Case>) {
    for (name, at, fault, expected) in cases {
        let size = super::PART + 1000;
        assert_eq!(
            is_stored(size, at, fault, 1, name).await,
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_large_object_is_begun_only_if_s3_says_so() {
    let hollow_id = || says(200, "<I><UploadId></UploadId></I>");
    let megabytes = || Answer::new(200, vec![b'x'; 2 << 20]);
    check_large(vec![
        instead("begun by a page", BEGIN, || says(200, PAGE)),
        instead("begun by nothing", BEGIN, || says(200, "")),
        instead("without an id", BEGIN, || says(200, "<I><Key>b</Key></I>")),
        instead("with an empty id", BEGIN, hollow_id),
        instead("begun by two megabytes", BEGIN, megabytes),
        instead("begun by an error", BEGIN, || error(200, "AccessDenied")),
        changed("a beginning that is cut", BEGIN, cut, false),
        changed("a beginning without an end", BEGIN, silent, false),
        instead("a part answered by a page", PART, || says(200, PAGE)),
        instead("a part of an unknown upload", PART, || {
            error(404, "NoSuchUpload")
        }),
        instead("a redirected part", PART, || says(307, "")),
        ("a denied part", PART, Fault::Status(403), false),
        ("a part in a squall", PART, Fault::Status(503), true),
        changed(
            "a part without a tag",
            PART,
            |it| it.set("etag", None),
            false,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_large_object_is_stored_only_if_s3_says_so() {
    fn late_error(answer: &mut Answer) {
        answer.body = error(200, "InternalError").body;
    }
    check_large(vec![
        instead("a late error", COMPLETE, || error(200, "InternalError")),
        instead("nothing", COMPLETE, || says(200, "")),
        instead("a page", COMPLETE, || says(200, PAGE)),
        instead("an upload that is gone", COMPLETE, || {
            error(404, "NoSuchUpload")
        }),
        instead("a wrong entity tag", COMPLETE, || error(400, "InvalidPart")),
        changed("an error, though it is done", COMPLETE, late_error, false),
        changed("nothing, though it is done", COMPLETE, hollow, true),
        changed("a truncated answer", COMPLETE, cut, false),
        changed("an answer without an end", COMPLETE, silent, false),
        ("a lost answer", COMPLETE, Fault::AnswerLost, true),
    ])
    .await;
}

#[tokio::test]
async fn remains_are_gone_only_if_s3_says_so() {
    // The list of uploads, the abortion of the one that is left, and the deletion.
    const LIST: usize = 0;
    const ABORT: usize = 1;
    const DELETE: usize = 2;
    let cases = vec![
        instead("a list that is a page", LIST, || says(200, PAGE)),
        instead("a list that is empty", LIST, || says(200, "")),
        instead("a list that is an error", LIST, || {
            error(200, "InternalError")
        }),
        instead("a list that is denied", LIST, || error(403, "AccessDenied")),
        changed("a list that is cut", LIST, cut, false),
        changed("a list without an end", LIST, silent, false),
        ("a list that breaks off", LIST, Fault::Cut(30), false),
        instead("an abortion that is redirected", ABORT, || says(301, "")),
        instead("a proxy's page for an abortion", ABORT, || says(404, PAGE)),
        (
            "an abortion whose answer is lost",
            ABORT,
            Fault::AnswerLost,
            true,
        ),
        instead("a deletion that is redirected", DELETE, || says(301, "")),
        instead("a proxy's page for a deletion", DELETE, || says(404, PAGE)),
        instead("a deletion that is denied", DELETE, || {
            error(403, "AccessDenied")
        }),
        (
            "a deletion whose answer is lost",
            DELETE,
            Fault::AnswerLost,
            true,
        ),
    ];
    for (name, at, fault, expected) in cases {
        let (fake, blobs) = store(384 << 10);
        let mut writer = blobs.create(id(), None);
        writer.write(content(super::PART)).await.expect("begun");
        drop(writer);
        fake.fail(std::iter::repeat_n(None, at).chain([Some(fault)]));
        let cleaned = blobs.delete_remains(&id()).await;
        assert_eq!(cleaned.is_ok(), expected, "{name}: {cleaned:?}");
        fake.fail([]);
        blobs.delete_remains(&id()).await.expect("cleaned");
        assert_eq!(fake.state().uploads.len(), 0, "{name}");
    }
}
