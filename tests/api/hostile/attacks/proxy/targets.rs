//! Paths, targets and methods that the proxy may normalise or confuse with others.

use super::{Stage, authorization};
use crate::hostile::attacks::Cases;

#[tokio::test]
async fn another_spelling_of_a_path_gives_no_access() {
    let Some(stage) = Stage::new() else { return };
    let (_, id) = stage.image().await;
    let authorization = authorization();
    let mut cases = Cases::default();
    for path in [
        "//v1/images".to_owned(),
        "/v1//images".into(),
        "/v1/images/".into(),
        "/V1/images".into(),
        "/v1%2fimages".into(),
        "/v1%2Fimages".into(),
        "/v1%252fimages".into(),
        "/v1%5cimages".into(),
        "/v1\\images".into(),
        "/v1/images;a=b".into(),
        "/v1/images;/../images".into(),
        "/v1;/images".into(),
        "/v1/./images".into(),
        "/v1/../v1/images".into(),
        "/../v1/images".into(),
        "/health/..%2fv1/images".into(),
        "/health/%2e%2e/v1/images".into(),
        "/v1/images/..%2f..%2fhealth%2flive".into(),
        "/v1/images/..%252f..%252fhealth".into(),
        "/v1/images%00".into(),
        "/v1/images%20".into(),
        "/v1/images%3flimit=1".into(),
        "/v1/images%23".into(),
        format!("/v1/images/{id}/../{id}"),
        format!("/v1/images/{id};v=1"),
        format!("/v1/images//{id}/content"),
        format!("/v1/images/{id}%2fcontent"),
        format!("/v1/images/{id}/content/"),
        format!("/v1/images/{id}/content;a"),
        format!("/v1/images/x/..%2f{id}/content"),
    ] {
        let answer = stage
            .exchange(&format!("GET {path}"), &[&authorization])
            .await;
        let refused = [400, 404].contains(&answer.status);
        let silent = !answer.text.contains(&format!("\"id\":\"{id}\""));
        cases.hold(path, refused && silent, &answer.text);
    }
    cases.end();
}

#[tokio::test]
async fn a_target_with_a_host_gives_no_access_without_a_token() {
    let Some(stage) = Stage::new() else { return };
    let (_, id) = stage.image().await;
    let here = stage.nginx.address().to_owned();
    let mut cases = Cases::default();
    for target in [
        format!("GET {here}/v1/images/{id}"),
        format!("GET {here}/v1/images/{id}/content"),
        format!("GET https://evil.example/v1/images/{id}"),
        format!("GET http://evil.example/v1/images/{id}/content"),
        format!("GET http://alice@evil.example/v1/images/{id}"),
        format!("GET file:///v1/images/{id}"),
        format!("GET //evil.example/v1/images/{id}"),
        format!("GET v1/images/{id}"),
        format!("GET /v1/images/{id}#/health/live"),
        "OPTIONS *".into(),
        "CONNECT evil.example:443".into(),
    ] {
        let answer = stage.exchange(&target, &[]).await;
        let refused = (400..=501).contains(&answer.status);
        let silent = !answer.text.contains("\"sha256\"") && !answer.text.contains("evil.example");
        cases.hold(&target, refused && silent, &answer.text);
    }
    cases.end();
}

#[tokio::test]
async fn a_method_has_only_one_spelling() {
    let Some(stage) = Stage::new() else { return };
    let (_, id) = stage.image().await;
    let authorization = authorization();
    let mut cases = Cases::default();
    for method in [
        "get",
        "Get",
        "gET",
        "post",
        "dELETE",
        "Delete",
        "DELETE\u{b}",
        "GET\t",
        "TRACE",
        "TRACK",
        "PURGE",
        "COPY",
        "GETX",
        "G=T",
    ] {
        let target = format!("{method} /v1/images/{id}");
        let answer = stage.exchange(&target, &[&authorization]).await;
        let refused = [400, 405, 501].contains(&answer.status);
        cases.hold(method, refused, &answer.text);
        let silent = !answer.text.contains(&authorization[22..]);
        cases.hold(format!("{method} echoes nothing"), silent, &answer.text);
    }
    cases.end();
    stage.darkroom.holds_only(1, 1).await;
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let Some(stage) = Stage::new() else { return };
    let long = "a".repeat(40_000);
    let (one, name) = (format!("A: {long}"), format!("{long}: a"));
    let many: Vec<String> = (0..2_000).map(|at| format!("A{at}: b")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let token = format!("Authorization: Bearer {long}");
    let mut cases = Cases::default();
    for (name, target, lines, statuses) in [
        ("a long value", "/v1/images", vec![one.as_str()], [400, 431]),
        ("a long name", "/v1/images", vec![name.as_str()], [400, 431]),
        ("many of them", "/v1/images", many, [400, 431]),
        (
            "a long token",
            "/v1/images",
            vec![token.as_str()],
            [400, 431],
        ),
        ("a long path", &format!("/{long}"), vec![], [414, 400]),
        (
            "a long query",
            &format!("/v1/images?{long}"),
            vec![],
            [414, 400],
        ),
    ] {
        let answer = stage.exchange(&format!("GET {target}"), &lines).await;
        cases.hold(name, statuses.contains(&answer.status), &answer.text);
    }
    cases.end();
    stage.settle().await;
}
