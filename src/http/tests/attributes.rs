//! The attributes in a form: tags, metadata and visibility of all its files.

use super::forms::{FORM, post, post_beside};
use super::*;

#[tokio::test]
async fn a_form_has_files_and_attributes_that_apply_to_all() {
    let client = Client::new();
    let (a, b) = (testing::png(1, 1), testing::gif(2, 2, 1));
    let body = form(&[
        ("name=\"file\"; filename=\"a.png\"", &a),
        ("name=\"tags\"", b"cat, dog"),
        ("name=\"file\"; filename=\"../b.gif\"", &b),
        ("name=\"visibility\"", b"public"),
    ]);
    let created = client.post(FORM, body).await;
    assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
    let items = created.json()["items"].clone();
    let names: Vec<&Value> = items
        .as_array()
        .expect("items")
        .iter()
        .map(|item| &item["filename"])
        .collect();
    assert_eq!(names, ["a.png", "b.gif"]);
    for item in items.as_array().expect("items") {
        assert_eq!(item["tags"], serde_json::json!(["cat", "dog"]));
        let path = item["links"]["content"].as_str().expect("a path");
        let anonymous = Request::get(path).body(Body::empty()).expect("a request");
        assert_eq!(client.send(anonymous).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_form_with_an_invalid_part_stores_nothing() {
    let valid = testing::png(1, 1);
    for (case, part, status, slug) in [
        (
            "an invalid file",
            ("name=\"file\"", &b"no image"[..]),
            415,
            "unsupported-type",
        ),
        (
            "a file in an unknown part",
            ("name=\"flie\"; filename=\"a.png\"", &b"a"[..]),
            400,
            "bad-request",
        ),
        (
            "an invalid visibility",
            ("name=\"visibility\"", &b"secret"[..]),
            400,
            "bad-request",
        ),
        (
            "an invalid tag",
            ("name=\"tags\"", &b"a\x07"[..]),
            400,
            "bad-request",
        ),
        (
            "text that is not UTF-8",
            ("name=\"tags\"", &b"\xff"[..]),
            400,
            "bad-request",
        ),
    ] {
        let client = Client::new();
        let body = form(&[("name=\"file\"", &valid), part]);
        let answer = client.post(FORM, body).await;
        answer.is_problem(status, slug);
        assert_eq!(client.values.keys(), Vec::<String>::new(), "{case}");
    }
    let client = Client::new();
    let cut = form(&[("name=\"file\"", &valid)]);
    let cut = cut[..cut.len() - 12].to_vec();
    client
        .post(FORM, cut)
        .await
        .is_problem(400, "upload-interrupted");
    client
        .post("multipart/form-data", "")
        .await
        .is_problem(400, "bad-request");
    client
        .post(FORM, form(&[]))
        .await
        .is_problem(400, "bad-request");
    assert_eq!(client.values.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn tags_in_a_form_may_be_json() {
    let client = Client::new();
    let typed = "name=\"tags\"\r\nContent-Type: application/json; charset=utf-8";
    let list = "[\"a\", \"b c\", \"ü\"]".as_bytes();
    for part in ["name=\"tags\"", "name=\"tags[]\"", typed] {
        let image = post_beside(&client, &[(part, list), ("name=\"tags\"", b"d,a")]).await;
        assert_eq!(image["tags"], serde_json::json!(["a", "b c", "ü", "d"]));
    }
    let file = testing::png(1, 1);
    for (part, text) in [
        ("name=\"tags\"", "[\"a\",\"b\""),
        ("name=\"tags\"", "[a,b]"),
        ("name=\"tags\"", "[\"a\",1]"),
        ("name=\"tags\"", "[\"a,b\"]"),
        (typed, "a,b"),
        (typed, "{\"a\": \"b\"}"),
    ] {
        let parts = [("name=\"file\"", &file[..]), (part, text.as_bytes())];
        let refused = post(&client, &parts).await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["field"], "tags", "{text}");
    }
}

#[tokio::test]
async fn metadata_in_a_form_applies_to_all_files() {
    let client = Client::new();
    let file = testing::png(1, 1);
    let typed = "name=\"metadata\"\r\nContent-Type: application/json";
    // As a browser sends a `Blob`.
    let blob = "name=\"metadata\"; filename=\"blob\"\r\nContent-Type: application/json";
    let given = "{\"album\": \"2026\", \"ü\": \"\"}".as_bytes();
    let expect = serde_json::json!({"album": "2026", "ü": ""});
    for part in ["name=\"metadata\"", typed, blob] {
        let image = post_beside(&client, &[(part, given)]).await;
        assert_eq!(image["metadata"], expect, "{part}");
        let path = image["links"]["self"].as_str().expect("a path");
        assert_eq!(client.get(path).await.json()["metadata"], expect);
    }
    let files = [("name=\"file\"", &file[..]); 2];
    let created = post(&client, &[&files[..], &[(typed, given)]].concat()).await;
    for item in created.json()["items"].as_array().expect("items") {
        assert_eq!(item["metadata"], expect);
    }
}

#[tokio::test]
async fn metadata_in_a_form_has_the_limits_of_an_edit_and_a_refusal_names_it() {
    let client = Client::new();
    let file = testing::png(1, 1);
    let of_length = |length: usize| format!("{{\"k\":\"{}\"}}", "v".repeat(length));
    post_beside(
        &client,
        &[("name=\"metadata\"", of_length(4095).as_bytes())],
    )
    .await;
    let stored = client.values.keys();
    let (second, long) = ("{\"a\":\"b\"}", of_length(4096));
    for (case, parts) in [
        ("no JSON", &["album=2026"][..]),
        ("an empty part", &[""]),
        ("a list", &["[\"a\"]"]),
        ("a number", &["{\"a\": 1}"]),
        ("null", &["{\"a\": null}"]),
        ("a name twice", &["{\"a\": \"b\", \"a\": \"b\"}"]),
        ("an empty name", &["{\"\": \"b\"}"]),
        ("a control character", &["{\"a\": \"\\u0000\"}"]),
        ("4,097 bytes", &[long.as_str()]),
        ("two parts", &[second, second]),
    ] {
        let mut form = vec![("name=\"file\"", &file[..])];
        form.extend(
            parts
                .iter()
                .map(|part| ("name=\"metadata\"", part.as_bytes())),
        );
        let refused = post(&client, &form).await;
        refused.is_problem(400, "bad-request");
        let problem = refused.json();
        assert_eq!(problem["field"], "metadata", "{case}: {problem}");
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains("metadata"), "{case}: {detail}");
        assert_eq!(client.values.keys(), stored, "{case}");
    }
}
