//! Ways around the one Authorization header.

use reqwest::Method;

use super::{Cases, Told};
use crate::support::{ALL_SCOPES, Darkroom, Raw, send, spin_differs, token, unique};

#[tokio::test]
async fn there_is_one_authorization_and_it_is_a_bearer_token() {
    let darkroom = Darkroom::shared();
    let token = token(&unique("alice"), ALL_SCOPES);
    let mut cases = Cases::default();
    let bearer = format!("Authorization: Bearer {token}");
    for (case, lines, status) in [
        ("as it should be", vec![bearer.clone()], 200),
        (
            "lower-case scheme",
            vec![format!("authorization: bearer {token}")],
            200,
        ),
        (
            "upper-case scheme",
            vec![format!("AUTHORIZATION: BEARER {token}")],
            200,
        ),
        (
            "two spaces",
            vec![format!("Authorization: Bearer  {token}")],
            200,
        ),
        (
            "spaces around all of it",
            vec![format!("Authorization:   Bearer {token}  ")],
            200,
        ),
        ("twice", vec![bearer.clone(), bearer.clone()], 401),
        (
            "a bad one first",
            vec!["Authorization: Bearer x".into(), bearer.clone()],
            401,
        ),
        (
            "a bad one last",
            vec![bearer.clone(), "Authorization: Bearer x".into()],
            401,
        ),
        (
            "an empty one last",
            vec![bearer.clone(), "Authorization:".into()],
            401,
        ),
        (
            "Basic first",
            vec!["Authorization: Basic YTpi".into(), bearer.clone()],
            401,
        ),
        (
            "joined by a comma",
            vec![format!("{bearer}, Bearer {token}")],
            401,
        ),
        (
            "joined to Basic",
            vec![format!("Authorization: Basic YTpi, Bearer {token}")],
            401,
        ),
        (
            "a parameter behind",
            vec![format!("{bearer}, realm=\"x\"")],
            401,
        ),
        ("a word behind", vec![format!("{bearer} x")], 401),
        ("no token", vec!["Authorization: Bearer".into()], 401),
        (
            "no token but a space",
            vec!["Authorization: Bearer ".into()],
            401,
        ),
        ("empty", vec!["Authorization:".into()], 401),
        ("no scheme", vec![format!("Authorization: {token}")], 401),
        ("Basic", vec![format!("Authorization: Basic {token}")], 401),
        (
            "Basic with the token as password",
            vec!["Authorization: Basic YTpi".into()],
            401,
        ),
        ("Token", vec![format!("Authorization: Token {token}")], 401),
        ("DPoP", vec![format!("Authorization: DPoP {token}")], 401),
        (
            "a longer scheme",
            vec![format!("Authorization: BearerX {token}")],
            401,
        ),
        (
            "a tab",
            vec![format!("Authorization: Bearer\t{token}")],
            401,
        ),
        (
            "a colon",
            vec![format!("Authorization: Bearer: {token}")],
            401,
        ),
        (
            "an equals sign",
            vec![format!("Authorization: Bearer={token}")],
            401,
        ),
        (
            "quotes",
            vec![format!("Authorization: Bearer \"{token}\"")],
            401,
        ),
        (
            "no space",
            vec![format!("Authorization: Bearer{token}")],
            401,
        ),
        (
            "bytes that are no text",
            vec![format!("{bearer}\u{e9}")],
            401,
        ),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer = Raw::exchange(&darkroom, "GET /v1/images", &lines).await;
        cases.hold(case, answer.status == status, &answer.text);
        if status == 401 {
            let text = answer.text.to_ascii_lowercase();
            let challenged = text.contains("\r\nwww-authenticate: bearer");
            cases.hold(format!("{case}: challenge"), challenged, text);
        }
    }
    for (case, lines) in [
        (
            "a space before the colon",
            [format!("Authorization : Bearer {token}"), String::new()],
        ),
        (
            "a folded line",
            ["Authorization: Bearer".into(), format!(" {token}")],
        ),
        (
            "a NUL in the name",
            [format!("Authorization\0: Bearer {token}"), String::new()],
        ),
    ] {
        let lines: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .filter(|line| !line.is_empty())
            .collect();
        let answer = Raw::exchange(&darkroom, "GET /v1/images", &lines).await;
        cases.hold(case, [400, 401].contains(&answer.status), &answer.text);
    }
    cases.end();
}

#[tokio::test]
async fn a_token_anywhere_else_is_not_looked_at() {
    if spin_differs("it closes the connection where host and target differ") {
        return;
    }
    let darkroom = Darkroom::shared();
    let token = token(&unique("alice"), ALL_SCOPES);
    let mut cases = Cases::default();
    let anybody = darkroom.anybody();
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
        let told = Told::by(anybody.get(&format!("/v1/images?{name}={token}")).await).await;
        cases.refused(format!("query {name}"), &told, 401, "unauthorized");
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
            let request = anybody
                .request(Method::GET, "/v1/images")
                .header(name, value);
            let told = Told::by(send(request).await).await;
            cases.refused(name, &told, 401, "unauthorized");
            let unlooked = !told.header("www-authenticate").contains("error");
            cases.hold(name, unlooked, told.header("www-authenticate"));
        }
    }
    for name in ["token", "access_token", "session", "Authorization"] {
        let request = anybody.request(Method::GET, "/v1/images");
        let told = Told::by(send(request.header("cookie", format!("{name}={token}"))).await).await;
        cases.refused(format!("cookie {name}"), &told, 401, "unauthorized");
    }
    let form = anybody
        .post()
        .header("content-type", "application/x-www-form-urlencoded");
    let told = Told::by(send(form.body(format!("access_token={token}"))).await).await;
    cases.refused("form", &told, 401, "unauthorized");
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
