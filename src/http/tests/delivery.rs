//! Conditional requests and ranges, as far as they need no host.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::body::HttpBody as _;

use super::*;
use crate::blobs::BlobError;

const CHUNK: usize = 1024;
const LENGTH: usize = 5 * CHUNK + 100;

/// A store that counts what is read of it.
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

/// An image of several chunks, and a client of its own to ask for it.
struct Stage {
    client: Client,
    reads: Arc<AtomicU64>,
    file: Vec<u8>,
    path: String,
}

impl Stage {
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

    /// How many chunks were read since the last time.
    fn reads(&self) -> u64 {
        self.reads.swap(0, Ordering::Relaxed)
    }
}

#[tokio::test]
async fn one_range_is_sent_from_the_chunks_that_it_needs() {
    let stage = Stage::new().await;
    let whole = stage.get(&[]).await;
    assert_eq!(stage.reads(), 6);
    for (range, start, end, reads) in [
        ("bytes=0-0", 0, 1, 1),
        ("bytes=1024-2047", 1024, 2048, 1),
        ("bytes=1023-1024", 1023, 1025, 2),
        ("bytes=-1", LENGTH - 1, LENGTH, 1),
        ("bytes=3000-", 3000, LENGTH, 4),
        ("bytes=0-", 0, LENGTH, 6),
        ("bytes=2000-3000,900-2100", 900, 3001, 3),
    ] {
        let answer = stage.get(&[("range", range)]).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(answer.body, stage.file[start..end], "{range}");
        let told = format!("bytes {start}-{}/{LENGTH}", end - 1);
        assert_eq!(answer.header("content-range"), told);
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
        assert_eq!(stage.reads(), reads, "{range}");
    }
}

#[tokio::test]
async fn several_ranges_are_sent_as_parts() {
    let stage = Stage::new().await;
    let range = "bytes=5000-5009, 0-1099, 1300-1399";
    let answer = stage.get(&[("range", range)]).await;
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
        expect.extend_from_slice(&stage.file[start..end]);
    }
    expect.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert_eq!(answer.body, expect[2..]);
    // The second and the third share a chunk.
    assert_eq!(stage.reads(), 3);
}

#[tokio::test]
async fn ranges_that_are_not_worth_it_get_the_whole() {
    let stage = Stage::new().await;
    let many: Vec<_> = (0..33).map(|at| format!("{0}-{0}", at * 150)).collect();
    for range in [
        "bytes=5-1",
        "lines=1-2",
        "bytes=0-2500,2700-",
        // To and fro between chunks.
        "bytes=0-0,4000-4000,200-200,4200-4200,400-400,4400-4400,600-600",
        &format!("bytes={}", many.join(",")),
    ] {
        let answer = stage.get(&[("range", range)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{range}");
        assert_eq!(answer.body, stage.file, "{range}");
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert_eq!(stage.reads(), 6, "{range}");
    }
    let twice = [("range", "bytes=0-0"), ("range", "bytes=0-0")];
    assert_eq!(stage.get(&twice).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_range_past_the_end_is_refused_with_the_length() {
    let stage = Stage::new().await;
    for range in ["bytes=5220-", "bytes=9999-10000,-0"] {
        let answer = stage.get(&[("range", range)]).await;
        answer.is_problem(416, "range-not-satisfiable");
        assert_eq!(answer.header("content-range"), format!("bytes */{LENGTH}"));
        assert_eq!(answer.json()["size"], LENGTH);
        assert_eq!(stage.reads(), 0);
    }
}

#[tokio::test]
async fn if_range_decides_between_the_part_and_the_whole() {
    let stage = Stage::new().await;
    let whole = stage.get(&[]).await;
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
        let answer = stage.get(&[range, ("if-range", value)]).await;
        assert_eq!(answer.status.as_u16(), status, "{value}");
    }
    // A range that could not be satisfied is not heard either.
    let past = [("range", "bytes=9999-"), ("if-range", "\"other\"")];
    assert_eq!(stage.get(&past).await.status, StatusCode::OK);
    assert_eq!(
        stage.get(&[("if-range", etag)]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let stage = Stage::new().await;
    let whole = stage.get(&[]).await;
    stage.reads();
    let (etag, date) = (whole.header("etag"), whole.header("last-modified"));
    for condition in [("if-none-match", etag), ("if-modified-since", date)] {
        for method in [Method::GET, Method::HEAD] {
            let headers = [condition, ("range", "bytes=0-9")];
            let request = stage.request(method, &headers);
            let answer = stage.client.send(request).await;
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
        let answer = stage.get(&[condition, ("range", "bytes=0-9")]).await;
        answer.is_problem(412, "precondition-failed");
    }
    assert_eq!(stage.reads(), 0);
    let held = [("if-match", etag), ("range", "bytes=0-9")];
    assert_eq!(stage.get(&held).await.status, StatusCode::PARTIAL_CONTENT);
}

#[tokio::test]
async fn conditions_are_not_heard_where_the_image_is_not_to_be_read() {
    let stage = Stage::new().await;
    for token in ["", &bearer("bob", "images:read")] {
        let mut request = stage.request(Method::GET, &[("if-none-match", "*")]);
        request.headers_mut().remove(header::AUTHORIZATION);
        if !token.is_empty() {
            let token = token.parse().expect("a header");
            request.headers_mut().insert(header::AUTHORIZATION, token);
        }
        let status = stage.client.send(request).await.status.as_u16();
        assert!([401, 404].contains(&status), "{status}");
    }
}

#[tokio::test]
async fn head_hears_no_range_and_reads_nothing() {
    let stage = Stage::new().await;
    let get = stage.get(&[]).await;
    stage.reads();
    let ranged = stage.request(Method::HEAD, &[("range", "bytes=0-9")]);
    let head = stage.client.send(ranged).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    for (name, value) in &get.headers {
        let told = head.headers.get(name);
        assert!(name == "x-request-id" || told == Some(value), "{name}");
    }
    assert_eq!(head.headers.len(), get.headers.len());
    assert_eq!(stage.reads(), 0);
}

#[tokio::test]
async fn what_lies_in_one_chunk_is_sent_without_a_stream() {
    let stage = Stage::new().await;
    for (range, is_stream) in [
        ("bytes=0-0", false),
        ("bytes=1024-2047", false),
        ("bytes=1100-1109,1500-1509", false),
        ("bytes=1023-1024", true),
        ("bytes=0-9,2000-2009", true),
        ("bytes=0-", true),
    ] {
        let request = stage.request(Method::GET, &[("range", range)]);
        let response = respond(stage.client.router.clone(), request).await;
        let length = response.body().size_hint().exact();
        assert_eq!(length.is_none(), is_stream, "{range}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_reading() {
    let stage = Stage::new().await;
    for range in ["bytes=0-", "bytes=0-3000,4000-"] {
        let request = stage.request(Method::GET, &[("range", range)]);
        let response = respond(stage.client.router.clone(), request).await;
        let mut body = response.into_body();
        let first = body.frame().await.expect("a frame").expect("is read");
        assert!(first.data_ref().is_some_and(|data| !data.is_empty()));
        drop(body);
        assert_eq!(stage.reads(), 1, "{range}: the one that was being sent");
    }
}
