//! Resumable uploads: tus 1.0.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::Digest as _;

use super::*;

/// The fields of a request.
type Fields<'a> = &'a [(&'static str, &'a str)];

impl Client {
    /// Sends a request without a token, with these fields.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        fields: Fields<'_>,
        body: &[u8],
    ) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = anonymous(method, path, body.to_vec());
        for (name, value) in fields {
            let value = value.parse().expect("a value");
            request.headers_mut().insert(*name, value);
        }
        let length = body.len().to_string().parse().expect("a value");
        request.headers_mut().insert(header::CONTENT_LENGTH, length);
        self.send(request).await
    }

    /// The same by tus.
    async fn tus(&self, method: &str, path: &str, fields: Fields<'_>, body: &[u8]) -> Answer {
        let fields = [&[("tus-resumable", "1.0.0")], fields].concat();
        let answer = self.ask(method, path, &fields, body).await;
        assert_eq!(answer.header("tus-resumable"), "1.0.0", "{method} {path}");
        answer
    }

    /// Begins an upload of alice's.
    async fn begin(&self, fields: Fields<'_>, body: &[u8]) -> Answer {
        let token = bearer("alice", "images:write");
        let fields = [&[("authorization", token.as_str())], fields].concat();
        self.tus("POST", "/v1/uploads", &fields, body).await
    }

    /// Begins an upload of this length and returns its path.
    async fn begun(&self, length: usize) -> String {
        let length = length.to_string();
        let begun = self.begin(&[("upload-length", &length)], b"").await;
        assert_eq!(begun.status, StatusCode::CREATED, "{:?}", begun.body);
        begun.header("location").to_owned()
    }

    /// Adds a piece to an upload.
    async fn patch(&self, path: &str, offset: usize, piece: &[u8]) -> Answer {
        let offset = offset.to_string();
        let fields = [("upload-offset", offset.as_str()), PIECE];
        self.tus("PATCH", path, &fields, piece).await
    }
}

const PIECE: (&str, &str) = ("content-type", "application/offset+octet-stream");

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

#[tokio::test]
async fn a_file_in_pieces_becomes_an_image() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    let metadata = format!(
        "filename {},filetype {},tags {},visibility {},metadata {},relativePath bnVsbA==",
        base64("Zoë’s cat.png"),
        base64("image/png"),
        base64("[\"cats\",\"b\"]"),
        base64("public"),
        base64("{\"order\":\"7\"}"),
    );
    let fields = [("upload-length", "500"), ("upload-metadata", &metadata)];
    let begun = client.begin(&fields, b"").await;
    assert_eq!(begun.status, StatusCode::CREATED, "{:?}", begun.body);
    assert_eq!((begun.header("upload-offset"), begun.body.len()), ("0", 0));
    assert!(begun.header("upload-expires").ends_with(" GMT"));
    let path = begun.header("location").to_owned();
    assert!(path.starts_with("/v1/uploads/"), "{path}");

    // From here on, without a token.
    let first = client.patch(&path, 0, &bytes[..200]).await;
    assert_eq!(first.status, StatusCode::NO_CONTENT, "{:?}", first.body);
    assert_eq!(first.header("upload-offset"), "200");
    let shown = client.tus("HEAD", &path, &[], b"").await;
    assert_eq!(shown.status, StatusCode::OK);
    for (name, value) in [
        ("upload-offset", "200"),
        ("upload-length", "500"),
        ("upload-metadata", &metadata),
        ("cache-control", "no-store"),
        ("content-location", ""),
    ] {
        assert_eq!(shown.header(name), value, "{name}");
    }
    let last = client.patch(&path, 200, &bytes[200..]).await;
    assert_eq!(last.status, StatusCode::NO_CONTENT, "{:?}", last.body);
    assert_eq!(last.header("upload-offset"), "500");
    let image = client.get(last.header("content-location")).await.json();
    assert_eq!(image["filename"], "Zoë’s cat.png");
    assert_eq!(image["tags"], json!(["cats", "b"]));
    assert_eq!(image["metadata"], json!({"order": "7"}));
    assert_eq!(
        (&image["visibility"], &image["size"]),
        (&json!("public"), &json!(500))
    );
    let shown = client.tus("HEAD", &path, &[], b"").await;
    assert_eq!(shown.header("upload-offset"), "500");
    assert_eq!(
        shown.header("content-location"),
        last.header("content-location")
    );
    assert_eq!(shown.header("upload-metadata"), metadata);
}

