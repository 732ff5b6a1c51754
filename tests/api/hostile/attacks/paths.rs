//! Paths that a program may confuse with others: sent unchanged, with a valid token, and by hand
//! where a client would normalise them.

use super::Cases;
use crate::support::{ALL_SCOPES, Darkroom, Raw, fixture, spin_differs, token, unique};

#[tokio::test]
async fn a_path_has_only_one_spelling() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let image = darkroom
        .client(&owner)
        .upload(fixture("still.gif").bytes)
        .await;
    let id = image["id"].as_str().expect("an id");
    let authorization = format!("Authorization: Bearer {}", token(&owner, ALL_SCOPES));
    let mut cases = Cases::default();
    let long = "a".repeat(20_000);
    for path in [
        "//v1/images".to_owned(),
        "/v1//images".into(),
        "/v1/images/".into(),
        "/v1/images//".into(),
        "/V1/images".into(),
        "/v1/IMAGES".into(),
        "/v1/images;a=b".into(),
        "/v1/images%3Flimit=1".into(),
        "/v1/images%00".into(),
        "/v1/images%20".into(),
        "/v1/images.json".into(),
        "/v1%2Fimages".into(),
        "/v1%2fimages".into(),
        "/v1%5Cimages".into(),
        "/v1%252fimages".into(),
        "/./v1/images".into(),
        "/v1/./images".into(),
        "/v1/../v1/images".into(),
        "/v1/images/..".into(),
        "/v1/images/../../health/live".into(),
        "/v1/images/%2e%2e/health/live".into(),
        "/v1/images/%2e%2e".into(),
        "/v1/images/..%2f..%2fhealth%2flive".into(),
        "/v1/images/%2e%2e%2f%2e%2e%2fetc%2fpasswd/content".into(),
        "/v1/images/..;/images".into(),
        "/health/../v1/images".into(),
        "/health/live/../../v1/images".into(),
        format!("/v1/images/{id}/"),
        format!("/v1/images//{id}"),
        format!("/v1/images/{}", id.to_uppercase()),
        format!("/v1/images/{id};v=1"),
        format!("/v1/images/{id}%00"),
        format!("/v1/images/{id}%0d%0aX-A:%20b"),
        format!("/v1/images/{id}%20"),
        format!("/v1/images/%20{id}"),
        format!("/v1/images/{id}.gif"),
        format!("/v1/images/{id}a"),
        format!("/v1/images/{}", &id[..35]),
        format!("/v1/images/{}", id.replace('-', "")),
        format!("/v1/images/%7B{id}%7D"),
        format!("/v1/images/{id},{id}"),
        format!("/v1/images/{id}%2fcontent"),
        format!("/v1/images/{id}/CONTENT"),
        format!("/v1/images/{id}/content/"),
        format!("/v1/images/{id}//content"),
        format!("/v1/images/{id}/content%00"),
        format!("/v1/images/{id}/content;a"),
        format!("/v1/images/{id}/content/{id}"),
        format!("/v1/images/{id}/../{id}"),
        format!("/v1/images/x/../{id}/content"),
        format!("/v1/images/{id}/content/../content"),
        format!("/v1/images/{long}"),
        format!("/{}", "a/".repeat(8_000)),
        "/%".into(),
        "/%f".into(),
        "/%zz".into(),
        "/v1/images/%c0%ae%c0%ae".into(),
        "/v1/images/%ff".into(),
    ] {
        let answer = Raw::exchange(&darkroom, &format!("GET {path}"), &[&authorization]).await;
        let name = &path[..path.len().min(100)];
        cases.hold(
            name,
            [400, 404, 414, 431].contains(&answer.status),
            &answer.text,
        );
    }
    cases.end();
}

#[tokio::test]
async fn a_target_of_another_form_gives_no_access() {
    if spin_differs("it closes the connection where host and target differ") {
        return;
    }
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let image = darkroom
        .client(&owner)
        .upload(fixture("still.gif").bytes)
        .await;
    let id = image["id"].as_str().expect("an id");
    let authority = darkroom.address().trim_start_matches("http://").to_owned();
    let mut cases = Cases::default();
    // Without a token nothing is shown, in whatever form it is requested.
    for target in [
        format!("GET http://{authority}/v1/images/{id}"),
        format!("GET http://evil.example/v1/images/{id}"),
        format!("GET https://evil.example/v1/images/{id}/content"),
        format!("GET http://health/live/../../v1/images/{id}"),
        format!("GET file:///v1/images/{id}"),
        format!("GET v1/images/{id}"),
        format!("GET ?/v1/images/{id}"),
        format!("GET \\v1\\images\\{id}"),
        format!("GET /v1/images/{id}#/health/live"),
        format!("GET /v1/images/{id}?/health/live"),
        format!("GET /v1/images/{id}\t"),
        format!("GET  /v1/images/{id}"),
        "GET *".into(),
        "OPTIONS *".into(),
        "DELETE *".into(),
        format!("CONNECT {authority}"),
        "CONNECT evil.example:443".into(),
        "GET ".into(),
    ] {
        let answer = Raw::exchange(&darkroom, &target, &[]).await;
        let refused = (400..=501).contains(&answer.status);
        let silent = !answer.text.contains("\"sha256\"");
        cases.hold(&target, refused && silent, &answer.text);
    }
    assert_eq!(darkroom.anonymous().get("/health/live").await.status(), 200);
    cases.end();
}

#[tokio::test]
async fn no_part_of_a_path_comes_back_as_a_header_or_a_page() {
    let darkroom = Darkroom::shared();
    let authorization = format!(
        "Authorization: Bearer {}",
        token(&unique("alice"), ALL_SCOPES)
    );
    let mut cases = Cases::default();
    for target in [
        "/v1/images?cursor=%0d%0aSet-Cookie:%20a=b",
        "/v1/images?limit=%0d%0aSet-Cookie:%20a=b",
        "/v1/images/%0d%0aSet-Cookie:%20a=b",
        "/%0d%0aSet-Cookie:%20a=b",
        "/v1/images?cursor=%3Cscript%3Ealert(1)%3C/script%3E",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        let answer = Raw::exchange(&darkroom, &format!("GET {target}"), &[&authorization]).await;
        let (head, body) = answer.text.split_once("\r\n\r\n").unwrap_or_default();
        let clean = !head.to_ascii_lowercase().contains("set-cookie");
        let problem = head.contains("application/problem+json");
        cases.hold(
            target,
            clean && problem && !body.contains("<script"),
            &answer.text,
        );
    }
    cases.end();
}
