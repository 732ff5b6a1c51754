//! Heads of requests that are too large, or not HTTP.

use futures_util::future::join_all;

use crate::support::{Darkroom, Raw};

/// Sends bytes, and returns the status of the answer, or 0 if the connection ends without one.
async fn status(darkroom: &Darkroom, bytes: &[u8]) -> u16 {
    let mut raw = Raw::connect(darkroom).await;
    raw.send(bytes).await;
    let answer = raw.rest().await;
    answer
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let darkroom = Darkroom::start();
    let get = |lines: &str| format!("GET /health/live HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    let many: String = (0..10_000).map(|n| format!("X-{n}: a\r\n")).collect();
    let large = "a".repeat(1 << 20);
    let heads = [
        ("10,000 headers", get(&many)),
        ("a header of 1 MB", get(&format!("X-Large: {large}\r\n"))),
        ("a name of 1 MB", get(&format!("{large}: a\r\n"))),
        (
            "a target of 1 MB",
            format!("GET /{large} HTTP/1.1\r\nHost: a\r\n\r\n"),
        ),
        (
            "a method of 1 MB",
            format!("{large} / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ),
    ];
    let statuses = join_all(
        heads
            .iter()
            .map(|(_, head)| status(&darkroom, head.as_bytes())),
    )
    .await;
    for ((case, _), status) in heads.iter().zip(statuses) {
        assert!([0, 400, 414, 431].contains(&status), "{case}: {status}");
    }
    // Heads as large as those of real clients are accepted.
    let cookies = get(&format!("Cookie: {}\r\n", "c".repeat(16_000)));
    let close = cookies.replace("Host: a", "Host: a\r\nConnection: close");
    assert_eq!(status(&darkroom, close.as_bytes()).await, 200);
}

#[tokio::test]
async fn bytes_that_are_not_http_are_refused() {
    let darkroom = Darkroom::start();
    let requests: [&[u8]; 14] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET  /  HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX\0Y: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nNo colon here\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n\xff\xff\xff\xff\xff",
    ];
    let statuses = join_all(requests.map(|request| status(&darkroom, request))).await;
    for (request, status) in requests.iter().zip(statuses) {
        let refused = status == 0 || (400..=505).contains(&status) && status != 500;
        assert!(refused, "{}: {status}", request.escape_ascii());
    }
    assert_eq!(
        darkroom.anonymous().get("/health/ready").await.status(),
        200
    );
}