#[tokio::test]
async fn a_wrong_offset_is_answered_with_the_right_one() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    let path = client.begun(500).await;
    for (offset, expected) in [(1, 0), (0, 200), (0, 200), (300, 200)] {
        let answer = client.patch(&path, offset, &bytes[..200]).await;
        if answer.status == StatusCode::NO_CONTENT {
            assert_eq!(answer.header("upload-offset"), expected.to_string());
            continue;
        }
        assert_eq!(answer.status, StatusCode::CONFLICT);
        let problem = answer.json();
        let registered =
            "https://iana.org/assignments/http-problem-types#mismatching-upload-offset";
        assert_eq!(problem["type"], registered);
        assert_eq!(problem["expected-offset"], expected);
        assert_eq!(problem["provided-offset"], offset);
        assert_eq!(answer.header("upload-offset"), expected.to_string());
    }
}

#[tokio::test]
async fn an_upload_may_begin_with_its_bytes() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    for (sent, complete) in [(200, false), (500, true)] {
        let fields = [("upload-length", "500"), PIECE];
        let begun = client.begin(&fields, &bytes[..sent]).await;
        assert_eq!(begun.status, StatusCode::CREATED, "{:?}", begun.body);
        assert_eq!(begun.header("upload-offset"), sent.to_string());
        assert_eq!(!begun.header("content-location").is_empty(), complete);
        if !complete {
            let path = begun.header("location").to_owned();
            let rest = client.patch(&path, sent, &bytes[sent..]).await;
            assert!(!rest.header("content-location").is_empty());
        }
    }
    // What is no image is refused while only its first bytes are there, and nothing is left.
    let fields = [("upload-length", "500"), PIECE];
    let refused = client.begin(&fields, b"%PDF-1.7 and more").await;
    refused.is_problem(415, "unsupported-type");
    let mut list = request(Method::GET, "/v1/uploads", Body::empty());
    list.headers_mut().insert(
        header::AUTHORIZATION,
        bearer("alice", "images:write").parse().expect("a value"),
    );
    assert_eq!(client.send(list).await.json()["items"], json!([]));
}

#[tokio::test]
async fn malformed_creations_are_refused() {
    let client = Client::with(&[("max_upload_bytes", "1000")]);
    let begin = async |fields: Fields<'_>| client.begin(fields, b"").await;
    begin(&[("upload-length", "1001")])
        .await
        .is_problem(413, "too-large");
    begin(&[("upload-length", "0")])
        .await
        .is_problem(422, "undecodable-image");
    let long = "9".repeat(30);
    for fields in [
        &[][..],
        &[("upload-length", "-1")],
        &[("upload-length", "1.5")],
        &[("upload-length", long.as_str())],
        &[("upload-length", "1"), ("upload-defer-length", "1")],
        &[("upload-defer-length", "2")],
        &[("upload-length", "9"), ("upload-metadata", "filename ?")],
        &[("upload-length", "9"), ("upload-metadata", "a YQ==,a YQ==")],
        &[
            ("upload-length", "9"),
            ("upload-metadata", "visibility YQ=="),
        ],
        &[("upload-length", "9"), ("upload-metadata", "metadata YQ==")],
        &[("upload-length", "9"), ("upload-metadata", "tags WzFd")],
        &[
            ("upload-length", "9"),
            ("upload-concat", "final;/v1/uploads/x"),
        ],
        &[("upload-concat", "final;/v1/uploads/x")],
        &[("upload-concat", "final;")],
        &[("upload-length", "9"), ("upload-concat", "whole")],
        &[("upload-length", "9"), ("upload-checksum", "crc32 AAAA")],
    ] {
        let refused = begin(fields).await;
        refused.is_problem(400, "bad-request");
    }
    let anonymous = client
        .tus("POST", "/v1/uploads", &[("upload-length", "9")], b"")
        .await;
    anonymous.is_problem(401, "unauthorized");
}

#[tokio::test]
async fn malformed_pieces_are_refused() {
    let client = Client::new();
    let path = client.begun(500).await;
    for fields in [
        &[PIECE][..],
        &[PIECE, ("upload-offset", "-1")],
        &[PIECE, ("upload-offset", "x")],
        &[
            PIECE,
            ("upload-offset", "0"),
            ("upload-checksum", "sha1 AAAA"),
        ],
    ] {
        let refused = client.tus("PATCH", &path, fields, b"x").await;
        refused.is_problem(400, "bad-request");
    }
    let untyped = client
        .tus("PATCH", &path, &[("upload-offset", "0")], b"x")
        .await;
    untyped.is_problem(415, "unsupported-type");
    let too_long = client.patch(&path, 0, &[0; 501]).await;
    assert_eq!(too_long.status, StatusCode::BAD_REQUEST);
    for version in ["0.2.2", "1.0"] {
        let fields = [("tus-resumable", version), PIECE, ("upload-offset", "0")];
        for method in ["PATCH", "HEAD", "DELETE"] {
            let refused = client.ask(method, &path, &fields, b"").await;
            assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED, "{method}");
            assert_eq!(refused.header("tus-version"), "1.0.0");
        }
    }
    let unversioned = client
        .ask("PATCH", &path, &[PIECE, ("upload-offset", "0")], b"x")
        .await;
    unversioned.is_problem(412, "unsupported-tus-version");
    for path in [
        "/v1/uploads/0f3a5c6d7e8f90123456789abcdef012",
        "/v1/uploads/01a20bb0-2844-74b5-8560-f8154794d311",
        "/v1/uploads/x",
    ] {
        client
            .patch(path, 0, b"x")
            .await
            .is_problem(404, "not-found");
        let gone = client.tus("HEAD", path, &[], b"").await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
        assert_eq!(gone.header("upload-offset"), "");
    }
}

