//! JSON bodies that are too large or misleading.

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

/// Sends each text as a merge patch, and checks that the image does not change.
async fn check_patches(expected: (u16, &str), texts: &[(&str, String)]) {
    let client = Client::new();
    let path = stored(&client).await;
    let before = client.get(&path).await.json();
    let (status, slug) = expected;
    let cases = texts.iter().map(|(name, text)| {
        let request = json_text(Method::PATCH, &path, text.clone());
        (*name, request, status, slug)
    });
    check(&client, cases).await;
    assert_eq!(client.get(&path).await.json(), before);
}

const REFUSED: (u16, &str) = (400, "bad-request");

#[tokio::test]
async fn tags_of_a_patch_are_counted_before_they_are_inspected() {
    let tags = |tags: String| format!("{{\"tags\":[{tags}]}}");
    let text = |letter: &str, number| tags(format!("\"{}\"", letter.repeat(number)));
    let different = |number| tags(numbered(number, |n| format!("\"{n}\"")));
    let cases = [
        ("33 tags", different(33)),
        ("9,000 tags", different(9000)),
        ("33 equal tags", tags(repeated("\"a\"", 33))),
        ("16,000 equal tags", tags(repeated("\"a\"", 16_000))),
        ("20,000 lists for tags", tags(repeated("[]", 20_000))),
        ("null for a tag", tags("\"a\",null".into())),
        ("a tag of 65 characters", text("ü", 65)),
        ("a tag of 60,000 characters", text("a", 60_000)),
        ("a NUL in a tag", text("\\u0000", 1)),
    ];
    check_patches(REFUSED, &cases).await;
    let cases = [("10,800 tags", different(10_800))];
    check_patches((413, "too-large"), &cases).await;
}

#[tokio::test]
async fn metadata_of_a_patch_is_counted_before_it_is_inspected() {
    let metadata = |members: String| format!("{{\"metadata\":{{{members}}}}}");
    let deep = |open: &str, close: &str, depth: usize| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        metadata(format!("\"a\":{open}1{close}"))
    };
    let many = |value| metadata(numbered(5000, |n| format!("\"{n}\":{value}")));
    let cases = [
        ("5,000 members", many("\"\"")),
        ("5,000 removed members", many("null")),
        (
            "4,097 bytes",
            metadata(format!("\"a\":\"{}\"", "b".repeat(4096))),
        ),
        (
            "a name twice",
            metadata("\"a\":\"\",\"\\u0061\":\"\"".into()),
        ),
        ("an empty name", metadata("\"\":\"a\"".into())),
        ("lists 100 deep", deep("[", "]", 100)),
        ("lists 20,000 deep", deep("[", "]", 20_000)),
        ("objects 8,000 deep", deep("{\"a\":", "}", 8000)),
    ];
    check_patches(REFUSED, &cases).await;
}

#[tokio::test]
async fn invalid_patches_have_no_effect() {
    let members = |members: String| format!("{{{members}}}");
    let unknown = numbered(5000, |n| format!("\"m{n}\":0"));
    let long = "a".repeat(60_000);
    let cases = [
        (
            "a member 5,000 times",
            members(repeated("\"tags\":[]", 5000)),
        ),
        ("5,000 unknown members", members(unknown)),
        (
            "a long unknown member",
            members(format!("\"{}\":0", "\\t".repeat(30_000))),
        ),
        (
            "a long text for a list",
            members(format!("\"tags\":\"{long}\"")),
        ),
        ("the members' values", "[null,[\"a\"],\"public\",{}]".into()),
        ("text", "\"tags\"".into()),
        ("nothing", String::new()),
        ("spaces", " ".repeat(60_000)),
        ("two objects", "{}{}".into()),
        ("a byte order mark", "\u{feff}{}".into()),
        (
            "an unpaired surrogate",
            members("\"filename\":\"\\ud800\"".into()),
        ),
        ("a trailing comma", members("\"tags\":[\"a\",]".into())),
        ("a comment", members("/**/".into())),
        ("NaN", members("\"tags\":NaN".into())),
    ];
    check_patches(REFUSED, &cases).await;
    let cases = [(
        "66,000 bytes",
        members(format!("\"filename\":\"{long}{long}\"")),
    )];
    check_patches((413, "too-large"), &cases).await;
    let client = Client::new();
    let path = stored(&client).await;
    let latin = json_text(Method::PATCH, &path, &b"{\"filename\":\"\xe9\"}"[..]);
    check(&client, [("Latin-1", latin, 400, "bad-request")]).await;
}

