//! Attempts to get around the single Authorization header.

use reqwest::Method;

use super::{Answer, Cases};
use crate::support::{ALL_SCOPES, Darkroom, Raw, RawResponse, send, spin_differs, token, unique};

/// Header lines with `TOKEN` in place of a token, and the expected status of a list.
const HEADERS: &[(&str, &[&str], u16)] = &[
    ("the standard form", &[BEARER], 200),
    ("lower-case scheme", &["authorization: bearer TOKEN"], 200),
    ("upper-case scheme", &["AUTHORIZATION: BEARER TOKEN"], 200),
    ("two spaces", &["Authorization: Bearer  TOKEN"], 200),
    (
        "spaces around the value",
        &["Authorization:   Bearer TOKEN  "],
        200,
    ),
    ("twice", &[BEARER, BEARER], 401),
    (
        "an invalid one first",
        &["Authorization: Bearer x", BEARER],
        401,
    ),
    (
        "an invalid one last",
        &[BEARER, "Authorization: Bearer x"],
        401,
    ),
    ("an empty one last", &[BEARER, "Authorization:"], 401),
    ("Basic first", &["Authorization: Basic YTpi", BEARER], 401),
    (
        "joined by a comma",
        &["Authorization: Bearer TOKEN, Bearer TOKEN"],
        401,
    ),
    (
        "joined to Basic",
        &["Authorization: Basic YTpi, Bearer TOKEN"],
        401,
    ),
    (
        "a parameter after it",
        &["Authorization: Bearer TOKEN, realm=\"x\""],
        401,
    ),
    ("a word after it", &["Authorization: Bearer TOKEN x"], 401),
    ("no token", &["Authorization: Bearer"], 401),
    (
        "a space in place of the token",
        &["Authorization: Bearer "],
        401,
    ),
    ("empty", &["Authorization:"], 401),
    ("no scheme", &["Authorization: TOKEN"], 401),
    ("Basic", &["Authorization: Basic TOKEN"], 401),
    (
        "Basic with the token as password",
        &["Authorization: Basic YTpi"],
        401,
    ),
    ("Token", &["Authorization: Token TOKEN"], 401),
    ("DPoP", &["Authorization: DPoP TOKEN"], 401),
    ("a longer scheme", &["Authorization: BearerX TOKEN"], 401),
    ("a tab", &["Authorization: Bearer\tTOKEN"], 401),
    ("a colon", &["Authorization: Bearer: TOKEN"], 401),
    ("an equals sign", &["Authorization: Bearer=TOKEN"], 401),
    ("quotes", &["Authorization: Bearer \"TOKEN\""], 401),
    ("no space", &["Authorization: BearerTOKEN"], 401),
    (
        "bytes that are not text",
        &["Authorization: Bearer TOKEN\u{e9}"],
        401,
    ),
];

/// The header in its standard form.
const BEARER: &str = "Authorization: Bearer TOKEN";

/// Requests a list with these lines, in which `TOKEN` is replaced by the token.
async fn list(darkroom: &Darkroom, lines: &[&str], token: &str) -> RawResponse {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace("TOKEN", token))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Raw::exchange(darkroom, "GET /v1/images", &lines).await
}

#[tokio::test]
async fn only_a_single_bearer_token_authorizes() {
    let darkroom = Darkroom::shared();
    let token = token(&unique("alice"), ALL_SCOPES);
    let mut cases = Cases::default();
    for (case, lines, status) in HEADERS {
        let answer = list(&darkroom, lines, &token).await;
        cases.hold(*case, answer.status == *status, &answer.text);
        if *status == 401 {
            let text = answer.text.to_ascii_lowercase();
            let challenged = text.contains("\r\nwww-authenticate: bearer");
            cases.hold(format!("{case}: challenge"), challenged, text);
        }
    }
    let malformed: [(&str, &[&str]); 3] = [
        (
            "a space before the colon",
            &["Authorization : Bearer TOKEN"],
        ),
        ("a folded line", &["Authorization: Bearer", " TOKEN"]),
        ("a NUL in the name", &["Authorization\0: Bearer TOKEN"]),
    ];
    for (case, lines) in malformed {
        let answer = list(&darkroom, lines, &token).await;
        cases.hold(case, [400, 401].contains(&answer.status), &answer.text);
    }
    cases.end();
}

#[tokio::test]
async fn a_token_anywhere_else_is_ignored() {
    if spin_differs("it closes the connection where host and target differ") {
        return;
    }
    let darkroom = Darkroom::shared();
    let token = token(&unique("alice"), ALL_SCOPES);
    let mut cases = Cases::default();
    let anonymous = darkroom.anonymous();
    for name in [
        "access_token",
        "token",
        "jwt",
        "bearer_token",
        "authorization",
        "Authorization",
        "auth",
        "key",
    ] {
        let answer = Answer::read(anonymous.get(&format!("/v1/images?{name}={token}")).await).await;
        cases.refused(format!("query {name}"), &answer, 401, "unauthorized");
    }
    for name in [
        "Proxy-Authorization",
        "X-Authorization",
        "X-Access-Token",
        "X-Auth-Token",
        "X-Api-Key",
        "X-Forwarded-Authorization",
        "X-Amz-Security-Token",
    ] {
        for value in [token.clone(), format!("Bearer {token}")] {
            let request = anonymous
                .request(Method::GET, "/v1/images")
                .header(name, value);
            let answer = Answer::read(send(request).await).await;
            cases.refused(name, &answer, 401, "unauthorized");
            let unlooked = !answer.header("www-authenticate").contains("error");
            cases.hold(name, unlooked, answer.header("www-authenticate"));
        }
    }
    for name in ["token", "access_token", "session", "Authorization"] {
        let request = anonymous.request(Method::GET, "/v1/images");
        let answer =
            Answer::read(send(request.header("cookie", format!("{name}={token}"))).await).await;
        cases.refused(format!("cookie {name}"), &answer, 401, "unauthorized");
    }
    let form = anonymous
        .post()
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = Answer::read(send(form.body(format!("access_token={token}"))).await).await;
    cases.refused("form", &answer, 401, "unauthorized");
    let authority = darkroom.address().trim_start_matches("http://");
    for user in [format!("{token}@"), format!("bearer:{token}@")] {
        let target = format!("GET http://{user}{authority}/v1/images");
        let answer = Raw::exchange(&darkroom, &target, &[]).await;
        cases.hold(
            "user information",
            [400, 401].contains(&answer.status),
            &answer.text,
        );
    }
    cases.end();
}
