//! Forms and file names as browsers, upload widgets and HTTP libraries send them.

use super::*;

pub(super) const FORM: &str = "multipart/form-data; boundary=x";

/// Posts a form to this path, without a token.
async fn post_to(client: &Client, path: &str, parts: &[(&str, &[u8])]) -> Answer {
    let mut request = anonymous(Method::POST, path, form(parts));
    let form = HeaderValue::from_static(FORM);
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    client.send(request).await
}

pub(super) async fn post(client: &Client, parts: &[(&str, &[u8])]) -> Answer {
    client.post(FORM, form(parts)).await
}

/// Posts a form of a valid file and these parts, which must be accepted.
pub(super) async fn post_beside(client: &Client, parts: &[(&str, &[u8])]) -> Value {
    let file = testing::png(1, 1);
    let parts = [parts, &[("name=\"file\"; filename=\"a.png\"", &file[..])]].concat();
    let created = post(client, &parts).await;
    assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
    created.json()
}

async fn ticket(client: &Client) -> String {
    client.ticket(&serde_json::json!({"expires_in": 60})).await
}

#[tokio::test]
async fn a_name_is_read_in_the_same_way_from_a_form_a_head_and_with_a_ticket() {
    let client = Client::new();
    let file = testing::png(1, 1);
    for (parameters, name) in [
        (
            "filename=\"=?utf-8?B?w4TDlsOkw7YuanBn?=\"; \
             filename*=utf-8''%C3%84%C3%96%C3%A4%C3%B6.jpg",
            "ÄÖäö.jpg",
        ),
        ("filename*=utf-8''%C3%84%C3%96%C3%A4%C3%B6.jpg", "ÄÖäö.jpg"),
        ("filename=\"=?utf-8?B?w4TDlsOkw7YuanBn?=\"", "ÄÖäö.jpg"),
        (
            "filename=\"=?utf-8?B?0YTQsNC50Ls/Py5qcGc=?=\"; \
             filename*=utf-8''%D1%84%D0%B0%D0%B9%D0%BB%3F%3F.jpg",
            "файл??.jpg",
        ),
        // Cleaned after it is decoded.
        (
            "filename=\"=?utf-8?Q?..=2Fa=0D=0A=E2=80=AEb.jpg?=\"",
            "ab.jpg",
        ),
        ("filename*=utf-8''..%2Fa%0D%0A%E2%80%AEb.jpg", "ab.jpg"),
        (
            "filename=\"👨\u{200d}👩\u{200d}👧.jpg\"",
            "👨\u{200d}👩\u{200d}👧.jpg",
        ),
    ] {
        let part = format!("name=file; {parameters}");
        let by_form = post(&client, &[(&part, &file)]).await;
        let url = ticket(&client).await;
        let by_ticket = post_to(&client, &url, &[(&part, &file)]).await;
        let disposition = format!("attachment; {parameters}");
        let disposition = HeaderValue::from_bytes(disposition.as_bytes()).expect("a value");
        let mut answers = vec![by_form, by_ticket];
        for mut raw in [
            request(Method::POST, "/v1/images", Body::from(file.clone())),
            anonymous(Method::POST, &ticket(&client).await, file.clone()),
        ] {
            let headers = raw.headers_mut();
            headers.insert(header::CONTENT_DISPOSITION, disposition.clone());
            answers.push(client.send(raw).await);
        }
        for created in answers {
            assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
            assert_eq!(created.json()["filename"], name, "{parameters}");
        }
    }
}

#[tokio::test]
async fn joiners_stay_in_names_and_a_refusal_names_the_character() {
    let client = Client::new();
    let image = post_beside(&client, &[]).await;
    let path = image["links"]["self"].as_str().expect("a path");
    let rename = |name: &str| {
        let patch = serde_json::json!({"filename": name});
        client.send(json_request(Method::PATCH, path, &patch))
    };
    let scotland = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}.jpg";
    for name in [
        "می\u{200c}خواهم.jpg",
        "क\u{94d}\u{200d}ष.jpg",
        "👨\u{200d}👩\u{200d}👧.jpg",
        scotland,
    ] {
        let renamed = rename(name).await;
        assert_eq!(renamed.status, StatusCode::OK, "{:?}", renamed.body);
        assert_eq!(renamed.json()["filename"], name);
    }
    for (name, character) in [
        ("c\u{200d}at.jpg", "U+200D"),
        ("می\u{200c}", "U+200C"),
        ("می\u{200c}\u{200c}خواهم.jpg", "U+200C"),
        ("a\u{e0067}.jpg", "U+E0067"),
        ("a\u{202e}gpj.exe", "U+202E"),
        ("a/b.jpg", "U+002F"),
    ] {
        let refused = rename(name).await;
        refused.is_problem(400, "bad-request");
        let problem = refused.json();
        assert_eq!(problem["field"], "filename");
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains(character), "{detail}");
    }
}

