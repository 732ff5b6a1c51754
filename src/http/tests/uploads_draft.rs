//! Resumable uploads: draft-ietf-httpbis-resumable-upload.

use serde_json::json;

use super::*;

type Fields<'a> = &'a [(&'static str, &'a str)];

const PIECE: (&str, &str) = ("content-type", "application/partial-upload");

impl Client {
    /// Sends the first piece of alice's file.
    async fn first(&self, fields: Fields<'_>, piece: &[u8]) -> Answer {
        let token = bearer("alice", "images:write");
        let fields = [&[("authorization", token.as_str())], fields].concat();
        self.ask("POST", "/v1/images", &fields, piece).await
    }

    async fn next(&self, path: &str, fields: Fields<'_>, piece: &[u8]) -> Answer {
        self.ask("PATCH", path, fields, piece).await
    }
}

#[tokio::test]
async fn a_file_in_pieces_is_answered_as_if_it_had_come_in_one() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    let fields = [
        ("upload-complete", "?0"),
        ("upload-length", "500"),
        ("content-type", "image/png"),
        ("content-disposition", "inline; filename=\"a.png\""),
        ("upload-draft-interop-version", "8"),
    ];
    let first = client.first(&fields, &bytes[..200]).await;
    assert_eq!(first.status, StatusCode::CREATED, "{:?}", first.body);
    let path = first.header("location").to_owned();
    assert!(path.starts_with("/v1/uploads/"));
    assert_eq!(first.header("upload-complete"), "?0");
    assert!(first.header("upload-limit").starts_with("max-size="));

    let shown = client.ask("HEAD", &path, &[], b"").await;
    assert_eq!(shown.status, StatusCode::NO_CONTENT);
    for (name, value) in [
        ("upload-offset", "200"),
        ("upload-complete", "?0"),
        ("upload-length", "500"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(shown.header(name), value, "{name}");
    }
    assert!(shown.header("upload-limit").contains("max-age="));
    let fields = [PIECE, ("upload-offset", "200"), ("upload-complete", "?0")];
    let second = client.next(&path, &fields, &bytes[200..300]).await;
    assert_eq!(second.status, StatusCode::NO_CONTENT, "{:?}", second.body);
    assert_eq!(second.header("upload-complete"), "?0");
    let wrong = client.next(&path, &fields, &bytes[200..300]).await;
    assert_eq!(wrong.status, StatusCode::CONFLICT);
    assert_eq!(wrong.header("upload-offset"), "300");
    let fields = [PIECE, ("upload-offset", "300"), ("upload-complete", "?1")];
    let last = client.next(&path, &fields, &bytes[300..]).await;
    assert_eq!(last.status, StatusCode::CREATED, "{:?}", last.body);
    assert_eq!(last.header("upload-complete"), "?1");
    assert_eq!(last.header("upload-offset"), "500");
    assert!(last.header("location").starts_with("/v1/images/"));
    let image = last.json();
    assert_eq!(
        (&image["filename"], &image["size"]),
        (&json!("a.png"), &json!(500))
    );
    // The answer was lost: the same request, and one without bytes, get it again.
    let empty = [PIECE, ("upload-offset", "500"), ("upload-complete", "?1")];
    for (fields, piece) in [(fields, &bytes[300..]), (empty, &[])] {
        let again = client.next(&path, &fields, piece).await;
        assert_eq!(again.status, StatusCode::CREATED, "{:?}", again.body);
        assert_eq!(again.json(), image);
    }
    let shown = client.ask("HEAD", &path, &[], b"").await;
    assert_eq!(shown.header("upload-complete"), "?1");
    assert_eq!(shown.header("content-location"), last.header("location"));
}

#[tokio::test]
async fn a_whole_file_is_an_upload_as_any_other() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    let fields = [("upload-complete", "?1"), ("upload-length", "500"), PIECE];
    let made = client.first(&fields, &bytes).await;
    assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
    assert_eq!(
        (made.header("upload-complete"), made.header("upload-offset")),
        ("?1", "500")
    );
    assert!(made.header("location").starts_with("/v1/images/"));
    // Clients of tus describe the file as ever: a.png, a tag.
    let described = "filename YS5wbmc=,filetype aW1hZ2UvcG5n,tags YQ==";
    let metadata = ("upload-metadata", described);
    let made = client
        .first(&[("upload-complete", "?1"), metadata], &bytes)
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
    let image = made.json();
    assert_eq!(
        (&image["filename"], &image["tags"]),
        (&json!("a.png"), &json!(["a"]))
    );
    // Other uploads have no use for it.
    let made = client.first(&[metadata], &bytes).await;
    assert_eq!(made.json()["filename"], json!(null));
    let fields = [("upload-complete", "?1"), ("upload-length", "501")];
    let refused = client.first(&fields, &bytes).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let registered = "https://iana.org/assignments/http-problem-types#inconsistent-upload-length";
    assert_eq!(refused.json()["type"], registered);
}

