//! Ranges of `GET /v1/images/{id}/content`, end to end.

use bytes::Bytes;
use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::support::{
    Client, Darkroom, Png, Raw, Redis, Setup, content, header, problem, redis_reads, repr_digest,
    send, token, unique,
};

const CHUNK: usize = 384 << 10;
const SIZE: usize = 5 * CHUNK + 12_345;

async fn get(client: &Client, image: &Value, range: &str) -> Response {
    let request = client.request(Method::GET, content(image));
    send(request.header("range", range)).await
}

async fn upload(client: &Client, size: usize) -> (Value, Bytes) {
    let file = Png::of_size(size).bytes();
    (client.upload(file.clone()).await, file)
}

#[tokio::test]
async fn every_range_gives_exactly_its_bytes() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let (image, file) = upload(&alice, SIZE).await;
    let borders = [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK, SIZE - 1];
    for start in borders {
        for last in borders.into_iter().filter(|last| *last >= start) {
            let range = format!("bytes={start}-{last}");
            let response = get(&alice, &image, &range).await;
            assert_eq!(response.status(), 206, "{range}");
            let expected = format!("bytes {start}-{last}/{SIZE}");
            assert_eq!(header(&response, "content-range"), expected);
            let length = (last - start + 1).to_string();
            assert_eq!(header(&response, "content-length"), length);
            // The digest is that of the whole file, not of the part.
            assert_eq!(header(&response, "repr-digest"), repr_digest(&file));
            let body = response.bytes().await.expect("all bytes");
            assert!(body == file.slice(start..=last), "{range}");
        }
    }
}

#[tokio::test]
async fn several_ranges_are_sent_as_parts_of_a_known_length() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let (image, file) = upload(&alice, SIZE).await;
    let response = get(&alice, &image, "bytes=-9,0-99,300000-1000000").await;
    assert_eq!(response.status(), 206);
    assert!(response.headers().get("content-range").is_none());
    let length: usize = header(&response, "content-length")
        .parse()
        .expect("a number");
    let content_type = header(&response, "content-type").to_owned();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=");
    let boundary = boundary.expect("parts").to_owned();
    let body = response.bytes().await.expect("all bytes");
    assert_eq!(body.len(), length);
    let mut expected = Vec::new();
    for range in [SIZE - 9..SIZE, 0..100, 300_000..1_000_001] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: image/png\r\n\
             Content-Range: bytes {}-{}/{SIZE}\r\n\r\n",
            range.start,
            range.end - 1
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&file[range]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert!(body == expected[2..]);
}

#[tokio::test]
async fn greedy_ranges_get_no_more_than_the_whole() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let (image, file) = upload(&alice, SIZE).await;
    let all = |range: String| {
        let (alice, image, file) = (&alice, &image, &file);
        async move {
            let response = get(alice, image, &range).await;
            let body = response.bytes().await.expect("all bytes");
            assert!(body == file, "{} bytes for {range:.40}", body.len());
        }
    };
    // The longest header that the host passes on to the component.
    all(format!("bytes={}", vec!["0-"; 1000].join(","))).await;
    let everywhere: Vec<_> = (0..500).map(|at| format!("{0}-{0}", at * 3000)).collect();
    all(format!("bytes={}", everywhere.join(","))).await;
    let to_and_fro: Vec<_> = (0..16)
        .map(|at| at % 2 * 4 * CHUNK + at * 1000)
        .map(|at| format!("{at}-{at}"))
        .collect();
    all(format!("bytes={}", to_and_fro.join(","))).await;
}

#[tokio::test]
async fn a_range_outside_the_file_is_a_problem_with_the_length() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let (image, _) = upload(&alice, 1000).await;
    for range in ["bytes=1000-", "bytes=-0", "bytes=99999999999999999999-"] {
        let response = get(&alice, &image, range).await;
        assert_eq!(header(&response, "content-range"), "bytes */1000");
        let details = problem(response, 416, "range-not-satisfiable").await;
        assert_eq!(details["size"], 1000);
    }
}

#[tokio::test]
async fn many_ranges_at_once_add_up_to_the_whole() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let (image, file) = upload(&alice, SIZE).await;
    let step = 100_000;
    let parts = (0..SIZE).step_by(step).map(|start| {
        let range = format!("bytes={start}-{}", start + step - 1);
        let (alice, image) = (&alice, &image);
        async move {
            let response = get(alice, image, &range).await;
            assert_eq!(response.status(), 206);
            response.bytes().await.expect("all bytes")
        }
    });
    assert!(join_all(parts).await.concat() == file);
}

#[tokio::test]
async fn ranges_work_for_links_and_public_images_too() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let (image, file) = upload(&alice, SIZE).await;
    let url = alice.url(&image).await;
    let request = darkroom.anonymous().request(Method::GET, &url);
    let response = send(request.header("range", "bytes=5-9")).await;
    assert_eq!(response.status(), 206);
    assert_eq!(response.bytes().await.expect("all bytes"), file[5..10]);
    // The length of an image that may not be read is not revealed either.
    let past = get(&darkroom.anonymous(), &image, "bytes=99999999-").await;
    problem(past, 401, "unauthorized").await;
}

#[tokio::test]
async fn nothing_is_read_for_a_client_that_has_disconnected() {
    let Some(redis) = Redis::start() else { return };
    let url = redis.url();
    let size = 64 << 20;
    let mut darkroom = Setup::default()
        .blobs_in(redis)
        .variable("max_upload_bytes", size)
        .start();
    let alice = darkroom.client("alice");
    let (image, _) = upload(&alice, size).await;
    let before = redis_reads(&url);
    let authorization = format!("Authorization: Bearer {}", token("alice", "images:read"));
    for lines in [
        [authorization.as_str(), "X-Request-Id: all"],
        [&authorization, "Range: bytes=100-30000000,40000000-"],
    ] {
        let mut raw = Raw::connect(&darkroom).await;
        raw.begin(&format!("GET {}", content(&image)), &lines).await;
        raw.read_some(1_000_000).await;
        drop(raw);
    }
    // Any work that is still in progress ends before the server does.
    darkroom.stop();
    let read = redis_reads(&url) - before;
    let all = 2 * (size / CHUNK) as u64;
    assert!(read < all / 2, "{read} of {all} chunks were read");
}
