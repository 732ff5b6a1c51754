//! Conditional requests and ranges, without a host.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::body::HttpBody as _;

use super::*;
use crate::blobs::{BlobError, KeyValue, MemoryKeyValue};

const CHUNK: usize = 1024;
const LENGTH: usize = 5 * CHUNK + 100;

/// A store that counts reads.
struct Counting {
    values: MemoryKeyValue,
    reads: Arc<AtomicU64>,
}

#[async_trait]
impl KeyValue for Counting {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.values.get(key).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        self.values.set(key, value).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        self.values.delete_many(keys).await
    }
}

/// An image of several chunks, and a client to request it.
struct Fixture {
    client: Client,
    reads: Arc<AtomicU64>,
    file: Vec<u8>,
    path: String,
}

impl Fixture {
    async fn new() -> Self {
        let values = MemoryKeyValue::default();
        let reads = Arc::new(AtomicU64::new(0));
        let store = Counting {
            values: values.clone(),
            reads: Arc::clone(&reads),
        };
        let client = Client::over(values, Arc::new(store), &[("chunk_bytes", "1024")]);
        let file = testing::png_of_size(LENGTH);
        let created = client.upload(&file).await;
        let path = format!("{}/content", created.header("location"));
        reads.store(0, Ordering::Relaxed);
        Self {
            client,
            reads,
            file,
            path,
        }
    }

