//! Hostile file names, sent in every possible way.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{
    Client, Darkroom, content, created, fixture, header, path, problem, send, unique,
};

/// Names, and the form in which they are stored.
fn names() -> Vec<(String, Option<&'static str>)> {
    let names = [
        ("cat.jpg", Some("cat.jpg")),
        ("Grüße 猫 😀.jpg", Some("Grüße 猫 😀.jpg")),
        ("a\r\nSet-Cookie: x=1.jpg", Some("aSet-Cookie: x=1.jpg")),
        ("a\r\n\r\n<script>", Some("a<script>")),
        ("\u{202e}gpj.exe", Some("gpj.exe")),
        ("می\u{200c}خواهم.jpg", Some("می\u{200c}خواهم.jpg")),
        (
            "👨\u{200d}👩\u{200d}👧.jpg",
            Some("👨\u{200d}👩\u{200d}👧.jpg"),
        ),
        ("c\u{200d}at\u{200c}.jpg", Some("cat.jpg")),
        ("a\u{2066}b\u{2069}c\u{200f}.jpg", Some("abc.jpg")),
        ("a\u{2028}b\u{85}c\0d.jpg", Some("abcd.jpg")),
        ("../../../etc/passwd", Some("passwd")),
        ("C:\\Windows\\cat.jpg", Some("cat.jpg")),
        ("a\"; filename=\"b.exe", Some("a\"; filename=\"b.exe")),
        ("a'b''c;d,e=f%20g.jpg", Some("a'b''c;d,e=f%20g.jpg")),
        ("UTF-8''x%0d%0ay.jpg", Some("UTF-8''x%0d%0ay.jpg")),
        ("..", None),
        ("\u{200b}\u{feff}", None),
    ];
    names
        .into_iter()
        .map(|(name, kept)| (name.to_owned(), kept))
        .collect()
}

/// Checks that there is one header, in ASCII, with this name.
fn check(response: &Response, kept: Option<&str>) {
    assert_eq!(response.status(), 200);
    assert!(response.headers().get("set-cookie").is_none());
    let disposition = header(response, "content-disposition");
    let plain = |c: char| c == ' ' || c.is_ascii_graphic();
    assert!(disposition.chars().all(plain), "{disposition}");
    assert!(disposition.len() < 1200, "{disposition}");
    let Some(kept) = kept else {
        assert_eq!(disposition, "inline");
        return;
    };
    let quoted = disposition.strip_prefix("inline; filename=\"");
    let (fallback, rest) = quoted
        .and_then(|rest| rest.split_once('"'))
        .expect(disposition);
    assert!(!fallback.contains(['\\', '%']), "{disposition}");
    match rest.strip_prefix("; filename*=UTF-8''") {
        Some(encoded) => {
            let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8();
            assert_eq!(decoded.expect("UTF-8"), kept);
            let is_attr_char = |c: char| c.is_ascii_alphanumeric() || "!#$&+-.^_`|~%".contains(c);
            assert!(encoded.chars().all(is_attr_char), "{encoded}");
        }
        None => assert_eq!((fallback, rest), (kept, "")),
    }
}

/// Uploads an image in every way that can carry a name.
async fn upload(alice: &Client, name: &str) -> Vec<Value> {
    let file = fixture("still.gif").bytes;
    let query = send(alice.post().query(&[("filename", name)]).body(file)).await;
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let extended = format!("attachment; filename*=UTF-8''{encoded}");
    let extended = alice.post().header("content-disposition", extended);
    let extended = send(extended.body(file)).await;
    let mut images = vec![created(query).await, created(extended).await];
    let part = Part::bytes(file).file_name(name.to_owned());
    let form = send(alice.post().multipart(Form::new().part("file", part))).await;
    if name.contains(['\r', '\n', '\0']) {
        // The client does not escape these characters, so the head of the part is invalid.
        problem(form, 400, "bad-request").await;
    } else {
        images.push(created(form).await);
    }
    images
}

#[tokio::test]
async fn a_hostile_name_is_harmless_however_it_is_sent() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for (name, kept) in names() {
        let mut images = upload(&alice, &name).await;
        let renamed = alice
            .json(Method::PATCH, path(&images[0]), &json!({"filename": name}))
            .await;
        // A change may be stricter than an upload, which keeps as much as possible.
        if renamed.status() == 200 {
            images.push(renamed.json().await.expect("JSON"));
        } else {
            assert_eq!(renamed.status(), 400, "{name:?}");
        }
        for image in images {
            assert_eq!(image["filename"].as_str(), kept, "{name:?}");
            check(&alice.get(content(&image)).await, kept);
        }
    }
}

#[tokio::test]
async fn a_name_of_64_kilobytes_is_truncated_to_the_limit() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = fixture("still.gif").bytes;
    for letter in ["a", "é", "猫", "\""] {
        let name = format!("{}.gif", letter.repeat((64 << 10) / letter.len()));
        let part = Part::bytes(file).file_name(name);
        let form = send(alice.post().multipart(Form::new().part("file", part))).await;
        let image = created(form).await;
        let kept = image["filename"].as_str().expect("a name");
        assert!(kept.len() <= 255 && kept.ends_with(".gif"), "{kept}");
        check(&alice.get(content(&image)).await, Some(kept));
    }
}
