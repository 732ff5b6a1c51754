//! Derived images, with a component that derives texts.

use futures_util::future::join_all;

use super::*;
use crate::auth::link;
use crate::http::headers::digest;
use crate::model::Sha256;
use crate::platform::DeriveError;
use crate::platform::testing::{derived, placeholder};
use darkroom_transform::exchange::Refusal;

const PRESETS: (&str, &str) = (
    "presets",
    r#"{"thumb": {"w": 2, "fit": "scale-down"}, "best": {"w": 3, "format": "auto"}}"#,
);

/// An image of 7 × 5 pixels, and a client to request it.
struct Fixture {
    client: Client,
    path: String,
    length: usize,
}

impl Fixture {
    async fn with(variables: &[(&'static str, &str)]) -> Self {
        Self::on(Client::with(variables)).await
    }

    async fn on(client: Client) -> Self {
        let file = testing::png(7, 5);
        let created = client.upload(&file).await;
        let path = created.header("location").to_owned();
        Self {
            client,
            path,
            length: file.len(),
        }
    }

    async fn new() -> Self {
        Self::with(&[PRESETS]).await
    }

    fn content(&self, query: &str) -> String {
        format!("{}/content?{query}", self.path)
    }

    async fn get(&self, query: &str) -> Answer {
        self.client.get(&self.content(query)).await
    }

    /// A request with these headers.
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = request(method, path, Body::empty());
        self.client.send(with_headers(request, headers)).await
    }

    async fn anonymous(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty());
        self.client.send(request.expect("a request")).await
    }

    async fn publish(&self) {
        let body = Body::from(r#"{"visibility": "public"}"#);
        let mut request = request(Method::PATCH, &self.path, body);
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        assert_eq!(self.client.send(request).await.status, 200);
    }

    async fn link(&self, body: &str) -> Answer {
        let path = format!("{}/links", self.path);
        let mut request = request(Method::POST, &path, Body::from(body.to_owned()));
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        self.client.send(request).await
    }
}

#[tokio::test]
async fn a_derived_image_is_made_once_and_served_like_an_original() {
    let fixture = Fixture::new().await;
    let expected = derived("w=3&format=webp", fixture.length);
    let first = fixture.get("w=3&format=webp").await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    assert_eq!(first.body, expected);
    assert_eq!(first.header("content-type"), "image/webp");
    assert_eq!(first.header("content-length"), expected.len().to_string());
    let digest: Sha256 = <sha2::Sha256 as sha2::Digest>::digest(expected.as_bytes()).into();
    assert_eq!(first.header("etag"), format!("\"{digest}\""));
    assert_eq!(first.header("repr-digest"), digest::print(&digest));
    assert_eq!(first.header("accept-ranges"), "bytes");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert_eq!(first.header("x-content-type-options"), "nosniff");
    assert_eq!(first.header("vary"), "");
    assert!(!first.header("last-modified").is_empty());
    // Other spellings of the same transform are the same derived image.
    for spelling in [
        "format=webp&w=3&q=80",
        "format=webp&fit=scale-down&w=3&anim=1",
    ] {
        let again = fixture.get(spelling).await;
        assert_eq!(again.header("etag"), first.header("etag"), "{spelling}");
    }
    let path = fixture.content("w=3&format=webp");
    let etag = first.header("etag").to_owned();
    let ask =
        async |method, name: &str, value: &str| fixture.ask(method, &path, &[(name, value)]).await;
    let head = ask(Method::HEAD, "accept", "*/*").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    let without_id = |answer: &Answer| {
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        headers
    };
    assert_eq!(without_id(&head), without_id(&first));
    assert_eq!(ask(Method::GET, "if-none-match", &etag).await.status, 304);
    assert_eq!(ask(Method::GET, "if-match", "\"other\"").await.status, 412);
    let part = ask(Method::GET, "range", "bytes=2-4").await;
    assert_eq!(
        (part.status.as_u16(), &part.body[..]),
        (206, &expected.as_bytes()[2..5])
    );
    assert_eq!(ask(Method::GET, "range", "bytes=999-").await.status, 416);
    assert_eq!(fixture.client.deriver.take_calls(), ["w=3&format=webp"]);
}

#[tokio::test]
async fn parameters_without_effect_give_the_original() {
    let fixture = Fixture::new().await;
    let original = fixture.get("").await;
    for query in [
        "dpr=2",
        "anim=1",
        "format=source",
        "fit=scale-down&flip=hv&rotate=180",
    ] {
        let answer = fixture.get(query).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        assert_eq!(answer.header("etag"), original.header("etag"), "{query}");
    }
    assert!(fixture.client.deriver.take_calls().is_empty());
}

#[tokio::test]
async fn a_hundred_requests_for_one_variant_make_one_derivation_in_all_instances() {
    let first = Fixture::new().await;
    let second = Fixture {
        client: first.client.beside(&[PRESETS]),
        path: first.path.clone(),
        length: first.length,
    };
    let requests = (0..100).map(|number| {
        let fixture = if number % 2 == 0 { &first } else { &second };
        fixture.get("w=3")
    });
    for answer in join_all(requests).await {
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.body, derived("w=3&format=png", first.length));
    }
    let mut calls = first.client.deriver.take_calls();
    calls.extend(second.client.deriver.take_calls());
    assert_eq!(calls, ["w=3&format=png"]);
}