#[tokio::test]
async fn a_refused_file_is_refused_for_good() {
    let client = Client::new();
    let fields = [("upload-complete", "?0")];
    let refused = client.first(&fields, b"%PDF-1.7 and more").await;
    refused.is_problem(415, "unsupported-type");
    assert_eq!(refused.header("upload-complete"), "?1");
    let refused = client.first(&fields, b"a few words").await;
    refused.is_problem(415, "unsupported-type");
    assert_eq!(refused.header("upload-complete"), "?1");
    let begun = client.first(&fields, b"").await;
    let path = begun.header("location").to_owned();
    let fields = [PIECE, ("upload-offset", "0"), ("upload-complete", "?0")];
    let refused = client.next(&path, &fields, b"%PDF-1.7 and more").await;
    refused.is_problem(415, "unsupported-type");
    assert_eq!(refused.header("upload-complete"), "?1");
    let gone = client.ask("HEAD", &path, &[], b"").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let client = Client::with(&[("max_upload_bytes", "400")]);
    let fields = [("upload-complete", "?0"), ("upload-length", "500")];
    let refused = client.first(&fields, b"").await;
    refused.is_problem(413, "too-large");
    assert_eq!(refused.header("upload-limit"), "max-size=400");
}

#[tokio::test]
async fn every_version_is_spoken() {
    let bytes = testing::png_of_size(500);
    for version in ["3", "4", "5", "6", "7", "8"] {
        let client = Client::new();
        let named = ("upload-draft-interop-version", version);
        let complete = |complete: bool| match (version, complete) {
            ("3", true) => ("upload-incomplete", "?0"),
            ("3", false) => ("upload-incomplete", "?1"),
            (_, true) => ("upload-complete", "?1"),
            (_, false) => ("upload-complete", "?0"),
        };
        let first = client.first(&[named, complete(false)], &bytes[..200]).await;
        assert_eq!(
            first.status,
            StatusCode::CREATED,
            "{version}: {:?}",
            first.body
        );
        let (name, value) = complete(false);
        assert_eq!(first.header(name), value);
        let expires = first.header("upload-limit").contains("expires=");
        assert_eq!(expires, ["3", "4", "5", "6"].contains(&version));
        let path = first.header("location").to_owned();
        let untyped = [named, complete(true), ("upload-offset", "200")];
        let last = client.next(&path, &untyped, &bytes[200..]).await;
        if ["3", "4", "5"].contains(&version) {
            assert_eq!(
                last.status,
                StatusCode::CREATED,
                "{version}: {:?}",
                last.body
            );
            continue;
        }
        last.is_problem(415, "unsupported-type");
        assert_eq!(last.header("accept-patch"), "application/partial-upload");
        let typed = [named, complete(true), ("upload-offset", "200"), PIECE];
        let last = client.next(&path, &typed, &bytes[200..]).await;
        assert_eq!(
            last.status,
            StatusCode::CREATED,
            "{version}: {:?}",
            last.body
        );
    }
    let client = Client::new();
    for version in ["2", "9", "x"] {
        let fields = [
            ("upload-draft-interop-version", version),
            ("upload-complete", "?0"),
        ];
        client
            .first(&fields, b"")
            .await
            .is_problem(400, "bad-request");
    }
}

#[tokio::test]
async fn malformed_pieces_are_refused() {
    let client = Client::new();
    let begun = client
        .first(&[("upload-complete", "?0"), ("upload-length", "500")], b"")
        .await;
    let path = begun.header("location").to_owned();
    for fields in [
        &[PIECE, ("upload-complete", "?0")][..],
        &[PIECE, ("upload-offset", "0")],
        &[PIECE, ("upload-offset", "-1"), ("upload-complete", "?0")],
        &[PIECE, ("upload-offset", "0"), ("upload-complete", "1")],
    ] {
        let refused = client.next(&path, fields, b"x").await;
        refused.is_problem(400, "bad-request");
    }
    for fields in [
        &[PIECE, ("upload-offset", "0"), ("upload-complete", "?1")][..],
        &[
            PIECE,
            ("upload-offset", "0"),
            ("upload-complete", "?0"),
            ("upload-length", "499"),
        ],
    ] {
        let refused = client.next(&path, fields, b"x").await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.json()["limit"], 500);
    }
    let digest = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    let fields = [
        PIECE,
        ("upload-offset", "0"),
        ("upload-complete", "?0"),
        ("content-digest", digest),
    ];
    let damaged = client.next(&path, &fields, b"x").await;
    damaged.is_problem(460, "checksum-mismatch");
    let form = [
        ("upload-complete", "?0"),
        ("content-type", "multipart/form-data; boundary=x"),
    ];
    client
        .first(&form, b"--x--")
        .await
        .is_problem(415, "unsupported-type");
    let ended = client.ask("DELETE", &path, &[], b"").await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    // The digest of the whole file is checked at its end.
    let fields = [("upload-complete", "?0"), ("repr-digest", digest)];
    let bytes = testing::png_of_size(500);
    let begun = client.first(&fields, &bytes[..200]).await;
    let path = begun.header("location").to_owned();
    let fields = [PIECE, ("upload-offset", "200"), ("upload-complete", "?1")];
    let damaged = client.next(&path, &fields, &bytes[200..]).await;
    damaged.is_problem(400, "digest-mismatch");
    assert_eq!(damaged.header("upload-complete"), "?1");
}
