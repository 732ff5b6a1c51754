//! JSON that is too much, or not what it seems.

use super::*;

fn json_text(method: Method, path: &str, text: impl Into<Body>) -> Request<Body> {
    let request = request(method, path, text.into());
    with_headers(request, &[("content-type", "application/json")])
}

fn repeated(text: &str, number: usize) -> String {
    vec![text; number].join(",")
}

fn numbered(number: usize, member: impl Fn(usize) -> String) -> String {
    let members: Vec<String> = (0..number).map(member).collect();
    members.join(",")
}

#[tokio::test]
async fn a_merge_patch_is_counted_before_it_is_looked_at() {
    let client = Client::new();
    let path = stored(&client).await;
    let deep = |open: &str, close: &str, depth: usize| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!("{{\"metadata\":{{\"a\":{open}1{close}}}}}")
    };
    let tags = |tags: String| format!("{{\"tags\":[{tags}]}}");
    let metadata = |members: String| format!("{{\"metadata\":{{{members}}}}}");
    let cases = [
        (
            "10,800 tags",
            tags(numbered(10_800, |n| format!("\"{n}\""))),
            413,
            "too-large",
        ),
        (
            "9,000 tags",
            tags(numbered(9000, |n| format!("\"{n}\""))),
            400,
            "bad-request",
        ),
        (
            "16,000 equal tags",
            tags(repeated("\"a\"", 16_000)),
            400,
            "bad-request",
        ),
        (
            "33 tags",
            tags(numbered(33, |n| format!("\"{n}\""))),
            400,
            "bad-request",
        ),
        (
            "33 equal tags",
            tags(repeated("\"a\"", 33)),
            400,
            "bad-request",
        ),
        (
            "20,000 empty lists for tags",
            tags(repeated("[]", 20_000)),
            400,
            "bad-request",
        ),
        (
            "null for a tag",
            tags("\"a\",null".into()),
            400,
            "bad-request",
        ),
        (
            "a tag of 65 characters",
            tags(format!("\"{}\"", "ü".repeat(65))),
            400,
            "bad-request",
        ),
        (
            "a tag of 60,000 characters",
            tags(format!("\"{}\"", "a".repeat(60_000))),
            400,
            "bad-request",
        ),
        (
            "a NUL in a tag",
            tags("\"a\\u0000\"".into()),
            400,
            "bad-request",
        ),
        (
            "5,000 members of metadata",
            metadata(numbered(5000, |n| format!("\"{n}\":\"\""))),
            400,
            "bad-request",
        ),
        (
            "5,000 members that go",
            metadata(numbered(5000, |n| format!("\"{n}\":null"))),
            400,
            "bad-request",
        ),
        (
            "4,097 bytes of metadata",
            metadata(format!("\"a\":\"{}\"", "b".repeat(4096))),
            400,
            "bad-request",
        ),
        (
            "a name of metadata twice",
            metadata("\"a\":\"\",\"\\u0061\":\"\"".into()),
            400,
            "bad-request",
        ),
        (
            "a name of nothing",
            metadata("\"\":\"a\"".into()),
            400,
            "bad-request",
        ),
        ("lists 100 deep", deep("[", "]", 100), 400, "bad-request"),
        (
            "lists 20,000 deep",
            deep("[", "]", 20_000),
            400,
            "bad-request",
        ),
        (
            "objects 8,000 deep",
            deep("{\"a\":", "}", 8000),
            400,
            "bad-request",
        ),
        (
            "a member 5,000 times",
            format!("{{{}}}", repeated("\"tags\":[]", 5000)),
            400,
            "bad-request",
        ),
        (
            "5,000 unknown members",
            format!("{{{}}}", numbered(5000, |n| format!("\"m{n}\":0"))),
            400,
            "bad-request",
        ),
        (
            "an unknown member of 60,000 characters",
            format!("{{\"{}\":0}}", "\\t".repeat(30_000)),
            400,
            "bad-request",
        ),
        (
            "another type with 60,000 characters",
            format!("{{\"tags\":\"{}\"}}", "a".repeat(60_000)),
            400,
            "bad-request",
        ),
        (
            "a list of the members' values",
            "[null,[\"a\"],\"public\",{}]".into(),
            400,
            "bad-request",
        ),
        ("text", "\"tags\"".into(), 400, "bad-request"),
        ("nothing", String::new(), 400, "bad-request"),
        ("spaces", " ".repeat(60_000), 400, "bad-request"),
        ("two objects", "{}{}".into(), 400, "bad-request"),
        (
            "a mark of byte order",
            "\u{feff}{}".into(),
            400,
            "bad-request",
        ),
        (
            "half a pair of surrogates",
            "{\"filename\":\"\\ud800\"}".into(),
            400,
            "bad-request",
        ),
        (
            "a comma too many",
            "{\"tags\":[\"a\",]}".into(),
            400,
            "bad-request",
        ),
        ("a comment", "{/**/}".into(), 400, "bad-request"),
        ("no number", "{\"tags\":NaN}".into(), 400, "bad-request"),
        (
            "66,000 bytes",
            format!("{{\"filename\":\"{}\"}}", "a".repeat(66_000)),
            413,
            "too-large",
        ),
    ];
    let cases = cases.map(|(name, text, status, slug)| {
        (name, json_text(Method::PATCH, &path, text), status, slug)
    });
    check(&client, cases).await;
    let latin = json_text(Method::PATCH, &path, &b"{\"filename\":\"\xe9\"}"[..]);
    check(&client, [("Latin-1", latin, 400, "bad-request")]).await;
    let image = client.get(&path).await.json();
    assert_eq!(image["tags"], serde_json::json!([]));
    assert_eq!(image["metadata"], serde_json::json!({}));
}