#[tokio::test]
async fn a_piece_must_have_its_checksum() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    let path = client.begun(500).await;
    let offset = ("upload-offset", "0");
    let damaged = [
        PIECE,
        offset,
        ("upload-checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
    ];
    let refused = client.tus("PATCH", &path, &damaged, &bytes[..200]).await;
    refused.is_problem(460, "checksum-mismatch");
    let shown = client.tus("HEAD", &path, &[], b"").await;
    assert_eq!(shown.header("upload-offset"), "0");
    let sum = STANDARD.encode(sha2::Sha256::digest(&bytes[..200]));
    let sum = format!("sha256 {sum}");
    let right = [PIECE, offset, ("upload-checksum", sum.as_str())];
    let added = client.tus("PATCH", &path, &right, &bytes[..200]).await;
    assert_eq!(added.header("upload-offset"), "200");
}

#[tokio::test]
async fn a_length_may_follow_and_an_upload_may_be_ended() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    let begun = client.begin(&[("upload-defer-length", "1")], b"").await;
    let path = begun.header("location").to_owned();
    client.patch(&path, 0, &bytes[..200]).await;
    let shown = client.tus("HEAD", &path, &[], b"").await;
    assert_eq!(shown.header("upload-defer-length"), "1");
    assert_eq!(shown.header("upload-length"), "");
    let fields = [PIECE, ("upload-offset", "200"), ("upload-length", "500")];
    let last = client.tus("PATCH", &path, &fields, &bytes[200..]).await;
    assert!(
        !last.header("content-location").is_empty(),
        "{:?}",
        last.body
    );

    let path = client.begun(500).await;
    client.patch(&path, 0, &bytes[..200]).await;
    // By another method, as clients behind some proxies have to.
    let overriding = [("x-http-method-override", "DELETE")];
    let ended = client.tus("POST", &path, &overriding, b"").await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    client
        .patch(&path, 200, b"x")
        .await
        .is_problem(404, "not-found");
    let ended = client.tus("DELETE", &path, &[], b"").await;
    ended.is_problem(404, "not-found");
    let path = client.begun(500).await;
    let overriding = [
        ("x-http-method-override", "PATCH"),
        PIECE,
        ("upload-offset", "0"),
    ];
    let added = client.tus("POST", &path, &overriding, &bytes).await;
    assert!(
        !added.header("content-location").is_empty(),
        "{:?}",
        added.body
    );
    let other = client.tus("POST", &path, &[], b"").await;
    other.is_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn parts_are_concatenated() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    let mut urls = Vec::new();
    for part in [&bytes[..230], &bytes[230..]] {
        let length = part.len().to_string();
        let fields = [
            ("upload-length", length.as_str()),
            ("upload-concat", "partial"),
            PIECE,
        ];
        let begun = client.begin(&fields, part).await;
        assert_eq!(begun.header("upload-offset"), length, "{:?}", begun.body);
        let shown = client.tus("HEAD", begun.header("location"), &[], b"").await;
        assert_eq!(shown.header("upload-concat"), "partial");
        urls.push(format!("https://example.com{}", begun.header("location")));
    }
    let concat = format!("final;{}", urls.join(" "));
    let filename = format!("filename {}", base64("a.png"));
    let fields = [
        ("upload-concat", concat.as_str()),
        ("upload-metadata", &filename),
    ];
    let made = client.begin(&fields, b"").await;
    assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
    assert_eq!(made.header("upload-offset"), "500");
    let image = client.get(made.header("content-location")).await.json();
    assert_eq!(image["filename"], "a.png");
    let shown = client.tus("HEAD", made.header("location"), &[], b"").await;
    assert_eq!(shown.header("upload-concat"), concat);
    assert_eq!(shown.header("upload-length"), "500");
}

