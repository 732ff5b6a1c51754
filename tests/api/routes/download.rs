//! `GET` and `HEAD /v1/images/{id}/content`.

use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::support::{
    Client, Darkroom, FIXTURES, Png, content, created, header, problem, repr_digest, send,
    sha256_hex, unique,
};

const CHUNK: usize = 384 << 10;

#[tokio::test]
async fn every_image_comes_back_byte_for_byte_with_all_headers() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for file in FIXTURES {
        let image = alice.upload(file.bytes).await;
        let response = alice.get(content(&image)).await;
        assert_eq!(response.status(), 200);
        let length = file.bytes.len().to_string();
        let etag = format!("\"{}\"", sha256_hex(file.bytes));
        for (name, value) in [
            ("content-type", file.content_type),
            ("content-length", &length),
            ("etag", &etag),
            ("content-disposition", "inline"),
            ("repr-digest", &repr_digest(file.bytes)),
            ("cache-control", "private, no-cache"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(header(&response, name), value, "{}", file.name);
        }
        let modified = header(&response, "last-modified");
        httpdate::parse_http_date(modified).expect("an HTTP date");
        assert_eq!(response.bytes().await.expect("a body"), file.bytes);
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for size in [Png::SMALLEST, 3 * CHUNK] {
        let image = alice.upload(Png::of_size(size).bytes()).await;
        let (head, get) = (
            alice.head(content(&image)).await,
            alice.get(content(&image)).await,
        );
        assert_eq!(head.status(), 200);
        assert_eq!(headers(&head), headers(&get));
        assert_eq!(head.bytes().await.expect("no body").len(), 0);
        assert_eq!(get.bytes().await.expect("a body").len(), size);
    }
}

/// The header fields, without those that differ from one answer to the next.
fn headers(response: &reqwest::Response) -> Vec<(String, String)> {
    let all = response.headers().iter();
    let mut all: Vec<_> = all
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn files_around_the_length_of_a_chunk_come_back_whole() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for size in [
        Png::SMALLEST,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        2 * CHUNK,
        2 * CHUNK + 1,
        7 * CHUNK + 12_345,
    ] {
        let bytes = Png::of_size(size).bytes();
        let image = alice.upload(bytes.clone()).await;
        assert_eq!(image["size"], size);
        assert_eq!(image["sha256"], sha256_hex(&bytes));
        let response = alice.get(content(&image)).await;
        assert_eq!(header(&response, "content-length"), size.to_string());
        let body = response.bytes().await.expect("a body");
        assert!(body == bytes, "{size} bytes came back changed");
    }
}

/// Uploads a file under a name.
async fn upload_as(client: &Client, name: &str) -> Value {
    let part = Part::bytes(FIXTURES[0].bytes).file_name(name.to_owned());
    let form = Form::new().part("file", part);
    created(send(client.post().multipart(form)).await).await
}

#[tokio::test]
async fn a_download_is_saved_under_the_name_of_the_upload() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for (name, parameters) in [
        ("cat 1.jpg", "filename=\"cat 1.jpg\""),
        (
            "€.jpg",
            "filename=\"_.jpg\"; filename*=UTF-8''%E2%82%AC.jpg",
        ),
    ] {
        let image = upload_as(&alice, name).await;
        for (query, kind) in [("", "inline"), ("?download=1", "attachment")] {
            let response = alice.get(&format!("{}{query}", content(&image))).await;
            let expected = format!("{kind}; {parameters}");
            assert_eq!(header(&response, "content-disposition"), expected);
        }
    }
}

#[tokio::test]
async fn public_images_are_read_without_a_token_and_private_ones_are_not() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let part = Part::bytes(FIXTURES[0].bytes);
    let form = Form::new().text("visibility", "public").part("file", part);
    let public = created(send(alice.post().multipart(form)).await).await;
    let response = anonymous.get(content(&public)).await;
    assert_eq!(
        header(&response, "cache-control"),
        "public, max-age=0, must-revalidate"
    );
    assert_eq!(response.bytes().await.expect("a body"), FIXTURES[0].bytes);
    assert_eq!(anonymous.head(content(&public)).await.status(), 200);

    let private = alice.upload(FIXTURES[0].bytes).await;
    problem(anonymous.get(content(&private)).await, 401, "unauthorized").await;
    // An image object is not public, even if the bytes are.
    let itself = public["links"]["self"].as_str().expect("a link");
    problem(anonymous.get(itself).await, 401, "unauthorized").await;
}
