//! Forms that are too large or misleading.

use super::*;

const FORM: &str = "multipart/form-data; boundary=x";

fn post(content_type: &str, body: Vec<u8>) -> Request<Body> {
    let request = request(Method::POST, "/v1/images", Body::from(body));
    with_headers(request, &[("content-type", content_type)])
}

/// A form with a valid file and this part.
fn beside(part: (&str, &[u8])) -> Request<Body> {
    post(FORM, form(&[part, ("name=\"file\"", &testing::png(1, 1))]))
}

#[tokio::test]
async fn a_form_has_one_short_boundary() {
    let client = Client::new();
    let with = |name, boundary: &str, parameter: String, status, slug| {
        let body = form(&[("name=\"file\"", &testing::png(1, 1))]);
        let text = format!("--{boundary}\r\n");
        let body = [text.as_bytes(), &body[b"--x\r\n".len()..]].concat();
        let closed = body.len() - b"--x--\r\n".len();
        let end = format!("--{boundary}--\r\n");
        let body = [&body[..closed], end.as_bytes()].concat();
        (
            name,
            post(&format!("multipart/form-data{parameter}"), body),
            status,
            slug,
        )
    };
    let boundary = |boundary: &str| format!("; boundary=\"{boundary}\"");
    let (seventy, long) = ("b".repeat(70), "b".repeat(60_000));
    let more = "b".repeat(71);
    let refused = "bad-request";
    check(
        &client,
        [
            with("70 characters", &seventy, boundary(&seventy), 201, ""),
            with("71 characters", &more, boundary(&more), 400, refused),
            with("60,000 characters", &long, boundary(&long), 400, refused),
            with("no boundary", "", String::new(), 400, refused),
            with("an empty boundary", "", boundary(""), 400, refused),
            with(
                "two boundaries",
                "x",
                "; boundary=x; boundary=y".into(),
                400,
                refused,
            ),
            with(
                "two equal boundaries",
                "x",
                "; boundary=x; Boundary=x".into(),
                400,
                refused,
            ),
            with(
                "a boundary that ends with a space",
                "x ",
                boundary("x "),
                400,
                refused,
            ),
            with(
                "a boundary that is not ASCII",
                "б",
                boundary("б"),
                400,
                refused,
            ),
            with(
                "a boundary after 10,000 parameters",
                "x",
                format!("{}; boundary=x", "; a".repeat(10_000)),
                400,
                refused,
            ),
            with(
                "a boundary within a quoted string",
                "x",
                "; a=\"; boundary=x\"".into(),
                400,
                refused,
            ),
            with(
                "a boundary with a semicolon",
                "a;b",
                boundary("a;b"),
                201,
                "",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn names_within_quoted_strings_are_ignored() {
    let client = Client::new();
    let file = testing::png(1, 1);
    for (head, name) in [
        (
            "filename=\"a; name=tags.png\"; name=\"file\"",
            "a; name=tags.png",
        ),
        ("name=\"file\"; filename=\"b; name=tags\"", "b; name=tags"),
        (
            "filename=\"\\\"; name=\\\"tags\\\".png\"; name=file",
            "\"; name=\"tags\".png",
        ),
        ("filename=\"name=tags; \"; name = \"file\"", "name=tags;"),
        ("name=\"file\"; filename=\"C:\\a\\c.png\"", "c.png"),
        (
            "name=\"file\"; filename*=UTF-8''%E2%82%AC.png; filename=x",
            "€.png",
        ),
        ("NAME=\"file\"; FILENAME=\"d.png\"", "d.png"),
    ] {
        let created = client.send(post(FORM, form(&[(head, &file)]))).await;
        assert_eq!(created.status.as_u16(), 201, "{head}: {:?}", created.body);
        let image = created.json();
        assert_eq!(
            (&image["filename"], &image["tags"]),
            (&name.into(), &serde_json::json!([])),
            "{head}"
        );
    }
}

#[tokio::test]
async fn parts_have_exactly_one_name() {
    let client = Client::new();
    let file = testing::png(1, 1);
    let many = format!("name=\"tags\"{}", "; a=b".repeat(10_000));
    let refused = "bad-request";
    check(
        &client,
        [
            (
                "a name twice",
                beside(("name=\"tags\"; name=\"file\"", b"a")),
                400,
                refused,
            ),
            (
                "a file name twice",
                beside(("name=\"file\"; filename=a; filename=b", &file)),
                400,
                refused,
            ),
            ("10,000 parameters", beside((&many, b"a")), 400, refused),
            (
                "no name",
                beside(("filename=\"name=tags\"", b"a")),
                400,
                refused,
            ),
            ("an empty name", beside(("name=\"\"", b"a")), 400, refused),
            (
                "another case",
                beside(("name=\"Tags\"", b"a")),
                400,
                refused,
            ),
            (
                "a file under a name of 200,000 characters",
                beside((
                    &format!("name=\"{}\"; filename=a", "n".repeat(200_000)),
                    b"a",
                )),
                400,
                refused,
            ),
            (
                "text under a name of 200,000 characters",
                beside((&format!("name=\"{}\"", "n".repeat(200_000)), b"a")),
                201,
                "",
            ),
            (
                "an unclosed quote",
                beside(("name=\"tags; a=b", b"a")),
                201,
                "",
            ),
            (
                "a charset instead of a name",
                beside(("_charset_=\"utf-8\"", b"a")),
                400,
                refused,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn parts_are_counted_as_they_arrive() {
    let client = Client::new();
    let file = testing::png(1, 1);
    let parts = |part: (&str, &[u8]), number: usize| post(FORM, form(&vec![part; number]));
    let preamble = |length: usize| {
        let body = [
            vec![b'p'; length],
            b"\r\n".to_vec(),
            form(&[("name=\"file\"", &file)]),
        ];
        post(FORM, body.concat())
    };
    let words = "=?utf-8?Q?".repeat(20_000);
    let words = format!("name=\"file\"; filename=\"{words}\"");
    let twice = post(FORM, form(&[("name=\"visibility\"", &b"public"[..]); 2]));
    let (refused, large) = ("bad-request", "too-large");
    let cases = [
        ("33 files", parts(("name=\"file\"", &file), 33), 413, large),
        (
            "65 parts for tags",
            parts(("name=\"tags\"", b""), 65),
            413,
            large,
        ),
        (
            "5,000 parts",
            parts(("name=\"tags\"", b""), 5000),
            413,
            large,
        ),
        (
            "33 parts of a tag",
            parts(("name=\"tags\"", b"a"), 33),
            400,
            refused,
        ),
        (
            "65 unknown parts",
            parts(("name=\"a\"", b""), 65),
            413,
            large,
        ),
        (
            "65 inputs without a file",
            parts(("name=\"file\"; filename=\"\"", b""), 65),
            413,
            large,
        ),
        ("20,000 encoded words", parts((&words, &file), 1), 201, ""),
        ("no file", parts(("name=\"tags\"", b"a"), 1), 400, refused),
        ("two visibilities", twice, 400, refused),
        ("a preamble", preamble(200_000), 201, ""),
        ("a long preamble", preamble(400_000), 413, large),
    ];
    check(&client, cases).await;
}

#[tokio::test]
async fn tags_and_headers_of_a_part_are_counted_as_they_arrive() {
    let client = Client::new();
    let tags = |text: &[u8]| beside(("name=\"tags\"", text));
    let different = |number: usize| {
        let tags: Vec<String> = (0..number).map(|n| n.to_string()).collect();
        beside(("name=\"tags\"", tags.join(",").as_bytes()))
    };
    let headers = |number: usize| {
        let head = format!("name=\"tags\"{}", "\r\nX-A: b".repeat(number));
        beside((&head, b"a"))
    };
    let digests = "name=\"file\"\r\nContent-Digest: sha-256=:AAAA:, sha-256=:BBBB:";
    let digests = beside((digests, &testing::png(1, 1)));
    let (refused, large) = ("bad-request", "too-large");
    let cases = [
        ("32 tags", different(32), 201, ""),
        ("33 tags", different(33), 400, refused),
        ("3,000 tags", different(3000), 400, refused),
        ("8,000 equal tags", tags(&b"a,".repeat(8000)), 400, refused),
        (
            "8,000 tags in JSON",
            tags(format!("[{}]", vec!["1"; 8000].join(",")).as_bytes()),
            400,
            refused,
        ),
        ("16,000 lists", tags(&b"[".repeat(16_000)), 400, refused),
        ("16,000 commas", tags(&b",".repeat(16_000)), 201, ""),
        (
            "33,000 bytes of tags",
            tags(&b",".repeat(33_000)),
            413,
            large,
        ),
        ("30 headers", headers(30), 201, ""),
        ("33 headers", headers(33), 400, refused),
        ("5,000 headers", headers(5000), 400, refused),
        ("40,000 headers", headers(40_000), 413, large),
        ("two digests for a part", digests, 400, refused),
    ];
    check(&client, cases).await;
}

#[tokio::test]
async fn forms_in_single_bytes_have_the_same_outcome_as_whole_ones() {
    let client = Client::new();
    let long = form(&[("name=\"file\"", b"x")]);
    let long = [&b"p".repeat(300_000)[..], &long].concat();
    let single = |body: Vec<u8>| {
        let bytes = body
            .into_iter()
            .map(|byte| Ok::<_, std::io::Error>(vec![byte]));
        let body = Body::from_stream(futures_util::stream::iter(bytes));
        with_headers(
            request(Method::POST, "/v1/images", body),
            &[("content-type", FORM)],
        )
    };
    let valid = form(&[("name=\"file\"; filename=\"a.png\"", &testing::png(1, 1))]);
    let cut = valid[..valid.len() - 9].to_vec();
    check(
        &client,
        [
            ("a valid form", single(valid), 201, ""),
            ("a truncated form", single(cut), 400, "upload-interrupted"),
            (
                "a preamble of 300,000 bytes",
                single(long),
                413,
                "too-large",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn files_of_a_form_keep_their_order() {
    let client = Client::new();
    let files: Vec<Vec<u8>> = (1..=32).map(|width| testing::png(width, 1)).collect();
    let parts: Vec<(&str, &[u8])> = files
        .iter()
        .map(|file| ("name=\"file\"", &file[..]))
        .collect();
    let created = client.send(post(FORM, form(&parts))).await.json();
    let widths = |items: &Value| -> Vec<u64> {
        let items = items.as_array().expect("items");
        items
            .iter()
            .map(|item| item["width"].as_u64().expect("a number"))
            .collect()
    };
    let ids: Vec<&str> = created["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["id"].as_str().expect("an id"))
        .collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let order: Vec<u64> = (1..=32).collect();
    assert_eq!(widths(&created["items"]), order);
    let listed = client.get("/v1/images?sort=created_at").await.json();
    assert_eq!(widths(&listed["items"]), order);
    let newest = client.get("/v1/images").await.json();
    assert_eq!(
        widths(&newest["items"]),
        order.into_iter().rev().collect::<Vec<_>>()
    );
}
