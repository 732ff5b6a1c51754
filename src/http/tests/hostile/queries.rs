//! Queries that are too long or misleading.

use super::*;

fn list(query: &str) -> Request<Body> {
    request(Method::GET, &format!("/v1/images?{query}"), Body::empty())
}

#[tokio::test]
async fn numbers_in_queries_have_one_spelling() {
    let client = Client::new();
    let numbers = [
        ("a plus, which is a space", "+5"),
        ("a plus", "%2B5"),
        ("minus zero", "-0"),
        ("a leading zero", "05"),
        ("two zeros", "00"),
        ("a leading space", "%205"),
        ("a trailing space", "5%20"),
        ("a trailing tab", "5%09"),
        ("a trailing line break", "5%0A"),
        ("a trailing NUL", "5%00"),
        ("a fraction", "5.0"),
        ("an exponent", "5e0"),
        ("hexadecimal", "0x5"),
        ("a comma", "1,000"),
        ("Arabic digits", "%D9%A5"),
        ("wide digits", "%EF%BC%95"),
        ("a raised digit", "%C2%B2"),
        ("no digits", ""),
        ("more than 63 bits", "9223372036854775808"),
        ("thousands of digits", "DIGITS"),
    ];
    let digits = "9".repeat(10_000);
    for parameter in ["limit", "min_width", "max_size"] {
        let cases = numbers.map(|(name, number)| {
            let number = number.replace("DIGITS", &digits);
            let request = list(&format!("{parameter}={number}"));
            (name, request, 400, "bad-request")
        });
        check(&client, cases).await;
    }
    check(
        &client,
        [
            (
                "as it is printed",
                list("limit=5&min_width=0&max_size=9223372036854775807"),
                200,
                "",
            ),
            ("digits that are encoded", list("limit=%35"), 200, ""),
            ("an empty page", list("limit=0"), 400, "bad-request"),
            ("more than a page", list("limit=201"), 400, "bad-request"),
        ],
    )
    .await;
}

#[tokio::test]
async fn parameters_are_counted_before_they_are_parsed() {
    let client = Client::new();
    let content = format!("{}/content", stored(&client).await);
    let list = "/v1/images";
    let tags = |number: usize| {
        let tags: Vec<String> = (0..number).map(|n| format!("tag={n}")).collect();
        tags.join("&")
    };
    let many = vec!["a=1"; 4000].join("&");
    let of =
        |path: &str, query: &str| request(Method::GET, &format!("{path}?{query}"), Body::empty());
    let refused = [
        ("33 tags", list, tags(33)),
        ("33 equal tags", list, vec!["tag=a"; 33].join("&")),
        ("1,800 tags", list, tags(1800)),
        ("65 empty parameters", list, "&".repeat(64)),
        ("16,000 empty parameters", list, "&".repeat(16_000)),
        ("thousands of unknown parameters", list, many.clone()),
        ("thousands of them for the content", &content, many.clone()),
        ("thousands of them for limits", "/v1/limits", many),
        ("a parameter 60 times", list, vec!["limit=5"; 60].join("&")),
        ("one twice, once encoded", list, "limit=5&%6Cimit=5".into()),
        ("download twice", &content, "download=1&download=1".into()),
        ("download=true", &content, "download=true".into()),
        ("download with a plus", &content, "download=%2B1".into()),
    ];
    let cases = refused.iter();
    let cases = cases.map(|(name, path, query)| (*name, of(path, query), 400, "bad-request"));
    check(&client, cases).await;
    let valid = [
        ("32 tags", tags(32)),
        ("64 empty parameters", "&".repeat(63)),
    ];
    let cases = valid
        .iter()
        .map(|(name, query)| (*name, of(list, query), 200, ""));
    check(&client, cases).await;
}