#[tokio::test]
async fn a_ticket_begins_one_upload_whose_url_is_enough_for_the_rest() {
    let client = Client::new();
    let bytes = testing::png_of_size(500);
    let terms = json!({"expires_in": 60, "tags": ["t"], "max_bytes": 500});
    let url = client.ticket(&terms).await;
    let url = url.replace("/v1/images", "/v1/uploads");
    let begin = async |fields: Fields<'_>| client.tus("POST", &url, fields, b"").await;
    let options = client.tus("OPTIONS", &url, &[], b"").await;
    assert_eq!(options.header("tus-max-size"), "500");
    begin(&[("upload-length", "501")])
        .await
        .is_problem(413, "too-large");
    let tags = [("upload-length", "500"), ("upload-metadata", "tags YQ==")];
    begin(&tags).await.is_problem(400, "bad-request");
    let parts = [("upload-length", "500"), ("upload-concat", "partial")];
    begin(&parts).await.is_problem(400, "bad-request");
    let begun = begin(&[("upload-length", "500")]).await;
    let path = begun.header("location").to_owned();
    let again = begin(&[("upload-length", "500")]).await;
    assert_eq!(again.header("location"), path);
    begin(&[("upload-length", "499")])
        .await
        .is_problem(409, "ticket-spent");
    client.patch(&path, 0, &bytes[..200]).await;
    let last = client.patch(&path, 200, &bytes[200..]).await;
    let image = client.get(last.header("content-location")).await.json();
    assert_eq!(
        (&image["owner"], &image["tags"]),
        (&json!("alice"), &json!(["t"]))
    );
    let spent = client.send(anonymous(
        Method::POST,
        &url.replace("uploads", "images"),
        bytes,
    ));
    spent.await.is_problem(409, "ticket-spent");
}

#[tokio::test]
async fn what_is_offered_and_how_much_is_told_in_advance() {
    let client = Client::with(&[("quota_bytes", "1000"), ("max_upload_bytes", "800")]);
    for path in ["/v1/uploads", "/v1/uploads/x", "/v1/images"] {
        let options = client.ask("OPTIONS", path, &[], b"").await;
        assert_eq!(options.status, StatusCode::NO_CONTENT);
        for (name, value) in [
            ("tus-version", "1.0.0"),
            ("tus-checksum-algorithm", "sha1,sha256,md5"),
            ("tus-max-size", "800"),
            ("accept-patch", "application/partial-upload"),
            ("upload-limit", "max-size=800"),
        ] {
            assert_eq!(options.header(name), value, "{path}: {name}");
        }
        let extensions = options.header("tus-extension").to_owned();
        for extension in ["creation", "creation-with-upload", "creation-defer-length"] {
            assert!(extensions.split(',').any(|known| known == extension));
        }
    }
    client.begun(700).await;
    let token = bearer("alice", "images:write");
    let fields = [("authorization", token.as_str())];
    let options = client.ask("OPTIONS", "/v1/uploads", &fields, b"").await;
    assert_eq!(options.header("tus-max-size"), "300");
    let over = client.begin(&[("upload-length", "301")], b"").await;
    over.is_problem(507, "quota-exceeded");
}

#[tokio::test]
async fn an_owner_finds_its_open_uploads() {
    let client = Client::new();
    let path = client.begun(500).await;
    client
        .patch(&path, 0, &testing::png_of_size(500)[..200])
        .await;
    let list = client
        .send(request(Method::GET, "/v1/uploads", Body::empty()))
        .await;
    let items = list.json()["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(1));
    assert_eq!(items[0]["url"], path);
    assert_eq!(
        (&items[0]["offset"], &items[0]["length"]),
        (&json!(200), &json!(500))
    );
    assert_eq!(items[0]["filename"], json!(null));
    assert!(items[0]["expires_at"].is_string() && items[0]["created_at"].is_string());
    let mut other = anonymous(Method::GET, "/v1/uploads", "");
    let token = bearer("bob", "images:write").parse().expect("a value");
    other.headers_mut().insert(header::AUTHORIZATION, token);
    assert_eq!(client.send(other).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_key_begins_one_upload() {
    let client = Client::new();
    let fields = [("upload-length", "500"), ("idempotency-key", "a")];
    let first = client.begin(&fields, b"").await;
    let second = client.begin(&fields, b"").await;
    assert_eq!(first.header("location"), second.header("location"));
    let other = [("upload-length", "501"), ("idempotency-key", "a")];
    let reused = client.begin(&other, b"").await;
    reused.is_problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn two_hosts_continue_the_same_upload() {
    let client = Client::new();
    let other = client.beside(&[("public_base_url", "https://img.example")]);
    let bytes = testing::png_of_size(500);
    let path = client.begun(500).await;
    client.patch(&path, 0, &bytes[..200]).await;
    let last = other.patch(&path, 200, &bytes[200..]).await;
    assert_eq!(last.header("upload-offset"), "500");
    assert!(
        last.header("content-location")
            .starts_with("https://img.example/v1/images/")
    );
    let begun = other.begin(&[("upload-length", "500")], b"").await;
    assert!(
        begun
            .header("location")
            .starts_with("https://img.example/v1/uploads/")
    );
}
