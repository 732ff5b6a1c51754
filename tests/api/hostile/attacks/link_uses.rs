//! Signed URLs: used for something else, or after they have ended.

use reqwest::Method;
use serde_json::json;

use super::Cases;
use super::links::{linked, read};
use crate::support::{Darkroom, content, fixture, now, path, send, signed_link, unique};

#[tokio::test]
async fn a_link_is_valid_for_one_image_and_one_use_of_it() {
    let darkroom = Darkroom::shared();
    let (anonymous, alice) = (darkroom.anonymous(), darkroom.client(&unique("alice")));
    let (image, url) = linked(&alice).await;
    let query = url.split_once('?').expect("a query").1;
    let own = alice.upload(fixture("grey.jpg").bytes).await;
    let foreign = darkroom
        .client(&unique("bob"))
        .upload(fixture("grey.jpg").bytes)
        .await;
    let nobodys = format!("/v1/images/{}/content", uuid::Uuid::now_v7());
    let id = image["id"].as_str().expect("an id");
    let mut cases = Cases::default();
    for (case, other) in [
        ("another image of the owner", content(&own)),
        ("an image of another", content(&foreign)),
        ("an image that does not exist", &nobodys),
    ] {
        let answer = read(anonymous.get(&format!("{other}?{query}"))).await;
        cases.refused(case, &answer, 403, "link-invalid");
    }
    for (case, path) in [
        (
            "an upper-case id",
            content(&image).replace(id, &id.to_uppercase()),
        ),
        (
            "an id without hyphens",
            content(&image).replace(id, &id.replace('-', "")),
        ),
        (
            "an encoded id",
            content(&image).replace(id, &format!("%{:02x}{}", id.as_bytes()[0], &id[1..])),
        ),
        ("a slash after it", format!("{}/", content(&image))),
        (
            "an encoded path",
            content(&image).replace("content", "%63ontent"),
        ),
    ] {
        cases.status(
            case,
            &read(anonymous.get(&format!("{path}?{query}"))).await,
            &[403, 404],
        );
    }
    let links = format!("{}/links", path(&image));
    for (method, path) in [
        (Method::GET, path(&image)),
        (Method::PATCH, path(&image)),
        (Method::DELETE, path(&image)),
        (Method::GET, "/v1/images"),
        (Method::POST, "/v1/images"),
        (Method::POST, "/v1/upload-tickets"),
        (Method::GET, "/v1/upload-tickets"),
        (Method::POST, &links),
        (Method::GET, &links),
        (Method::DELETE, &links),
    ] {
        let request = anonymous.request(method.clone(), &format!("{path}?{query}"));
        let answer = read(send(request.json(&json!({"expires_in": 60})))).await;
        cases.refused(format!("{method} {path}"), &answer, 401, "unauthorized");
    }
    for method in [
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::TRACE,
    ] {
        let request = anonymous.request(method.clone(), &url);
        cases.status(&method, &read(send(request)).await, &[401, 405]);
    }
    cases.end();
    assert_eq!(anonymous.get(&url).await.status(), 200);
}

#[tokio::test]
async fn a_request_with_a_signature_is_judged_by_it_alone() {
    let darkroom = Darkroom::shared();
    let (anonymous, alice) = (darkroom.anonymous(), darkroom.client(&unique("alice")));
    let (image, url) = linked(&alice).await;
    let invalid = format!("{}?signature=x", content(&image));
    let mut cases = Cases::default();
    for (case, client) in [
        ("no token", anonymous.clone()),
        ("the owner", alice.clone()),
        ("an admin", darkroom.scoped("root", "admin")),
        ("another", darkroom.client(&unique("bob"))),
        ("no scope", darkroom.scoped("x", "")),
        ("an invalid token", anonymous.clone().with_token("x")),
    ] {
        cases.status(
            format!("a valid link: {case}"),
            &read(client.get(&url)).await,
            &[200],
        );
        let answer = read(client.get(&invalid)).await;
        cases.refused(
            format!("an invalid link: {case}"),
            &answer,
            403,
            "link-invalid",
        );
    }
    let public = json!({"visibility": "public"});
    let published = alice.json(Method::PATCH, path(&image), &public);
    cases.status("publish", &read(published).await, &[200]);
    cases.refused(
        "public",
        &read(anonymous.get(&invalid)).await,
        403,
        "link-invalid",
    );
    for odd in [
        "signature=",
        "signature",
        "signature=&signature=",
        "signature=%",
    ] {
        let answer = read(anonymous.get(&format!("{}?{odd}", content(&image)))).await;
        cases.hold(
            odd,
            answer.status != 500 && answer.status != 503,
            &answer.text,
        );
    }
    cases.end();
}

