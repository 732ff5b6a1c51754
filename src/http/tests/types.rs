//! Refusals because of a file's type.

use serde_json::{Value, json};

use super::*;

/// The first bytes of files that people upload in place of an image, and the type of each.
const FILES: [(&str, &[u8]); 12] = [
    ("image/heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    ("image/bmp", b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0"),
    ("image/tiff", b"II*\0\x08\0\0\0\0\0\0\0"),
    ("image/vnd.microsoft.icon", b"\0\0\x01\0\x01\0\x10\x10\0\0"),
    ("image/jxl", b"\xff\x0a\xfa\x1f"),
    (
        "image/svg+xml",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ),
    ("image/jp2", b"\0\0\0\x0cjP  \r\n\x87\n"),
    ("image/vnd.adobe.photoshop", b"8BPS\0\x01\0\0"),
    ("application/pdf", b"%PDF-1.7\n"),
    ("video/mp4", b"\0\0\0\x18ftypisom\0\0\0\0isomavc1"),
    ("application/zip", b"PK\x03\x04\x14\0\0\0"),
    ("text/plain", b"just a text"),
];

/// Checks that a file was refused because of its type, and that the refusal names that type and
/// all that would be accepted.
fn is_refused(answer: &Answer, detected: impl Into<Value>, allowed: &[&str]) {
    answer.is_problem(415, "unsupported-type");
    let problem = answer.json();
    assert_eq!(problem["detected"], detected.into(), "{problem}");
    assert_eq!(problem["allowed"], json!(allowed), "{problem}");
}

const ALL: [&str; 5] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
];

#[tokio::test]
async fn a_refusal_names_the_type_of_the_file_and_the_accepted_ones() {
    let client = Client::new();
    for (detected, bytes) in FILES {
        for declared in [
            "image/jpeg",
            "application/octet-stream",
            "image/*",
            "text/html",
            "application/json",
            detected,
        ] {
            let raw = client.post(declared, bytes).await;
            is_refused(&raw, detected, &ALL);
            let head = format!("name=\"file\"; filename=\"a.jpg\"\r\nContent-Type: {declared}");
            let body = form(&[(&head, bytes)]);
            let part = client.post("multipart/form-data; boundary=x", body).await;
            is_refused(&part, detected, &ALL);
        }
        is_refused(&client.upload(bytes).await, detected, &ALL);
    }
    // Bytes that nothing is known of.
    for declared in ["image/png", "application/x-unknown"] {
        let unknown = client.post(declared, &b"MZ\x90\0\x03"[..]).await;
        is_refused(&unknown, Value::Null, &ALL);
        assert!(unknown.json().get("detected").is_none());
    }
}

#[tokio::test]
async fn a_refusal_of_an_image_names_its_type_too() {
    let client = Client::with(&[("accepted_types", "png, webp")]);
    let accepted = ["image/png", "image/webp"];
    let (png, gif) = (testing::png(1, 1), testing::gif(1, 1, 1));
    for declared in ["image/gif", "image/png", "image/*"] {
        is_refused(
            &client.post(declared, gif.clone()).await,
            "image/gif",
            &accepted,
        );
    }
    for declared in ["image/webp", "image/gif", "image/heic", "text/html"] {
        let other = client.post(declared, png.clone()).await;
        is_refused(&other, "image/png", &accepted);
        assert_eq!(other.json()["actual"], "image/png");
    }
    let terms = json!({"expires_in": 60, "content_types": ["image/webp"]});
    let ticket = client
        .send(json_request(Method::POST, "/v1/upload-tickets", &terms))
        .await;
    let url = ticket.json()["upload_url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let refused = client.send(anonymous(Method::POST, &url, png)).await;
    is_refused(&refused, "image/png", &["image/webp"]);
}

#[tokio::test]
async fn a_refusal_of_a_json_body_names_the_accepted_types() {
    let client = Client::new();
    let image = client.upload(&testing::png(1, 1)).await;
    let path = image.header("location");
    let patch = request(Method::PATCH, path, Body::from("{}"));
    let refused = client.send(patch).await;
    refused.is_problem(415, "unsupported-type");
    let allowed = json!(["application/merge-patch+json", "application/json"]);
    assert_eq!(refused.json()["allowed"], allowed);
}