#[tokio::test]
async fn queries_are_decoded_only_once() {
    let client = Client::new();
    let bomb = "%25".repeat(5000);
    check(
        &client,
        [
            (
                "5,000 percent signs for a name",
                list(&format!("{bomb}=1")),
                400,
                "bad-request",
            ),
            (
                "5,000 percent signs for a tag",
                list(&format!("tag={bomb}")),
                400,
                "bad-request",
            ),
            (
                "5,000 controls for a name",
                list(&format!("{}=1", "%01".repeat(5000))),
                400,
                "bad-request",
            ),
            (
                "a comma that is encoded twice",
                list("tag=a%252Cb"),
                200,
                "",
            ),
            (
                "a comma that is encoded",
                list("tag=a%2Cb"),
                400,
                "bad-request",
            ),
            ("a NUL", list("tag=a%00"), 400, "bad-request"),
            ("overlong UTF-8", list("tag=%C0%AF"), 400, "bad-request"),
            (
                "half a pair of surrogates",
                list("tag=%ED%A0%80"),
                400,
                "bad-request",
            ),
            ("truncated UTF-8", list("tag=%E2%82"), 400, "bad-request"),
            ("half a byte", list("tag=%4"), 400, "bad-request"),
            ("a percent sign alone", list("tag=%"), 400, "bad-request"),
            (
                "invalid hexadecimal digits",
                list("tag=%G1"),
                400,
                "bad-request",
            ),
            ("a code point", list("tag=%u0041"), 400, "bad-request"),
            (
                "a name of 256 letters",
                list(&format!("filename={}", "a".repeat(256))),
                400,
                "bad-request",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn cursors_signatures_and_tickets_of_any_length_are_refused() {
    let client = Client::new();
    let content = format!("{}/content", stored(&client).await);
    let linked = |query: String| anonymous(Method::GET, &format!("{content}?{query}"), "");
    let ticketed = |ticket: String| {
        let body = testing::png(1, 1);
        anonymous(Method::POST, &format!("/v1/images?ticket={ticket}"), body)
    };
    for length in [0, 1, 42, 43, 44, 63, 64, 255, 4096, 8193, 12_000] {
        let text = "A".repeat(length);
        let signed = format!("expires=9999999999&kid=test&signature={text}");
        let name = format!("{length} characters");
        check(
            &client,
            [
                (
                    name.as_str(),
                    list(&format!("cursor={text}")),
                    400,
                    "bad-request",
                ),
                (&name, linked(signed), 403, "link-invalid"),
                (&name, ticketed(text.clone()), 403, "ticket-invalid"),
                (
                    &name,
                    ticketed(format!("test.AAAA.{text}")),
                    403,
                    "ticket-invalid",
                ),
            ],
        )
        .await;
    }
    let many = vec!["a=1"; 3000].join("&");
    check(
        &client,
        [
            (
                "thousands of parameters",
                linked(format!("{many}&signature=A")),
                403,
                "link-invalid",
            ),
            (
                "two signatures",
                linked("signature=A&signature=A".into()),
                403,
                "link-invalid",
            ),
            (
                "two tickets",
                ticketed("a&ticket=a".into()),
                403,
                "ticket-invalid",
            ),
            ("padding", list("cursor=AAAA%3D%3D"), 400, "bad-request"),
            (
                "the other alphabet",
                list("cursor=%2B%2F%2B%2F"),
                400,
                "bad-request",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn numbers_in_signed_urls_have_one_spelling() {
    let client = Client::new();
    let content = format!("{}/content", stored(&client).await);
    let ring = crate::auth::KeyRing::parse(KEYS).expect("a ring");
    // Signs URLs that the application itself would never create.
    let signed = |expires: &str| {
        let query = format!("expires={expires}&kid=test");
        let message = format!("GET\n{content}\n{query}");
        let mac = ring
            .signing()
            .sign(crate::auth::Purpose::Link, message.as_bytes());
        let mac = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, mac);
        anonymous(
            Method::GET,
            &format!("{content}?{query}&signature={mac}"),
            "",
        )
    };
    let cases = [
        ("as it is printed", "1800000060", 200, ""),
        ("a plus", "%2B1800000060", 403, "link-invalid"),
        ("a leading zero", "01800000060", 403, "link-invalid"),
        ("a space", "%201800000060", 403, "link-invalid"),
        (
            "more than 64 bits",
            "18446744073709551616",
            403,
            "link-invalid",
        ),
        ("nothing", "", 403, "link-invalid"),
    ];
    check(
        &client,
        cases.map(|(name, expires, status, slug)| (name, signed(expires), status, slug)),
    )
    .await;
}
