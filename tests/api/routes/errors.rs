//! Errors, and properties that all answers share.

use reqwest::Method;

use crate::support::{Darkroom, content, fixture, header, path, problem, send, unique};

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for path in [
        "/v1",
        "/v2/images",
        "/v1/images/",
        "/v1/Images",
        "//v1/images",
        "/%00",
    ] {
        problem(alice.get(path).await, 404, "not-found").await;
    }
}

#[tokio::test]
async fn ids_in_any_other_form_are_not_found() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let id = image["id"].as_str().expect("an id");
    for odd in [
        id.to_uppercase(),
        format!("%7B{id}%7D"),
        id.replace('-', ""),
        format!("urn:uuid:{id}"),
        format!("{id}%00"),
        format!("{id}%20"),
        format!("{id}0"),
        id[1..].to_owned(),
        "%00".to_owned(),
        "%ff%fe".to_owned(),
        "..".to_owned() + "%2f" + id,
        "a".repeat(4000),
    ] {
        for path in [
            format!("/v1/images/{odd}"),
            format!("/v1/images/{odd}/content"),
        ] {
            problem(alice.get(&path).await, 404, "not-found").await;
        }
        let response = alice.delete(&format!("/v1/images/{odd}")).await;
        problem(response, 404, "not-found").await;
    }
    assert_eq!(alice.get(path(&image)).await.status(), 200);
}

#[tokio::test]
async fn an_unsupported_method_is_answered_with_the_supported_ones() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    for (method, path, allowed) in [
        (Method::DELETE, "/v1/images", ["GET", "POST"].as_slice()),
        (Method::PUT, "/v1/images", &["GET", "POST"]),
        (Method::PUT, path(&image), &["GET", "DELETE"]),
        (Method::POST, content(&image), &["GET", "HEAD"]),
        (Method::DELETE, content(&image), &["GET", "HEAD"]),
        (Method::POST, "/health/live", &["GET"]),
    ] {
        let response = send(alice.request(method.clone(), path)).await;
        assert_eq!(response.status(), 405, "{method} {path}");
        let reported: Vec<_> = header(&response, "allow")
            .split(',')
            .map(str::trim)
            .collect();
        for needed in allowed {
            assert!(reported.contains(needed), "{method} {path}: {reported:?}");
        }
        assert!(
            !reported.contains(&method.as_str()),
            "{method} {path}: {reported:?}"
        );
        problem(response, 405, "method-not-allowed").await;
    }
}

#[tokio::test]
async fn a_valid_request_id_is_returned_and_an_invalid_one_is_replaced() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let long = "a".repeat(128);
    for path in ["/v1/images", "/nothing", "/health/live"] {
        let get = |id: &str| {
            let request = alice.request(Method::GET, path);
            send(request.header("x-request-id", id))
        };
        for sane in ["a", "0190-abc_DEF.1:2/3+4=", &long] {
            assert_eq!(header(&get(sane).await, "x-request-id"), sane);
        }
        for insane in ["", "a b", "a\tb", "<script>", "é", &format!("{long}a")] {
            let response = get(insane).await;
            let given = header(&response, "x-request-id");
            assert!(
                given != insane && given.len() >= 16,
                "{insane:?}: {given:?}"
            );
        }
        let (first, second) = (alice.get(path).await, alice.get(path).await);
        assert_ne!(
            header(&first, "x-request-id"),
            header(&second, "x-request-id")
        );
    }
}

#[tokio::test]
async fn health_is_reported_without_a_token() {
    let anonymous = Darkroom::shared().anonymous();
    for path in ["/health/live", "/health/ready"] {
        let response = anonymous.get(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "application/json");
        let text = response.text().await.expect("a body");
        assert_eq!(text, "{\"status\":\"ok\"}\n");
    }
}
