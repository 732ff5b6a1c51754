//! Excessive or contradictory headers.

use super::*;
use crate::http::headers::digest;
use crate::model::Sha256;

fn upload(headers: &[(&'static str, &str)]) -> Request<Body> {
    let body = Body::from(testing::png(1, 1));
    with_headers(request(Method::POST, "/v1/images", body), headers)
}

#[tokio::test]
async fn file_names_must_be_given_only_once() {
    let client = Client::new();
    let named = |value: &str| upload(&[("content-disposition", value)]);
    let many = format!("attachment{}", "; a=b".repeat(10_000));
    let same = format!("attachment{}", "; filename=a".repeat(16));
    let bare = format!("attachment{}", ";a".repeat(20_000));
    let quotes = format!("attachment; filename=\"{}", "\\\"".repeat(20_000));
    let two = [
        ("content-disposition", "inline; filename=a"),
        ("content-disposition", "inline"),
    ];
    let refused = "bad-request";
    check(
        &client,
        [
            ("10,000 parameters", named(&many), 400, refused),
            ("20,000 names without values", named(&bare), 400, refused),
            (
                "17 parameters",
                named(&format!("a{}", "; b".repeat(17))),
                400,
                refused,
            ),
            ("16 names", named(&same), 400, refused),
            (
                "two names",
                named("attachment; filename=a; FileName=b"),
                400,
                refused,
            ),
            ("two headers", upload(&two), 400, refused),
            ("20,000 escaped quotes", named(&quotes), 201, ""),
            ("60,000 semicolons", named(&";".repeat(60_000)), 201, ""),
            (
                "an unclosed quote",
                named("attachment; filename=\"a; b=c"),
                201,
                "",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn repeated_digests_must_be_equal() {
    let client = Client::new();
    let digest = |value: &str| upload(&[("content-digest", value)]);
    let sha256 = client.upload(&testing::png(1, 1)).await.json()["sha256"].clone();
    let stored = Sha256::parse(sha256.as_str().expect("hex"));
    let right = digest::print(&stored.expect("a digest"));
    let wrong = format!("sha-256=:{}=:", "A".repeat(43));
    let others = vec!["md5=:AAAA:"; 4000].join(",");
    check(
        &client,
        [
            (
                "right after 4,000 others",
                digest(&format!("{others},{right}")),
                201,
                "",
            ),
            (
                "right a thousand times",
                digest(&vec![right.as_str(); 1000].join(",")),
                201,
                "",
            ),
            (
                "wrong after right",
                digest(&format!("{right},{wrong}")),
                400,
                "bad-request",
            ),
            (
                "right after wrong",
                digest(&format!("{wrong},{right}")),
                400,
                "bad-request",
            ),
            ("wrong", digest(&wrong), 400, "digest-mismatch"),
            (
                "60,000 characters",
                digest(&format!("sha-256=:{}:", "A".repeat(60_000))),
                400,
                "bad-request",
            ),
            ("an empty digest", digest("sha-256=::"), 400, "bad-request"),
            ("no value", digest("sha-256"), 201, ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn idempotency_keys_are_short_and_given_only_once() {
    let client = Client::new();
    let keyed = |key: &str| upload(&[("idempotency-key", key)]);
    let two = [("idempotency-key", "a"), ("idempotency-key", "a")];
    let thousand = vec![("idempotency-key", "a"); 1000];
    let refused = "bad-request";
    check(
        &client,
        [
            ("255 characters", keyed(&"k".repeat(255)), 201, ""),
            ("256 characters", keyed(&"k".repeat(256)), 400, refused),
            (
                "256 quoted characters",
                keyed(&format!("\"{}\"", "k".repeat(256))),
                400,
                refused,
            ),
            (
                "60,000 characters",
                keyed(&"k".repeat(60_000)),
                400,
                refused,
            ),
            (
                "60,000 escapes",
                keyed(&format!("\"{}\"", "\\\\".repeat(30_000))),
                400,
                refused,
            ),
            ("two keys", upload(&two), 400, refused),
            ("a thousand keys", upload(&thousand), 400, refused),
            ("characters that are not ASCII", keyed("ключ"), 400, refused),
            ("nothing", keyed(""), 400, refused),
            ("a tab", keyed("\"a\tb\""), 400, refused),
            ("parameters", keyed("\"a\";b=c"), 400, refused),
        ],
    )
    .await;
}

#[tokio::test]
async fn content_lengths_have_one_spelling() {
    let client = Client::new();
    let long = |length: &str| upload(&[("content-length", length)]);
    let length = testing::png(1, 1).len();
    let refused = "bad-request";
    check(
        &client,
        [
            ("as it is printed", long(&length.to_string()), 201, ""),
            ("a plus", long(&format!("+{length}")), 400, refused),
            ("a leading zero", long(&format!("0{length}")), 400, refused),
            (
                "a comma",
                long(&format!("{length}, {length}")),
                400,
                refused,
            ),
            ("other digits", long("٥"), 400, refused),
            (
                "more than 64 bits",
                long("18446744073709551616"),
                400,
                refused,
            ),
            ("64 bits", long("18446744073709551615"), 413, "too-large"),
            (
                "a byte too many",
                long(&(length + 1).to_string()),
                400,
                "upload-interrupted",
            ),
            (
                "a byte too few",
                long(&(length - 1).to_string()),
                400,
                "upload-interrupted",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn long_tokens_and_request_ids_are_handled() {
    let client = Client::new();
    let with_token = |token: &str| {
        let token = format!("Bearer {token}");
        with_headers(
            anonymous(Method::GET, "/v1/images", ""),
            &[("authorization", &token)],
        )
    };
    let dots = ".".repeat(60_000);
    check(
        &client,
        [
            (
                "60,000 letters",
                with_token(&"a".repeat(60_000)),
                401,
                "unauthorized",
            ),
            ("60,000 dots", with_token(&dots), 401, "unauthorized"),
            (
                "60,000 spaces",
                with_token(&" ".repeat(60_000)),
                401,
                "unauthorized",
            ),
            ("nothing", with_token(""), 401, "unauthorized"),
        ],
    )
    .await;
    let id = "a".repeat(60_000);
    let request = with_headers(
        request(Method::GET, "/v1/images", Body::empty()),
        &[("x-request-id", &id)],
    );
    let answer = client.send(request).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-request-id").len()),
        (200, 32)
    );
}