#[tokio::test]
async fn file_inputs_left_empty_are_left_out() {
    let client = Client::new();
    let file = testing::png(1, 1);
    let empty = "name=\"file\"; filename=\"\"\r\nContent-Type: application/octet-stream";
    let other = "name=\"attachment\"; filename=\"\"\r\nContent-Type: application/octet-stream";
    let image = post_beside(&client, &[(empty, b""), (other, b""), (empty, b"")]).await;
    assert_eq!(image["filename"], "a.png");
    // Also where only one file is allowed.
    let url = ticket(&client).await;
    let parts = [(empty, &b""[..]), ("name=\"file\"", &file), (empty, b"")];
    assert_eq!(
        post_to(&client, &url, &parts).await.status,
        StatusCode::CREATED
    );
    // A file without a name is a file.
    let unnamed = post(&client, &[(empty, &file)]).await;
    assert_eq!(unnamed.status, StatusCode::CREATED, "{:?}", unnamed.body);
    assert_eq!(unnamed.json()["filename"], Value::Null);
    // An empty file with a name is one too, but no image.
    let named = "name=\"file\"; filename=\"a.png\"";
    let refused = post(&client, &[("name=\"file\"", &file), (named, b"")]).await;
    refused.is_problem(422, "undecodable-image");

    let nothing = post(&client, &[(empty, b""), ("name=\"tags\"", b"a")]).await;
    nothing.is_problem(400, "bad-request");
    let detail = nothing.json()["detail"].clone();
    assert!(
        detail.to_string().contains("no file was chosen"),
        "{detail}"
    );
    let many = post(&client, &vec![(empty, &b""[..]); 65]).await;
    many.is_problem(413, "too-large");
}

#[tokio::test]
async fn text_that_upload_widgets_add_is_ignored_unless_forms_are_strict() {
    let client = Client::new();
    let strict = client.beside(&[("strict_forms", "on")]);
    let file = testing::png(1, 1);
    // Uppy, FilePond, Dropzone.
    let uppy: [(&str, &[u8]); 3] = [
        ("name=\"name\"", b"cat.png"),
        ("name=\"type\"", b"image/png"),
        ("name=\"relativePath\"", b"null"),
    ];
    let file_pond = [("name=\"filepond\"", &b"{}"[..])];
    let typed = "name=\"meta\"\r\nContent-Type: application/json";
    let long = [b'a'; 4096];
    for parts in [
        &uppy[..],
        &file_pond,
        &[("name=\"_charset_\"", b"\xff")],
        &[(typed, b"{}"), ("name=\"a\"", &long)],
    ] {
        let image = post_beside(&client, parts).await;
        assert_eq!(
            (&image["filename"], &image["tags"]),
            (&"a.png".into(), &serde_json::json!([]))
        );
        let parts = [&[("name=\"file\"", &file[..])], parts].concat();
        let refused = post(&strict, &parts).await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["allowed"][0], "file");
    }
    let url = ticket(&client).await;
    let with_ticket = [&uppy[..], &[("name=\"file\"", &file)]].concat();
    assert_eq!(
        post_to(&client, &url, &with_ticket).await.status,
        StatusCode::CREATED
    );
    // Each part is short, and there are few.
    let longer = post(
        &client,
        &[("name=\"file\"", &file), ("name=\"a\"", &[b'a'; 4097])],
    )
    .await;
    longer.is_problem(413, "too-large");
    assert_eq!(longer.json()["limit"], 4096);
    post_beside(&client, &vec![("name=\"a\"", &long[..]); 64]).await;
    let more = post(&client, &vec![("name=\"a\"", &b"b"[..]); 65]).await;
    more.is_problem(413, "too-large");
    // Known parts are not lost to their spelling.
    for name in ["Tags", "VISIBILITY", "File"] {
        let part = format!("name=\"{name}\"");
        let refused = post(&client, &[("name=\"file\"", &file), (&part, b"a")]).await;
        refused.is_problem(400, "bad-request");
    }
}

#[tokio::test]
async fn files_are_taken_under_usual_names_and_the_refusal_of_others_says_which() {
    let client = Client::new();
    let strict = client.beside(&[("strict_forms", "on")]);
    let file = testing::png(1, 1);
    for name in [
        "file", "file[]", "files", "files[]", "image", "photo", "file[0]",
    ] {
        let part = format!("name=\"{name}\"; filename=\"a.png\"");
        for client in [&client, &strict] {
            let created = post(client, &[(&part, &file)]).await;
            assert_eq!(
                created.status,
                StatusCode::CREATED,
                "{name}: {:?}",
                created.body
            );
            assert_eq!(created.json()["filename"], "a.png");
        }
    }
    for part in [
        "name=\"filepond\"; filename=\"a.png\"",
        "name=\"avatar\"; filename*=utf-8''a.png",
        "name=\"avatar\"; filename=\"\"",
        "name=\"avatar\"\r\nContent-Type: image/png",
        "filename=\"a.png\"",
    ] {
        for client in [&client, &strict] {
            let refused = post(client, &[("name=\"file\"", &file), (part, &file)]).await;
            refused.is_problem(400, "bad-request");
            let problem = refused.json();
            let detail = problem["detail"].as_str().expect("a text");
            assert!(detail.contains("a part named \"file\""), "{detail}");
            assert_eq!(problem["allowed"][0], "file");
        }
    }
}
