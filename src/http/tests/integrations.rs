//! Configurations of programs that upload images.

use serde_json::json;

use super::*;
use crate::auth::{Claims, token};
use crate::model::{Limit, QuotaClaim};

const SHAREX: &str = "/v1/integrations/sharex";
const BASE: (&str, &str) = ("public_base_url", "https://img.example.com");

fn get(path: &str, token: &str) -> Request<Body> {
    let request = Request::get(path).header(header::HOST, "photos.example:3000");
    let request = request.header(header::AUTHORIZATION, token);
    request.body(Body::empty()).expect("a request")
}

/// The authorization in a file.
fn authorization(file: &Value) -> &str {
    file["Headers"]["Authorization"].as_str().expect("a token")
}

/// A token of alice that expires after this many seconds.
fn alice(seconds: u64, quota: Option<QuotaClaim>) -> String {
    let claims = Claims {
        sub: "alice".to_owned(),
        exp: NOW.unsigned_abs() / 1000 + seconds,
        aud: Some(crate::auth::Audience::One("darkroom".to_owned())),
        scope: "images:read images:write images:delete".to_owned(),
        quota,
        ..Claims::default()
    };
    let ring = KeyRing::parse(KEYS).expect("a ring");
    format!(
        "Bearer {}",
        token::mint(&ring, None, &claims).expect("mints")
    )
}

#[tokio::test]
async fn sharex_gets_a_file_that_uploads_public_images() {
    let presets = (
        "presets",
        r#"{"thumb": {"w": 200, "h": 200, "fit": "cover"}}"#,
    );
    let client = Client::with(&[BASE, presets]);
    let answer = client.send(get(SHAREX, &alice(60, None))).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let disposition = answer.header("content-disposition");
    assert_eq!(disposition, "attachment; filename=\"darkroom.sxcu\"");
    let mut file = answer.json();
    let token = authorization(&file).to_owned();
    file["Headers"] = Value::Null;
    assert_eq!(
        file,
        json!({
            "Version": "15.0.0",
            "Name": "Darkroom (https://img.example.com)",
            "DestinationType": "ImageUploader",
            "RequestMethod": "POST",
            "RequestURL": "https://img.example.com/v1/images",
            "Headers": null,
            "Body": "MultipartFormData",
            "Arguments": {"visibility": "public"},
            "FileFormName": "file",
            "URL": "{json:links.content}",
            "ThumbnailURL": "{json:links.content}?preset=thumb",
            "ErrorMessage": "{json:detail}",
        })
    );
    let png = testing::png(2, 1);
    let parts = [
        ("name=\"visibility\"", &b"public"[..]),
        ("name=\"file\"; filename=\"a.png\"", &png),
    ];
    let upload = anonymous(Method::POST, "/v1/images", form(&parts));
    let headers = [
        ("authorization", token.as_str()),
        ("content-type", "multipart/form-data; boundary=x"),
    ];
    let image = client.send(with_headers(upload, &headers)).await;
    assert_eq!(image.status, StatusCode::CREATED, "{:?}", image.body);
    let image = image.json();
    assert_eq!(
        (&image["owner"], &image["visibility"]),
        (&json!("alice"), &json!("public"))
    );
    // The token allows nothing else.
    for path in ["/v1/images", "/v1/usage"] {
        client
            .send(get(path, &token))
            .await
            .is_problem(403, "insufficient-scope");
    }
}

#[tokio::test]
async fn without_a_base_the_urls_are_those_of_the_request() {
    let client = Client::new();
    let answer = client.send(get(
        &format!("{SHAREX}?visibility=private"),
        &alice(60, None),
    ));
    let file = answer.await.json();
    assert_eq!(file["RequestURL"], "http://photos.example:3000/v1/images");
    assert_eq!(
        file["URL"],
        "http://photos.example:3000{json:links.content}"
    );
    assert_eq!(file["Arguments"]["visibility"], "private");
    assert_eq!(file.get("ThumbnailURL"), None);
}

#[tokio::test]
async fn the_token_in_a_file_allows_no_more_than_that_of_the_request() {
    let client = Client::with(&[
        ("token_audience", "darkroom"),
        ("max_token_seconds", "1000"),
    ]);
    let ring = KeyRing::parse(KEYS).expect("a ring");
    let requirements = crate::auth::Requirements {
        audience: Some("darkroom"),
        max_seconds: 1000,
    };
    let quota = QuotaClaim {
        images: Limit::Chosen(Some(1)),
        ..QuotaClaim::default()
    };
    let now = NOW.unsigned_abs() / 1000;
    for (query, expires) in [
        ("", Some(500)),
        ("?expires_in=9", Some(9)),
        ("?expires_in=501", None),
    ] {
        let path = format!("{SHAREX}{query}");
        let answer = client.send(get(&path, &alice(500, Some(quota)))).await;
        let Some(expires) = expires else {
            answer.is_problem(400, "bad-request");
            assert_eq!(answer.json()["limit"], 500);
            continue;
        };
        let file = answer.json();
        let token = authorization(&file)
            .strip_prefix("Bearer ")
            .expect("a bearer token");
        let grant = token::verify(&ring, requirements, now, token).expect("is valid");
        assert_eq!((grant.owner.as_str(), grant.quota), ("alice", quota));
        assert_eq!(grant.expires, now + expires);
        assert_eq!(grant.scopes, crate::auth::Scopes::parse("images:write"));
    }
    for (path, token, status) in [
        (format!("{SHAREX}?expires_in=0"), alice(60, None), 400),
        (format!("{SHAREX}?expires_in=x"), alice(60, None), 400),
        (format!("{SHAREX}?visibility=all"), alice(60, None), 400),
        (format!("{SHAREX}?x=1"), alice(60, None), 400),
    ] {
        assert_eq!(
            client.send(get(&path, &token)).await.status,
            status,
            "{path}"
        );
    }
    let client = Client::new();
    let reader = client
        .send(get(SHAREX, &bearer("alice", "images:read")))
        .await;
    reader.is_problem(403, "insufficient-scope");
    // Whoever has the scope of an administrator gives away nothing but uploads.
    let file = client
        .send(get(SHAREX, &bearer("root", "admin")))
        .await
        .json();
    let listed = client.send(get("/v1/images", authorization(&file))).await;
    listed.is_problem(403, "insufficient-scope");
}
