//! Attempts to access the images of another owner.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, Cases};
use crate::support::{Client, Darkroom, content, fixture, path, send, unique};

/// Every request for one image.
fn requests(client: &Client, id: &str) -> Vec<(&'static str, RequestBuilder)> {
    let of = |method: Method, rest: &str| client.request(method, &format!("/v1/images/{id}{rest}"));
    vec![
        ("show", of(Method::GET, "")),
        ("content", of(Method::GET, "/content")),
        (
            "a part of the content",
            of(Method::GET, "/content").header("range", "bytes=0-0"),
        ),
        ("the head of the content", of(Method::HEAD, "/content")),
        ("download", of(Method::GET, "/content?download=1")),
        (
            "if it has changed",
            of(Method::GET, "/content").header("if-none-match", "*"),
        ),
        (
            "publish",
            of(Method::PATCH, "").json(&json!({"visibility": "public"})),
        ),
        (
            "rename",
            of(Method::PATCH, "").json(&json!({"filename": "x.gif"})),
        ),
        ("an empty change", of(Method::PATCH, "").json(&json!({}))),
        (
            "link",
            of(Method::POST, "/links").json(&json!({"expires_in": 60})),
        ),
        ("revoke", of(Method::DELETE, "/links")),
        ("delete", of(Method::DELETE, "")),
        (
            "delete, if it exists",
            of(Method::DELETE, "").header("if-match", "*"),
        ),
    ]
}

pub(super) fn id(image: &Value) -> &str {
    image["id"].as_str().expect("an id")
}

#[tokio::test]
async fn an_image_of_another_owner_is_indistinguishable_from_none() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let alice = darkroom.client(&owner);
    let image = alice.upload(fixture("still.gif").bytes).await;
    let url = alice.url(&image).await;
    let nobody = uuid::Uuid::now_v7().to_string();
    let mut cases = Cases::default();
    for (who, client, status) in [
        ("another", darkroom.client(&unique("bob")), 404),
        ("nobody", darkroom.anonymous(), 401),
        (
            "another without scopes",
            darkroom.scoped(&unique("bob"), ""),
            403,
        ),
        (
            "the owner without scopes",
            darkroom.scoped(&owner, "openid"),
            403,
        ),
    ] {
        let pairs = requests(&client, id(&image)).into_iter();
        for ((case, there), (_, absent)) in pairs.zip(requests(&client, &nobody)) {
            let (there, absent) = (
                Answer::read(send(there).await).await,
                Answer::read(send(absent).await).await,
            );
            cases.status(format!("{who}: {case}"), &there, &[status]);
            let same = there.comparable() == absent.comparable();
            cases.hold(
                format!("{who}: {case}"),
                same,
                format!("{there:?} differs from {absent:?}"),
            );
        }
    }
    cases.end();
    // None of the requests had an effect.
    assert_eq!(alice.list().await, [image]);
    assert_eq!(darkroom.anonymous().get(&url).await.status(), 200);
}

#[tokio::test]
async fn a_public_image_still_belongs_to_its_owner() {
    let darkroom = Darkroom::shared();
    let (alice, bob) = (
        darkroom.client(&unique("alice")),
        darkroom.client(&unique("bob")),
    );
    let image = alice.upload(fixture("still.gif").bytes).await;
    let published = alice
        .json(
            Method::PATCH,
            path(&image),
            &json!({"visibility": "public"}),
        )
        .await;
    assert_eq!(published.status(), 200);
    let url = alice.url(&image).await;
    let mut cases = Cases::default();
    for (case, request) in requests(&bob, id(&image)) {
        if ![
            "show",
            "content",
            "a part of the content",
            "the head of the content",
            "download",
            "if it has changed",
        ]
        .contains(&case)
        {
            cases.refused(
                case,
                &Answer::read(send(request).await).await,
                404,
                "not-found",
            );
        }
    }
    cases.status(
        "content",
        &Answer::read(bob.get(content(&image)).await).await,
        &[200],
    );
    let listed = bob.list().await;
    cases.hold("list", listed.is_empty(), format!("{listed:?}"));
    cases.end();
    assert_eq!(darkroom.anonymous().get(&url).await.status(), 200);
}

#[tokio::test]
async fn similar_names_are_different_owners() {
    let darkroom = Darkroom::shared();
    let name = unique("alicé_x");
    let image = darkroom
        .client(&name)
        .upload(fixture("still.gif").bytes)
        .await;
    let mut cases = Cases::default();
    for other in [
        name.to_uppercase(),
        format!("{name} "),
        format!(" {name}"),
        format!("{name}/"),
        format!("{name}\u{200b}"),
        name.replace('é', "e\u{301}"),
        name.replace('é', "e"),
        name.replace('_', "%"),
        name.replace('a', "\u{430}"),
        name.replace("alic", "____"),
        name[..name.len() - 1].to_owned(),
        "%".into(),
        "*".into(),
        "_".repeat(name.chars().count()),
        format!("{name}' OR '1'='1"),
        format!("' OR owner = '{name}"),
        "x') OR 1=1 --".into(),
        "null".into(),
        "admin".into(),
        "root".into(),
    ] {
        let client = darkroom.client(&other);
        cases.refused(
            &other,
            &Answer::read(client.get(path(&image)).await).await,
            404,
            "not-found",
        );
        let answer = Answer::read(client.get("/v1/images?limit=200").await).await;
        cases.hold(
            &other,
            answer.status == 200 && !answer.text.contains(id(&image)),
            &answer.text,
        );
    }
    cases.end();
}