#[tokio::test]
async fn a_number_in_json_is_whole_and_has_no_sign() {
    let client = Client::new();
    let links = format!("{}/links", stored(&client).await);
    let digits = "1".repeat(60_000);
    let exponent = format!("1e{digits}");
    let cases = [
        ("zero", "0"),
        ("minus zero", "-0"),
        ("minus zero with a fraction", "-0.0"),
        ("less than nothing", "-60"),
        ("a plus", "+60"),
        ("a zero before", "060"),
        ("a half", "60.5"),
        ("a fraction of nothing", "1e-400"),
        ("more than any float", "1e999"),
        ("an exponent of 60,000 digits", exponent.as_str()),
        ("60,000 digits", digits.as_str()),
        ("a bit more than 64", "18446744073709551616"),
        ("the first that floats miss", "9007199254740993"),
        ("hexadecimal", "0x3c"),
        ("digits with a line between", "6_0"),
        ("no number", "NaN"),
        ("without end", "Infinity"),
        ("text", "\"60\""),
        ("text with a plus", "\"+60\""),
        ("a list", "[60]"),
        ("truth", "true"),
        ("nothing", "null"),
        ("other digits", "٦٠"),
        ("a week and a second", "604801"),
    ];
    for path in [links.as_str(), "/v1/upload-tickets"] {
        let cases = cases.map(|(name, number)| {
            let text = format!("{{\"expires_in\":{number}}}");
            (
                name,
                json_text(Method::POST, path, text),
                400,
                "bad-request",
            )
        });
        check(&client, cases).await;
    }
    let good = json_text(Method::POST, &links, "{\"expires_in\":60.0}");
    check(&client, [("a whole number with a fraction", good, 201, "")]).await;
}

#[tokio::test]
async fn a_ticket_is_not_made_of_more_than_it_can_hold() {
    let client = Client::new();
    let ticket = |name: &'static str, members: String, status, slug| {
        let text = format!("{{\"expires_in\":60,{members}}}");
        let request = json_text(Method::POST, "/v1/upload-tickets", text);
        (name, request, status, slug)
    };
    let types = |number| format!("\"content_types\":[{}]", repeated("\"image/png\"", number));
    let tags = |tags: String| format!("\"tags\":[{tags}]");
    let long = "\u{1F600}".repeat(60);
    check(
        &client,
        [
            ticket("16 types", types(16), 201, ""),
            ticket("17 types", types(17), 400, "bad-request"),
            ticket("5,000 types", types(5000), 400, "bad-request"),
            ticket(
                "a scriptable type",
                "\"content_types\":[\"image/svg+xml\"]".into(),
                400,
                "bad-request",
            ),
            ticket(
                "a type of 60,000 characters",
                format!("\"content_types\":[\"{}\"]", "a".repeat(60_000)),
                400,
                "bad-request",
            ),
            ticket(
                "32 tags",
                tags(numbered(32, |n| format!("\"{n}\""))),
                201,
                "",
            ),
            ticket(
                "33 tags",
                tags(numbered(33, |n| format!("\"{n}\""))),
                400,
                "bad-request",
            ),
            ticket(
                "9,000 tags",
                tags(numbered(9000, |n| format!("\"{n}\""))),
                400,
                "bad-request",
            ),
            ticket(
                "tags longer than a ticket",
                tags(numbered(32, |n| format!("\"{n}{long}\""))),
                400,
                "bad-request",
            ),
            ticket("no byte", "\"max_bytes\":0".into(), 400, "bad-request"),
            ticket(
                "minus no byte",
                "\"max_bytes\":-0".into(),
                400,
                "bad-request",
            ),
            ticket(
                "a long word for who may read",
                format!("\"visibility\":\"{}\"", "a".repeat(60_000)),
                400,
                "bad-request",
            ),
            ticket(
                "a quota of its own",
                "\"quota\":{\"bytes\":null}".into(),
                400,
                "bad-request",
            ),
            ticket(
                "another's name",
                "\"sub\":\"bob\"".into(),
                400,
                "bad-request",
            ),
        ],
    )
    .await;
}