#[tokio::test]
async fn numbers_in_json_are_whole_and_have_no_sign() {
    let client = Client::new();
    let links = format!("{}/links", stored(&client).await);
    let digits = "1".repeat(60_000);
    let exponent = format!("1e{digits}");
    let cases = [
        ("zero", "0"),
        ("minus zero", "-0"),
        ("minus zero with a fraction", "-0.0"),
        ("a negative number", "-60"),
        ("a plus", "+60"),
        ("a leading zero", "060"),
        ("a half", "60.5"),
        ("a very small number", "1e-400"),
        ("more than any float", "1e999"),
        ("an exponent of 60,000 digits", exponent.as_str()),
        ("60,000 digits", digits.as_str()),
        ("more than 64 bits", "18446744073709551616"),
        (
            "the first number that floats cannot represent",
            "9007199254740993",
        ),
        ("hexadecimal", "0x3c"),
        ("digits with an underscore", "6_0"),
        ("NaN", "NaN"),
        ("infinity", "Infinity"),
        ("text", "\"60\""),
        ("text with a plus", "\"+60\""),
        ("a list", "[60]"),
        ("a boolean", "true"),
        ("nothing", "null"),
        ("other digits", "٦٠"),
        ("30 days and a second", "2592001"),
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
    let valid = json_text(Method::POST, &links, "{\"expires_in\":60.0}");
    check(
        &client,
        [("a whole number with a fraction", valid, 201, "")],
    )
    .await;
}

#[tokio::test]
async fn tickets_with_excessive_terms_are_refused() {
    let client = Client::new();
    let ticket = |members: &str| {
        let text = format!("{{\"expires_in\":60,{members}}}");
        json_text(Method::POST, "/v1/upload-tickets", text)
    };
    let types = |number| format!("\"content_types\":[{}]", repeated("\"image/png\"", number));
    let tags = |number, more: &str| {
        let tags = numbered(number, |n| format!("\"{n}{more}\""));
        format!("\"tags\":[{tags}]")
    };
    let long = "a".repeat(60_000);
    let cases = [
        ("17 types", types(17)),
        ("4,000 types", types(4000)),
        (
            "a scriptable type",
            "\"content_types\":[\"image/svg+xml\"]".into(),
        ),
        (
            "a type of 60,000 characters",
            format!("\"content_types\":[\"{long}\"]"),
        ),
        ("33 tags", tags(33, "")),
        ("9,000 tags", tags(9000, "")),
        (
            "tags longer than a ticket",
            tags(32, &"\u{1F600}".repeat(60)),
        ),
        ("zero bytes", "\"max_bytes\":0".into()),
        ("minus zero bytes", "\"max_bytes\":-0".into()),
        ("a long visibility", format!("\"visibility\":\"{long}\"")),
        ("a quota", "\"quota\":{\"bytes\":null}".into()),
        ("another owner", "\"sub\":\"bob\"".into()),
    ];
    let refused = cases.iter();
    let refused = refused.map(|(name, members)| (*name, ticket(members), 400, "bad-request"));
    check(&client, refused).await;
    let accepted = [("16 types", types(16)), ("32 tags", tags(32, ""))];
    let accepted = accepted
        .iter()
        .map(|(name, members)| (*name, ticket(members), 201, ""));
    check(&client, accepted).await;
}
