//! Thousands of ranges, entity tags and media ranges.

use super::*;

#[tokio::test]
async fn thousands_of_ranges_are_ignored() {
    let client = Client::new();
    let content = format!("{}/content", stored(&client).await);
    let ranged = |range: &str| {
        let request = request(Method::GET, &content, Body::empty());
        with_headers(request, &[("range", range)])
    };
    let ranges = |range: &str, number: usize| format!("bytes={}", vec![range; number].join(","));
    let none = "range-not-satisfiable";
    check(
        &client,
        [
            ("20,000 ranges", ranged(&ranges("0-", 20_000)), 200, ""),
            ("257 ranges", ranged(&ranges("0-0", 257)), 200, ""),
            ("256 equal ranges", ranged(&ranges("0-0", 256)), 206, ""),
            (
                "20,000 commas",
                ranged(&format!("bytes={}", ",".repeat(20_000))),
                200,
                "",
            ),
            (
                "a number of 60,000 digits",
                ranged(&format!("bytes={}-", "9".repeat(60_000))),
                416,
                none,
            ),
            (
                "a last of 60,000 digits",
                ranged(&format!("bytes=0-{}", "9".repeat(60_000))),
                206,
                "",
            ),
            ("a plus", ranged("bytes=+0-5"), 200, ""),
            ("backwards", ranged("bytes=5-0"), 200, ""),
            ("no byte from the end", ranged("bytes=-0"), 416, none),
            (
                "a unit of 60,000 letters",
                ranged(&format!("{}=0-0", "a".repeat(60_000))),
                200,
                "",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn thousands_of_tags_are_all_compared() {
    let client = Client::new();
    let path = stored(&client).await;
    let etag = client.get(&path).await.header("etag").to_owned();
    let list = |entry: &str| vec![entry; 60_000 / (entry.len() + 1)].join(",");
    let last = |entry: &str| format!("{},{etag}", list(entry));
    let conditional = |method: Method, name: &'static str, tags: &str| {
        let request = json_request(method, &path, &serde_json::json!({}));
        with_headers(request, &[(name, tags)])
    };
    let cases = [
        ("thousands of others", "if-match", list("\"a\"")),
        (
            "thousands of weak ones",
            "if-match",
            list(&format!("W/{etag}")),
        ),
        ("thousands of stars", "if-match", list("*")),
        ("unclosed quotes", "if-match", list("\" ")),
        ("60,000 commas", "if-match", ",".repeat(60_000)),
        (
            "the current tag among thousands in If-None-Match",
            "if-none-match",
            last("\"a\""),
        ),
    ];
    let failed = cases.iter().map(|(name, field, tags)| {
        let request = conditional(Method::PATCH, field, tags);
        (*name, request, 412, "precondition-failed")
    });
    check(&client, failed).await;
    let known = conditional(Method::GET, "if-none-match", &last("W/a"));
    let dated = conditional(Method::GET, "if-modified-since", &"9".repeat(60_000));
    let own = conditional(Method::PATCH, "if-match", &last("\"a\""));
    let others = [
        ("the current tag after malformed ones", known, 304, ""),
        ("a date of 60,000 digits", dated, 200, ""),
        ("the current tag among thousands", own, 200, ""),
    ];
    check(&client, others).await;
}

#[tokio::test]
async fn only_64_media_ranges_are_read() {
    let client = Client::new();
    let accept = |accept: String| {
        let request = request(Method::GET, "/v1/images", Body::empty());
        with_headers(request, &[("accept", &accept)])
    };
    let many = vec!["text/html;q=0.5"; 4000].join(",");
    let weights = vec!["*/*;q=0.1"; 6000].join(",");
    let parameters = format!("application/json{}", ";a=b".repeat(10_000));
    check(
        &client,
        [
            (
                "4,000 other types",
                accept(many.clone()),
                406,
                "not-acceptable",
            ),
            (
                "an accepted type after 4,000 others",
                accept(format!("{many},*/*")),
                406,
                "not-acceptable",
            ),
            (
                "an accepted type as the 64th",
                accept(format!("{},*/*", vec!["a/b"; 63].join(","))),
                200,
                "",
            ),
            ("6,000 weights", accept(weights), 200, ""),
            ("10,000 parameters", accept(parameters), 200, ""),
            ("60,000 commas", accept(",".repeat(60_000)), 200, ""),
            (
                "a weight of 60,000 digits",
                accept(format!("*/*;q=0.{}", "1".repeat(60_000))),
                200,
                "",
            ),
            (
                "an invalid weight",
                accept("application/json;q=1e999".into()),
                200,
                "",
            ),
        ],
    )
    .await;
}