    fn request(&self, method: Method, headers: &[(&'static str, &str)]) -> Request<Body> {
        let mut request = request(method, &self.path, Body::empty());
        for (name, value) in headers {
            let value = value.parse().expect("a header");
            request.headers_mut().append(*name, value);
        }
        request
    }

    async fn get(&self, headers: &[(&'static str, &str)]) -> Answer {
        self.client.send(self.request(Method::GET, headers)).await
    }

    /// The number of chunks that were read since the last call.
    fn reads(&self) -> u64 {
        self.reads.swap(0, Ordering::Relaxed)
    }
}

#[tokio::test]
async fn a_range_reads_only_the_chunks_that_it_needs() {
    let fixture = Fixture::new().await;
    let whole = fixture.get(&[]).await;
    assert_eq!(fixture.reads(), 6);
    for (range, start, end, reads) in [
        ("bytes=0-0", 0, 1, 1),
        ("bytes=1024-2047", 1024, 2048, 1),
        ("bytes=1023-1024", 1023, 1025, 2),
        ("bytes=-1", LENGTH - 1, LENGTH, 1),
        ("bytes=3000-", 3000, LENGTH, 4),
        ("bytes=0-", 0, LENGTH, 6),
        ("bytes=2000-3000,900-2100", 900, 3001, 3),
    ] {
        let answer = fixture.get(&[("range", range)]).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(answer.body, fixture.file[start..end], "{range}");
        let expected = format!("bytes {start}-{}/{LENGTH}", end - 1);
        assert_eq!(answer.header("content-range"), expected);
        assert_eq!(answer.header("content-length"), (end - start).to_string());
        for name in [
            "etag",
            "last-modified",
            "content-type",
            "repr-digest",
            "cache-control",
        ] {
            assert_eq!(answer.header(name), whole.header(name), "{range}: {name}");
        }
        assert_eq!(fixture.reads(), reads, "{range}");
    }
}

#[tokio::test]
async fn several_ranges_are_sent_as_parts() {
    let fixture = Fixture::new().await;
    let range = "bytes=5000-5009, 0-1099, 1300-1399";
    let answer = fixture.get(&[("range", range)]).await;
    assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(answer.header("content-range"), "");
    assert_eq!(
        answer.header("content-length"),
        answer.body.len().to_string()
    );
    let content_type = answer.header("content-type");
    let boundary = content_type
        .strip_prefix("multipart/byteranges; boundary=")
        .expect("a boundary");
    let mut expect = Vec::new();
    for (start, end) in [(5000, 5010), (0, 1100), (1300, 1400)] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: image/png\r\n\
             Content-Range: bytes {start}-{}/{LENGTH}\r\n\r\n",
            end - 1
        );
        expect.extend_from_slice(head.as_bytes());
        expect.extend_from_slice(&fixture.file[start..end]);
    }
    expect.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert_eq!(answer.body, expect[2..]);
    // The second and the third share a chunk.
    assert_eq!(fixture.reads(), 3);
}

#[tokio::test]
async fn expensive_ranges_are_answered_with_the_whole() {
    let fixture = Fixture::new().await;
    let many: Vec<_> = (0..33).map(|at| format!("{0}-{0}", at * 150)).collect();
    for range in [
        "bytes=5-1",
        "lines=1-2",
        "bytes=0-2500,2700-",
        // Ranges that alternate between chunks.
        "bytes=0-0,4000-4000,200-200,4200-4200,400-400,4400-4400,600-600",
        &format!("bytes={}", many.join(",")),
    ] {
        let answer = fixture.get(&[("range", range)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{range}");
        assert_eq!(answer.body, fixture.file, "{range}");
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert_eq!(fixture.reads(), 6, "{range}");
    }
    let twice = [("range", "bytes=0-0"), ("range", "bytes=0-0")];
    assert_eq!(fixture.get(&twice).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_range_past_the_end_is_refused_with_the_size() {
    let fixture = Fixture::new().await;
    for range in ["bytes=5220-", "bytes=9999-10000,-0"] {
        let answer = fixture.get(&[("range", range)]).await;
        answer.is_problem(416, "range-not-satisfiable");
        assert_eq!(answer.header("content-range"), format!("bytes */{LENGTH}"));
        assert_eq!(answer.json()["size"], LENGTH);
        assert_eq!(fixture.reads(), 0);
    }
}

#[tokio::test]
async fn if_range_determines_whether_a_range_applies() {
    let fixture = Fixture::new().await;
    let whole = fixture.get(&[]).await;
    let (etag, date) = (whole.header("etag"), whole.header("last-modified"));
    let range = ("range", "bytes=0-9");
    let weak = format!("W/{etag}");
    for (value, status) in [
        (etag, 206),
        (date, 206),
        (&weak, 200),
        ("\"other\"", 200),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 200),
        ("Sat, 06 Nov 2094 08:49:37 GMT", 200),
        ("?", 200),
    ] {
        let answer = fixture.get(&[range, ("if-range", value)]).await;
        assert_eq!(answer.status.as_u16(), status, "{value}");
    }
    // An unsatisfiable range is ignored as well.
    let past = [("range", "bytes=9999-"), ("if-range", "\"other\"")];
    assert_eq!(fixture.get(&past).await.status, StatusCode::OK);
    assert_eq!(
        fixture.get(&[("if-range", etag)]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn content_that_the_client_has_is_not_sent_again() {
    let fixture = Fixture::new().await;
    let whole = fixture.get(&[]).await;
    fixture.reads();
    let (etag, date) = (whole.header("etag"), whole.header("last-modified"));
    for condition in [("if-none-match", etag), ("if-modified-since", date)] {
        for method in [Method::GET, Method::HEAD] {
            let headers = [condition, ("range", "bytes=0-9")];
            let request = fixture.request(method, &headers);
            let answer = fixture.client.send(request).await;
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED);
            assert_eq!(answer.body, "");
            for name in ["etag", "cache-control", "content-disposition", "vary"] {
                assert_eq!(answer.header(name), whole.header(name), "{name}");
            }
            for name in [
                "content-length",
                "content-type",
                "content-range",
                "repr-digest",
            ] {
                assert_eq!(answer.header(name), "", "{name}");
            }
        }
    }
    for condition in [
        ("if-match", "\"other\""),
        ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        let answer = fixture.get(&[condition, ("range", "bytes=0-9")]).await;
        answer.is_problem(412, "precondition-failed");
    }
    assert_eq!(fixture.reads(), 0);
    let held = [("if-match", etag), ("range", "bytes=0-9")];
    assert_eq!(fixture.get(&held).await.status, StatusCode::PARTIAL_CONTENT);
}

#[tokio::test]
async fn conditions_are_not_evaluated_for_callers_that_may_not_read_the_image() {
    let fixture = Fixture::new().await;
    for token in ["", &bearer("bob", "images:read")] {
        let mut request = fixture.request(Method::GET, &[("if-none-match", "*")]);
        request.headers_mut().remove(header::AUTHORIZATION);
        if !token.is_empty() {
            let token = token.parse().expect("a header");
            request.headers_mut().insert(header::AUTHORIZATION, token);
        }
        let status = fixture.client.send(request).await.status.as_u16();
        assert!([401, 404].contains(&status), "{status}");
    }
}

#[tokio::test]
async fn head_ignores_ranges_and_reads_nothing() {
    let fixture = Fixture::new().await;
    let get = fixture.get(&[]).await;
    fixture.reads();
    let ranged = fixture.request(Method::HEAD, &[("range", "bytes=0-9")]);
    let head = fixture.client.send(ranged).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    for (name, value) in &get.headers {
        let header = head.headers.get(name);
        assert!(name == "x-request-id" || header == Some(value), "{name}");
    }
    assert_eq!(head.headers.len(), get.headers.len());
    assert_eq!(fixture.reads(), 0);
}

#[tokio::test]
async fn ranges_within_one_chunk_are_sent_without_a_stream() {
    let fixture = Fixture::new().await;
    for (range, is_stream) in [
        ("bytes=0-0", false),
        ("bytes=1024-2047", false),
        ("bytes=1100-1109,1500-1509", false),
        ("bytes=1023-1024", true),
        ("bytes=0-9,2000-2009", true),
        ("bytes=0-", true),
    ] {
        let request = fixture.request(Method::GET, &[("range", range)]);
        let response = fixture.client.api.respond(request).await;
        let length = response.body().size_hint().exact();
        assert_eq!(length.is_none(), is_stream, "{range}");
    }
}

#[tokio::test]
async fn reading_stops_when_the_client_disconnects() {
    let fixture = Fixture::new().await;
    for range in ["bytes=0-", "bytes=0-3000,4000-"] {
        let request = fixture.request(Method::GET, &[("range", range)]);
        let response = fixture.client.api.respond(request).await;
        let mut body = response.into_body();
        let first = body.frame().await.expect("a frame").expect("is read");
        assert!(first.data_ref().is_some_and(|data| !data.is_empty()));
        drop(body);
        assert_eq!(
            fixture.reads(),
            1,
            "{range}: only the chunk that was being sent"
        );
    }
}