#[tokio::test]
async fn a_link_ends_at_the_second_that_it_names() {
    let darkroom = Darkroom::shared();
    let (anonymous, alice) = (darkroom.anonymous(), darkroom.client(&unique("alice")));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let expires = now() + 2;
    let url = signed_link(content(&image), 0, expires);
    loop {
        let before = now();
        let answer = read(anonymous.get(&url)).await;
        if answer.status != 200 {
            assert!(now() >= expires, "{answer:?}");
            assert_eq!(
                (answer.status, answer.slug().as_str()),
                (410, "link-expired")
            );
            break;
        }
        assert!(
            before < expires,
            "the image was served after the end of its link"
        );
        let kept = answer.header("cache-control").rsplit_once("max-age=");
        let kept: u64 = kept.and_then(|(_, age)| age.parse().ok()).expect("an age");
        assert!(
            before + kept <= expires,
            "max-age={kept} exceeds the life of the link"
        );
    }
    for (case, expires) in [
        ("now", now()),
        ("a minute ago", now() - 60),
        ("long ago", 0),
    ] {
        let answer = read(anonymous.get(&signed_link(content(&image), 0, expires))).await;
        assert_eq!(
            (answer.status, answer.slug().as_str()),
            (410, "link-expired"),
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_revoked_link_stays_revoked() {
    let darkroom = Darkroom::shared();
    let (anonymous, alice) = (darkroom.anonymous(), darkroom.client(&unique("alice")));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let first = alice.url(&image).await;
    alice.revoke(&image).await;
    let second = alice.url(&image).await;
    let dropped = second.replace("epoch=1&", "");
    assert_ne!(second, dropped, "the epoch is not in the link");
    let mut cases = Cases::default();
    let raised = first.replace('?', "?epoch=1&");
    for (case, url, status, slug) in [
        ("revoked", &first, 410, "link-revoked"),
        ("epoch added", &raised, 403, "link-invalid"),
        ("epoch dropped", &dropped, 403, "link-invalid"),
        (
            "epoch raised",
            &second.replace("epoch=1", "epoch=2"),
            403,
            "link-invalid",
        ),
        (
            "an empty epoch",
            &second.replace("epoch=1", "epoch=0"),
            403,
            "link-invalid",
        ),
        (
            "revoked and expired",
            &signed_link(content(&image), 0, now()),
            410,
            "link-expired",
        ),
    ] {
        cases.refused(case, &read(anonymous.get(url)).await, status, slug);
    }
    cases.status("the new one", &read(anonymous.get(&second)).await, &[200]);
    // A link with a future epoch is not valid either.
    let future = signed_link(content(&image), 2, now() + 60);
    cases.status(
        "a future epoch",
        &read(anonymous.get(&future)).await,
        &[403, 410],
    );
    for _ in 0..3 {
        alice.revoke(&image).await;
    }
    for url in [&first, &second] {
        cases.refused(
            "revoked again",
            &read(anonymous.get(url)).await,
            410,
            "link-revoked",
        );
    }
    alice.delete(path(&image)).await;
    let url = signed_link(content(&image), 4, now() + 60);
    cases.refused(
        "deleted",
        &read(anonymous.get(&url)).await,
        404,
        "not-found",
    );
    cases.end();
}