#[tokio::test]
async fn few_variants_are_made_at_a_time_and_too_many_are_refused() {
    let fixture = Fixture::with(&[("max_derivations", "2")]).await;
    // Of 7 pixels is the original.
    let widths = (1..=41).filter(|width| *width != 7);
    let queries: Vec<String> = widths
        .map(|width| format!("w={width}&fit=contain"))
        .collect();
    let answers = join_all(queries.iter().map(|query| fixture.get(query))).await;
    let refused = answers.iter().filter(|answer| answer.status == 503);
    for answer in refused.clone() {
        answer.is_problem(503, "derivation-busy");
        assert_eq!(answer.header("retry-after"), "2");
    }
    // Two places and sixteen in line for them.
    assert_eq!(refused.count(), 40 - 18);
    assert_eq!(fixture.client.deriver.most_running(), 2);
    for query in &queries {
        assert_eq!(fixture.get(query).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let fixture = Fixture::new().await;
    for (query, parameter) in [
        ("w=0", "w"),
        ("w=x", "w"),
        ("h=-1", "h"),
        ("w=1&w=2", "w"),
        ("fit=cover", "fit"),
        ("w=3&fit=fill", "fit"),
        ("crop=1,2,3", "crop"),
        ("crop=100,100,5,5", "crop"),
        ("rotate=45", "rotate"),
        ("blur=200", "blur"),
        ("format=bmp", "format"),
        ("q=101", "q"),
        ("anim=yes", "anim"),
        ("preset=nothing", "preset"),
        ("preset=thumb&w=5", "w"),
        ("width=5", "width"),
    ] {
        let answer = fixture.get(query).await;
        answer.is_problem(400, "bad-request");
        assert_eq!(answer.json()["parameter"], parameter, "{query}");
    }
    let large = fixture.get("w=9000&fit=contain").await;
    large.is_problem(413, "derived-too-large");
    assert_eq!(
        (&large.json()["limit"], &large.json()["actual"]),
        (&8192.into(), &9000.into())
    );
    assert!(fixture.client.deriver.take_calls().is_empty());
    // Only who may read the image learns that the query is wrong.
    fixture
        .anonymous(&fixture.content("w=0"))
        .await
        .is_problem(401, "unauthorized");
}

#[tokio::test]
async fn the_policy_decides_who_may_request_which_transforms() {
    // The statuses of a token, a stranger and a signed URL, each with a transform.
    for (policy, expected) in [
        ("signed", [200, 403, 200]),
        ("presets", [403, 403, 403]),
        ("any", [200, 200, 200]),
    ] {
        let fixture = Fixture::with(&[PRESETS, ("transform_policy", policy)]).await;
        fixture.publish().await;
        let path = fixture.content("w=3");
        let link = link::Link {
            method: link::LinkMethod::Get,
            path: path.split('?').next().expect("a path"),
            parameters: &[("w", "3")],
            epoch: 0,
            expires: NOW.unsigned_abs() / 1000 + 60,
            id: None,
        };
        let ring = KeyRing::parse(KEYS).expect("a ring");
        let link = link.sign(&ring, None).expect("a link");
        let answers = [
            fixture.client.get(&path).await,
            fixture.anonymous(&path).await,
            fixture.anonymous(&link).await,
        ];
        for (answer, status) in answers.iter().zip(expected) {
            assert_eq!(
                answer.status.as_u16(),
                status,
                "{policy}: {:?}",
                answer.body
            );
            if status == 403 {
                answer.is_problem(403, "transform-not-allowed");
                assert_eq!(
                    answer.json()["allowed"],
                    serde_json::json!(["best", "thumb"])
                );
            }
        }
        for query in ["preset=thumb", "preset=thumb&dpr=1.5&q=50", "dpr=2"] {
            let answer = fixture.anonymous(&fixture.content(query)).await;
            assert_eq!(answer.status, 200, "{policy} {query}: {:?}", answer.body);
        }
        // A token that may not read is none.
        let mut request = Request::get(&path).body(Body::empty()).expect("a request");
        let token = bearer("alice", "images:write").parse().expect("a header");
        request.headers_mut().insert(header::AUTHORIZATION, token);
        let status = fixture.client.send(request).await.status.as_u16();
        assert_eq!(status, expected[1], "{policy}");
    }
}

#[tokio::test]
async fn automatic_formats_vary_by_accept_whatever_the_answer() {
    let fixture = Fixture::new().await;
    let chrome = "image/avif,image/webp,image/apng,image/*,*/*;q=0.8";
    let path = fixture.content("w=3&format=auto");
    for (accept, kind) in [
        (chrome, "image/webp"),
        ("image/*", "image/png"),
        ("*/*", "image/png"),
        ("image/webp;q=0, */*", "image/png"),
    ] {
        let answer = fixture.ask(Method::GET, &path, &[("accept", accept)]).await;
        assert_eq!(answer.header("content-type"), kind, "{accept}");
        assert_eq!(answer.header("vary"), "Accept", "{accept}");
        let headers = [("accept", accept), ("if-none-match", answer.header("etag"))];
        let unchanged = fixture.ask(Method::GET, &path, &headers).await;
        assert_eq!(
            (unchanged.status.as_u16(), unchanged.header("vary")),
            (304, "Accept")
        );
        let head = fixture
            .ask(Method::HEAD, &path, &[("accept", accept)])
            .await;
        assert_eq!(head.header("vary"), "Accept");
    }
    let part = fixture
        .ask(Method::GET, &path, &[("range", "bytes=0-1")])
        .await;
    assert_eq!((part.status.as_u16(), part.header("vary")), (206, "Accept"));
    let preset = fixture.get("preset=best").await;
    assert_eq!(preset.header("vary"), "Accept");
    let failed = fixture.get("format=auto&w=9999&fit=contain").await;
    failed.is_problem(413, "derived-too-large");
    assert_eq!(failed.header("vary"), "Accept");
    assert_eq!(fixture.get("w=3").await.header("vary"), "");
}

#[tokio::test]
async fn file_names_get_the_extension_of_the_derived_format() {
    let client = Client::with(&[PRESETS]);
    let file = testing::png(7, 5);
    let upload = request(
        Method::POST,
        "/v1/images?filename=cat.png",
        Body::from(file),
    );
    let created = client.send(upload).await;
    let path = format!("{}/content", created.header("location"));
    for (query, expected) in [
        ("w=3&format=webp", "inline; filename=\"cat.webp\""),
        (
            "w=3&format=jpeg&download=1",
            "attachment; filename=\"cat.jpg\"",
        ),
        ("w=3", "inline; filename=\"cat.png\""),
    ] {
        let answer = client.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.header("content-disposition"), expected, "{query}");
    }
}

#[tokio::test]
async fn links_carry_transforms_and_presets() {
    let fixture = Fixture::new().await;
    for (body, contained, expected) in [
        (
            r#"{"expires_in": 60, "transform": {"format": "webp", "q": 80, "w": 3, "dpr": "1"}}"#,
            "format=webp&kid=test&signature=",
            "w=3&format=webp",
        ),
        (
            r#"{"expires_in": 60, "preset": "thumb", "download": true}"#,
            "&preset=thumb&",
            "w=2&format=png",
        ),
        (
            r#"{"expires_in": 60, "preset": "thumb", "transform": {"q": 7}}"#,
            "&preset=thumb&q=7&",
            "w=2&format=png&q=7",
        ),
        (
            r#"{"expires_in": 60, "transform": {"crop": "0,0,50%,50%"}}"#,
            "crop=0%2C0%2C50%25%2C50%25&",
            "crop=0,0,50%25,50%25&format=png",
        ),
    ] {
        let created = fixture.link(body).await;
        assert_eq!(created.status, 201, "{body}: {:?}", created.body);
        let url = created.json()["url"].as_str().expect("a URL").to_owned();
        assert!(url.contains(contained), "{url}");
        let answer = fixture.anonymous(&url).await;
        assert_eq!(answer.status, 200, "{url}: {:?}", answer.body);
        assert_eq!(answer.body, derived(expected, fixture.length), "{url}");
        // The order does not matter; every change does.
        let (path, query) = url.split_once('?').expect("a query");
        let mut pairs: Vec<&str> = query.split('&').collect();
        pairs.reverse();
        let reversed = fixture
            .anonymous(&format!("{path}?{}", pairs.join("&")))
            .await;
        assert_eq!(reversed.status, 200, "{url}");
        let changed = fixture.anonymous(&format!("{url}&h=1")).await;
        changed.is_problem(403, "link-invalid");
    }
    for (body, status, slug) in [
        (
            r#"{"expires_in": 60, "transform": {"w": 0}}"#,
            400,
            "bad-request",
        ),
        (
            r#"{"expires_in": 60, "transform": {"width": 1}}"#,
            400,
            "bad-request",
        ),
        (
            r#"{"expires_in": 60, "transform": {"w": true}}"#,
            400,
            "bad-request",
        ),
        (
            r#"{"expires_in": 60, "transform": "w=3"}"#,
            400,
            "bad-request",
        ),
        (
            r#"{"expires_in": 60, "preset": "none"}"#,
            400,
            "bad-request",
        ),
        (
            r#"{"expires_in": 60, "transform": {"w": 9999, "fit": "contain"}}"#,
            413,
            "derived-too-large",
        ),
    ] {
        fixture.link(body).await.is_problem(status, slug);
    }
}

#[tokio::test]
async fn many_links_carry_the_same_transform() {
    let fixture = Fixture::new().await;
    let id = fixture.path.rsplit('/').next().expect("an id");
    let body = format!(r#"{{"ids": ["{id}", "none"], "expires_in": 60, "preset": "thumb"}}"#);
    let mut request = request(Method::POST, "/v1/links", Body::from(body));
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    let answer = fixture.client.send(request).await.json();
    let url = answer["items"][0]["link"]["url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    assert_eq!(answer["items"][1]["status"], 404);
    let derived_image = fixture.anonymous(&url).await;
    assert_eq!(
        derived_image.body,
        derived("w=2&format=png", fixture.length)
    );
}

#[tokio::test]
async fn refusals_of_the_component_become_problems() {
    let refused = |refusal, limit| DeriveError::Refused {
        refusal,
        limit,
        reason: "so it is".to_owned(),
    };
    for (error, status, slug) in [
        (refused(Refusal::Undecodable, None), 422, "not-derivable"),
        (refused(Refusal::TooCostly, Some(5)), 422, "not-derivable"),
        (
            refused(Refusal::TooLarge, Some(5)),
            413,
            "derived-too-large",
        ),
        (
            refused(Refusal::Unsupported, None),
            501,
            "derivation-unavailable",
        ),
        (refused(Refusal::CropOutside, None), 400, "bad-request"),
        (refused(Refusal::Internal, None), 500, "internal"),
        (DeriveError::Unavailable, 501, "derivation-unavailable"),
        (DeriveError::Busy, 503, "derivation-busy"),
        (DeriveError::Trapped, 503, "derivation-busy"),
        (DeriveError::TimedOut, 503, "derivation-busy"),
    ] {
        let fixture = Fixture::new().await;
        fixture.client.deriver.fail([error.clone()]);
        let answer = fixture.get("w=3").await;
        answer.is_problem(status, slug);
        if matches!(error, DeriveError::Refused { limit: Some(_), .. }) {
            assert_eq!(answer.json()["limit"], 5);
        }
        // One failure is forgiven, and nothing holds the variant.
        assert_eq!(fixture.get("w=3").await.status, 200, "{error}");
    }
    let off = Fixture::with(&[PRESETS, ("derive", "off")]).await;
    off.get("w=3")
        .await
        .is_problem(501, "derivation-unavailable");
    assert_eq!(off.get("").await.status, 200);
    assert!(off.client.deriver.take_calls().is_empty());
}

#[tokio::test]
async fn a_source_that_failed_twice_is_left_alone() {
    let fixture = Fixture::new().await;
    fixture
        .client
        .deriver
        .fail([DeriveError::Trapped, DeriveError::TimedOut]);
    fixture.get("w=3").await.is_problem(503, "derivation-busy");
    fixture.get("w=4").await.is_problem(503, "derivation-busy");
    fixture.client.deriver.take_calls();
    fixture.get("w=5").await.is_problem(422, "not-derivable");
    assert!(fixture.client.deriver.take_calls().is_empty());
    assert_eq!(fixture.get("").await.status, 200);
}

#[tokio::test]
async fn variants_go_with_their_image_and_on_request() {
    let fixture = Fixture::new().await;
    let stored = || fixture.client.values.keys().len();
    let before = stored();
    for query in ["w=2", "w=3"] {
        assert_eq!(fixture.get(query).await.status, 200);
    }
    assert_eq!(stored(), before + 2);
    fixture.client.deriver.take_calls();
    let path = format!("{}/variants", fixture.path);
    let drop_all = async || fixture.ask(Method::DELETE, &path, &[]).await;
    assert_eq!(drop_all().await.status, 204);
    assert_eq!(fixture.get("w=2").await.status, 200);
    assert_eq!(fixture.client.deriver.take_calls(), ["w=2&format=png"]);
    let mut others = request(Method::DELETE, &path, Body::empty());
    let token = bearer("bob", "images:write").parse().expect("a header");
    others.headers_mut().insert(header::AUTHORIZATION, token);
    fixture
        .client
        .send(others)
        .await
        .is_problem(404, "not-found");
    assert_eq!(
        fixture.ask(Method::DELETE, &fixture.path, &[]).await.status,
        204
    );
    drop_all().await.is_problem(404, "not-found");
    fixture.get("w=2").await.is_problem(404, "not-found");
}

#[tokio::test]
async fn an_image_that_is_deleted_while_it_is_derived_leaves_nothing() {
    let fixture = Fixture::new().await;
    let before = fixture.client.values.keys().len();
    let deleted = fixture.ask(Method::DELETE, &fixture.path, &[]);
    let (derived, deleted) = futures_util::future::join(fixture.get("w=3"), deleted).await;
    assert_eq!(deleted.status, 204);
    derived.is_problem(404, "not-found");
    assert_eq!(fixture.client.deriver.take_calls().len(), 1);
    // The bytes of the original wait for the sweep.
    assert_eq!(fixture.client.values.keys().len(), before);
}

#[tokio::test]
async fn the_budget_of_variants_is_kept() {
    let fixture = Fixture::with(&[PRESETS, ("derived_bytes", "80")]).await;
    let size = derived("w=1&format=png", fixture.length).len();
    assert!(size * 2 < 80 && size * 4 > 80);
    for width in 1..=6 {
        assert_eq!(fixture.get(&format!("w={width}")).await.status, 200);
        let bytes = fixture.client.variant_bytes().await;
        assert!(bytes <= 80, "{bytes}");
    }
    fixture.client.deriver.take_calls();
    // The latest are kept, the first are made again.
    assert_eq!(fixture.get("w=6").await.status, 200);
    assert!(fixture.client.deriver.take_calls().is_empty());
    assert_eq!(fixture.get("w=1").await.status, 200);
    assert_eq!(fixture.client.deriver.take_calls(), ["w=1&format=png"]);
    let usage = fixture.client.get("/v1/usage").await.json();
    assert_eq!(usage["bytes"], fixture.length);
    let tiny = Fixture::with(&[PRESETS, ("derived_bytes", "5")]).await;
    let refused = tiny.get("w=1").await;
    refused.is_problem(413, "derived-too-large");
    assert_eq!(refused.json()["limit"], 5);
}

#[tokio::test]
async fn eager_presets_are_derived_after_an_upload() {
    let fixture = Fixture::with(&[PRESETS, ("eager_presets", "thumb,best")]).await;
    let made = fixture.client.deriver.take_calls();
    assert_eq!(made, ["w=2&format=png", "w=3&format=webp"]);
    assert_eq!(fixture.get("preset=thumb").await.status, 200);
    assert!(fixture.client.deriver.take_calls().is_empty());
}

#[tokio::test]
async fn an_original_that_is_the_result_is_sent_in_its_place() {
    let fixture = Fixture::new().await;
    let original = fixture.get("").await;
    for query in [
        "w=7",
        "w=700",
        "h=5&fit=contain",
        "format=png",
        "w=7&h=5&fit=cover&format=auto",
    ] {
        let answer = fixture.get(query).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        assert_eq!(answer.header("etag"), original.header("etag"), "{query}");
    }
    let auto = fixture.get("w=7&format=auto").await;
    assert_eq!(auto.header("vary"), "Accept");
    assert!(fixture.client.deriver.take_calls().is_empty());
    // A result has no metadata and is upright.
    let mut noted = testing::gif(7, 5, 1);
    noted.splice(25..25, *b"!\xfe\x02hi\0");
    for (file, call) in [
        (noted, "w=7&format=gif"),
        (testing::jpeg_with_orientation(7, 5, 1), "w=7&format=jpeg"),
        (testing::jpeg_with_orientation(7, 5, 3), "w=7&format=jpeg"),
    ] {
        let created = fixture.client.upload(&file).await;
        let path = format!("{}/content?w=7", created.header("location"));
        assert_eq!(fixture.client.get(&path).await.status, 200);
        assert_eq!(fixture.client.deriver.take_calls(), [call]);
    }
}

#[tokio::test]
async fn an_old_client_gets_jpeg_of_what_is_opaque() {
    let client = Client::new();
    let mut transparent = testing::webp(7, 5);
    transparent[24] |= 0x10;
    for (file, call) in [
        (testing::webp(7, 5), "w=3&format=jpeg"),
        (transparent, "w=3&format=png"),
        (testing::avif(), "w=3&format=jpeg"),
    ] {
        let created = client.upload(&file).await;
        let path = format!("{}/content?w=3&format=auto", created.header("location"));
        assert_eq!(client.get(&path).await.status, 200);
        assert_eq!(client.deriver.take_calls(), [call]);
    }
}

#[tokio::test]
async fn strangers_get_few_variations_of_a_preset() {
    for (policy, stranger) in [
        ("signed", "w=3&format=png&q=60"),
        ("presets", "w=3&format=png&q=60"),
        ("any", "w=2&format=png&q=51"),
    ] {
        let fixture = Fixture::with(&[PRESETS, ("transform_policy", policy)]).await;
        fixture.publish().await;
        let path = fixture.content("preset=thumb&dpr=1.01&q=51");
        assert_eq!(fixture.anonymous(&path).await.status, 200);
        assert_eq!(fixture.client.deriver.take_calls(), [stranger], "{policy}");
        if policy != "any" {
            assert_eq!(fixture.client.get(&path).await.status, 200);
            let exactly = ["w=2&format=png&q=51"];
            assert_eq!(fixture.client.deriver.take_calls(), exactly, "{policy}");
        }
    }
}

#[tokio::test]
async fn a_placeholder_comes_with_the_first_derivation() {
    let fixture = Fixture::new().await;
    let shown = fixture.client.get(&fixture.path).await;
    assert_eq!(shown.json()["placeholder"], serde_json::Value::Null);
    let first = fixture.get("w=3").await;
    assert_eq!(first.status, 200);
    let expected = placeholder(fixture.length);
    let expected = serde_json::json!({
        "thumbhash": expected.thumbhash(),
        "blurhash": expected.blurhash(),
        "color": expected.color(),
    });
    let later = fixture.client.get(&fixture.path).await;
    assert_eq!(later.json()["placeholder"], expected);
    assert_eq!(later.json()["updated_at"], shown.json()["updated_at"]);
    assert_ne!(later.header("etag"), shown.header("etag"));
    for path in ["/v1/images", "/v1/images?content_type=image/png"] {
        let page = fixture.client.get(path).await.json();
        assert_eq!(page["items"][0]["placeholder"], expected, "{path}");
    }
    // Who has seen the image before has seen all that it may change.
    let etag = shown.header("etag").to_owned();
    let read = [("if-match", etag.as_str())];
    let read = fixture.ask(Method::GET, &fixture.path, &read).await;
    assert_eq!(read.status, 412);
    let mut edit = request(
        Method::PATCH,
        &fixture.path,
        Body::from(r#"{"tags": ["t"]}"#),
    );
    let headers = edit.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::IF_MATCH, etag.parse().expect("a header"));
    let edited = fixture.client.send(edit).await;
    assert_eq!(edited.status, 200, "{:?}", edited.body);
    assert_eq!(edited.json()["placeholder"], expected);
    // Equal content of the same owner has it, too.
    let again = fixture.client.upload(&testing::png(7, 5)).await;
    let again = fixture.client.get(again.header("location")).await;
    assert_eq!(again.json()["placeholder"], expected);
}

#[tokio::test]
async fn a_placeholder_is_made_when_the_setting_says_so() {
    let has_placeholder = async |fixture: &Fixture| {
        let shown = fixture.client.get(&fixture.path).await.json();
        shown.get("placeholder").is_some()
    };
    let off = Fixture::with(&[("placeholders", "off")]).await;
    assert_eq!(off.get("w=3").await.status, 200);
    assert!(!has_placeholder(&off).await);

    let upload = Fixture::with(&[("placeholders", "upload")]).await;
    assert_eq!(upload.client.deriver.take_calls(), ["placeholder"]);
    assert!(has_placeholder(&upload).await);
    // Not again for equal content.
    upload.client.upload(&testing::png(7, 5)).await;
    assert!(upload.client.deriver.take_calls().is_empty());

    let eager = [
        PRESETS,
        ("placeholders", "upload"),
        ("eager_presets", "thumb"),
    ];
    let eager = Fixture::with(&eager).await;
    assert_eq!(eager.client.deriver.take_calls(), ["w=2&format=png"]);
    assert!(has_placeholder(&eager).await);

    let none = Fixture::with(&[("placeholders", "upload"), ("derive", "off")]).await;
    assert!(none.client.deriver.take_calls().is_empty());
    assert!(!has_placeholder(&none).await);
}

#[tokio::test]
async fn an_upload_whose_placeholder_cannot_be_made_succeeds() {
    let client = Client::with(&[("placeholders", "upload")]);
    let refused = DeriveError::Refused {
        refusal: Refusal::TooCostly,
        limit: Some(1),
        reason: "it is too large".to_owned(),
    };
    client
        .deriver
        .fail([refused, DeriveError::Trapped, DeriveError::Trapped]);
    for expected in [1, 1, 1, 0] {
        let created = client.upload(&testing::png(7, 5)).await;
        assert_eq!(created.status, 201);
        let shown = client.get(created.header("location")).await.json();
        assert_eq!(shown.get("placeholder"), None);
        // Two failures, and nothing is derived from it for a day.
        assert_eq!(client.deriver.take_calls().len(), expected);
    }
}

#[tokio::test]
async fn limits_show_presets_and_policy() {
    let fixture = Fixture::new().await;
    let limits = fixture.client.get("/v1/limits").await.json();
    let expected = serde_json::json!({
        "enabled": true,
        "policy": "signed",
        "presets": {"best": "w=3&format=auto", "thumb": "w=2"},
        "width_ladder": [
            16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840
        ],
        "snap_widths": false,
        "max_side": 8192,
        "max_pixels": 100_000_000,
    });
    assert_eq!(limits["derived"], expected);
}

const SNAPPING: [(&str, &str); 3] = [
    ("presets", r#"{"thumb": {"w": 2, "fit": "scale-down"}}"#),
    ("width_ladder", "6,3"),
    ("snap_widths", "on"),
];

#[tokio::test]
async fn all_widths_between_two_steps_of_the_ladder_are_one_derived_image() {
    let fixture = Fixture::with(&SNAPPING).await;
    let limits = fixture.client.get("/v1/limits").await.json();
    assert_eq!(limits["derived"]["width_ladder"], serde_json::json!([3, 6]));
    assert_eq!(limits["derived"]["snap_widths"], true);
    let first = fixture.get("w=4").await;
    assert_eq!(first.status, 200);
    for spelling in ["w=6", "w=5", "w=2&dpr=2", "w=3&dpr=1.2", "w=4000"] {
        let again = fixture.get(spelling).await;
        assert_eq!(again.header("etag"), first.header("etag"), "{spelling}");
    }
    assert_eq!(fixture.client.deriver.take_calls(), ["w=6&format=png"]);
    for (query, made) in [
        ("w=4&h=2&fit=cover", "w=6&h=3&fit=cover&format=png"),
        ("h=1", "h=3&format=png"),
        // A preset has the size that the operator gave it, in its own resolution.
        ("preset=thumb", "w=2&format=png"),
        ("preset=thumb&dpr=2&q=7", "w=6&format=png&q=7"),
    ] {
        assert_eq!(fixture.get(query).await.status, 200, "{query}");
        assert_eq!(fixture.client.deriver.take_calls(), [made], "{query}");
    }
    assert_eq!(fixture.get("preset=thumb&dpr=1").await.status, 200);
    assert!(fixture.client.deriver.take_calls().is_empty());
    // Signed URLs show what they are of.
    let link = fixture
        .link(r#"{"expires_in": 60, "transform": {"w": 4}}"#)
        .await;
    let url = link.json()["url"].as_str().expect("a URL").to_owned();
    assert!(url.contains("&w=6"), "{url}");
    assert_eq!(
        fixture.anonymous(&url).await.header("etag"),
        first.header("etag")
    );
}

#[tokio::test]
async fn image_objects_have_a_template_where_anybody_may_request_any_width() {
    let srcset = async |fixture: &Fixture| {
        let image = fixture.client.get(&fixture.path).await.json();
        let list = fixture.client.get("/v1/images").await.json();
        assert_eq!(list["items"][0]["links"], image["links"]);
        image["links"]["srcset"].as_str().map(str::to_owned)
    };
    let open = Fixture::with(&[("transform_policy", "any")]).await;
    assert_eq!(srcset(&open).await, None);
    open.publish().await;
    let template = srcset(&open).await.expect("a template");
    assert_eq!(template, open.content("w={w}&format=auto"));
    let answer = open.anonymous(&template.replace("{w}", "3")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("vary")),
        (200, "Accept")
    );
    for variables in [
        &[("transform_policy", "signed")],
        &[("transform_policy", "presets")],
    ] {
        let closed = Fixture::with(variables).await;
        closed.publish().await;
        assert_eq!(srcset(&closed).await, None);
    }
    let off = Fixture::with(&[("transform_policy", "any"), ("derive", "off")]).await;
    off.publish().await;
    assert_eq!(srcset(&off).await, None);
}

/// The entries of a `srcset`: URLs and descriptors.
fn entries(link: &Value) -> Vec<(&str, &str)> {
    let srcset = link["srcset"].as_str().expect("a srcset");
    let entries = srcset.split(", ");
    entries
        .map(|entry| entry.split_once(' ').expect("a descriptor"))
        .collect()
}

#[tokio::test]
async fn links_in_several_widths_are_a_srcset() {
    let fixture = Fixture::new().await;
    for (terms, expected) in [
        // The image is 7 pixels wide and not enlarged: it is what is wanted.
        (
            r#""widths": [4, 2, 9, 8]"#,
            &[
                ("w=2&format=png", "2w"),
                ("w=4&format=png", "4w"),
                ("", "7w"),
            ][..],
        ),
        (
            r#""widths": [4, 8], "transform": {"w": 2, "h": 1, "fit": "cover"}"#,
            &[
                ("w=4&h=2&fit=cover&format=png", "4w"),
                ("w=8&h=4&fit=cover&format=png", "8w"),
            ],
        ),
        (
            r#""widths": [3.0, 3], "transform": {"format": "webp", "crop": "0,0,50%,50%"}"#,
            &[("w=3&crop=0,0,50%25,50%25&format=webp", "3w")],
        ),
    ] {
        let link = fixture
            .link(&format!("{{\"expires_in\": 60, {terms}}}"))
            .await;
        assert_eq!(link.status, 201, "{terms}: {:?}", link.body);
        let link = link.json();
        let entries = entries(&link);
        assert_eq!(entries.len(), expected.len(), "{link}");
        for ((url, descriptor), (made, width)) in entries.into_iter().zip(expected) {
            assert_eq!(descriptor, *width, "{link}");
            let answer = fixture.anonymous(url).await;
            let body = match made.is_empty() {
                true => fixture.get("").await.body,
                false => derived(made, fixture.length).into(),
            };
            assert_eq!(answer.body, body, "{url}");
        }
    }
    // Without widths there is no such member, and no limit on the original.
    let small = Fixture::with(&[("max_derived_side", "4")]).await;
    let link = small.link(r#"{"expires_in": 60}"#).await;
    assert_eq!(link.status, 201, "{:?}", link.body);
    let link = link.json();
    assert!(link.get("srcset").is_none(), "{link}");
    let id = fixture.path.rsplit('/').next().expect("an id");
    let body = serde_json::json!({"ids": [id], "expires_in": 60, "widths": [2, 3]});
    let many = json_request(Method::POST, "/v1/links", &body);
    let many = fixture.client.send(many).await.json();
    assert_eq!(entries(&many["items"][0]["link"]).len(), 2);
}

#[tokio::test]
async fn widths_that_cannot_be_linked_are_refused() {
    let fixture = Fixture::new().await;
    for (terms, status, slug) in [
        (r#""widths": []"#, 400, "bad-request"),
        (r#""widths": [0]"#, 400, "bad-request"),
        (r#""widths": [1.5]"#, 400, "bad-request"),
        (r#""widths": ["a"]"#, 400, "bad-request"),
        (r#""widths": 640"#, 400, "bad-request"),
        (r#""widths": [5], "preset": "thumb""#, 400, "bad-request"),
        (
            r#""widths": [5], "transform": {"dpr": 2}"#,
            400,
            "bad-request",
        ),
        (
            r#""widths": [5], "transform": {"h": 2}"#,
            400,
            "bad-request",
        ),
        (
            r#""widths": [5], "transform": {"w": 0, "h": 2}"#,
            400,
            "bad-request",
        ),
        (
            r#""widths": [9000], "transform": {"w": 9, "h": 9, "fit": "pad"}"#,
            413,
            "derived-too-large",
        ),
        (
            r#""widths": [1000000000], "transform": {"w": 1, "h": 1000000000, "fit": "pad"}"#,
            413,
            "derived-too-large",
        ),
    ] {
        let refused = fixture
            .link(&format!("{{\"expires_in\": 60, {terms}}}"))
            .await;
        refused.is_problem(status, slug);
    }
    let thirty_three = vec!["5"; 33].join(",");
    let refused = format!("{{\"expires_in\": 60, \"widths\": [{thirty_three}]}}");
    fixture.link(&refused).await.is_problem(400, "bad-request");
    let presets = Fixture::with(&[PRESETS, ("transform_policy", "presets")]).await;
    let refused = presets.link(r#"{"expires_in": 60, "widths": [5]}"#).await;
    refused.is_problem(403, "transform-not-allowed");
}
