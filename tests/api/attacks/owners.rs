//! Reaching for what another owner has.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Cases, Told};
use crate::support::{Client, Darkroom, Png, content, fixture, path, send, unique};

/// Every request that is about one image.
fn requests(client: &Client, id: &str) -> Vec<(&'static str, RequestBuilder)> {
    let of = |method: Method, rest: &str| client.request(method, &format!("/v1/images/{id}{rest}"));
    vec![
        ("show", of(Method::GET, "")),
        ("content", of(Method::GET, "/content")),
        (
            "a part of the content",
            of(Method::GET, "/content").header("range", "bytes=0-0"),
        ),
        ("the content's head", of(Method::HEAD, "/content")),
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
            "delete, if it is there",
            of(Method::DELETE, "").header("if-match", "*"),
        ),
    ]
}

fn id(image: &Value) -> &str {
    image["id"].as_str().expect("an id")
}

#[tokio::test]
async fn what_another_has_can_not_be_told_from_what_nobody_has() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = alice.upload(fixture("still.gif").bytes).await;
    let url = alice.url(&image).await;
    let nobody = uuid::Uuid::now_v7().to_string();
    let mut cases = Cases::default();
    for (who, client, status) in [
        ("another", darkroom.client(&unique("bob")), 404),
        ("nobody", darkroom.anybody(), 401),
    ] {
        let pairs = requests(&client, id(&image)).into_iter();
        for ((case, there), (_, absent)) in pairs.zip(requests(&client, &nobody)) {
            let (there, absent) = (
                Told::by(send(there).await).await,
                Told::by(send(absent).await).await,
            );
            cases.status(format!("{who}: {case}"), &there, &[status]);
            let same = there.comparable() == absent.comparable();
            cases.hold(
                format!("{who}: {case}"),
                same,
                format!("{there:?} is not {absent:?}"),
            );
        }
    }
    cases.end();
    // Nothing of it had an effect.
    assert_eq!(alice.list().await, [image]);
    assert_eq!(darkroom.anybody().get(&url).await.status(), 200);
}

#[tokio::test]
async fn a_public_image_is_still_its_owners() {
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
            "the content's head",
            "download",
            "if it has changed",
        ]
        .contains(&case)
        {
            cases.refused(case, &Told::by(send(request).await).await, 404, "not-found");
        }
    }
    cases.status(
        "content",
        &Told::by(bob.get(content(&image)).await).await,
        &[200],
    );
    let listed = bob.list().await;
    cases.hold("list", listed.is_empty(), format!("{listed:?}"));
    cases.end();
    assert_eq!(darkroom.anybody().get(&url).await.status(), 200);
}

#[tokio::test]
async fn names_that_look_alike_are_different_owners() {
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
        format!("x') OR 1=1 --"),
        "null".into(),
        "admin".into(),
        "root".into(),
    ] {
        let client = darkroom.client(&other);
        cases.refused(
            &other,
            &Told::by(client.get(path(&image)).await).await,
            404,
            "not-found",
        );
        let told = Told::by(client.get("/v1/images?limit=200").await).await;
        cases.hold(
            &other,
            told.status == 200 && !told.text.contains(id(&image)),
            &told.text,
        );
    }
    cases.end();
}

#[tokio::test]
async fn a_cursor_of_another_shows_ones_own() {
    let darkroom = Darkroom::shared();
    let (alice, bob) = (
        darkroom.client(&unique("alice")),
        darkroom.client(&unique("bob")),
    );
    let his = bob.upload(fixture("still.gif").bytes).await;
    for _ in 0..3 {
        alice.upload(fixture("still.gif").bytes).await;
    }
    let page: Value = alice
        .get("/v1/images?limit=1")
        .await
        .json()
        .await
        .expect("JSON");
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let told = Told::by(bob.get(&format!("/v1/images?cursor={cursor}")).await).await;
    let items: Value = serde_json::from_str(&told.text).expect("JSON");
    if told.status == 200 {
        assert_eq!(items["items"], json!([his]));
    }
    for odd in [
        "",
        "0",
        "-1",
        "%00",
        "AAAA",
        "' OR 1=1 --",
        "eyJvIjoiYWxpY2UifQ",
        &"A".repeat(5000),
    ] {
        let told = Told::by(bob.get(&format!("/v1/images?cursor={odd}")).await).await;
        assert!([200, 400].contains(&told.status), "{odd}: {told:?}");
        assert!(
            !told.text.contains(id(&page["items"][0])),
            "{odd}: {told:?}"
        );
    }
}

#[tokio::test]
async fn that_another_has_the_same_content_is_not_told() {
    let darkroom = Darkroom::shared();
    let (alice, bob) = (
        darkroom.client(&unique("alice")),
        darkroom.client(&unique("bob")),
    );
    let file = Png::of_size(500_000).bytes();
    let hers = alice.upload(file.clone()).await;
    let again = bob.send(file.clone()).await;
    let fresh = bob.send(Png::of_size(500_000).bytes()).await;
    let names = |response: &reqwest::Response| {
        let names = response.headers().keys().map(ToString::to_string);
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&again), names(&fresh));
    let (again, fresh) = (Told::by(again).await, Told::by(fresh).await);
    assert_eq!((again.status, fresh.status), (201, 201));
    let members = |text: &str| {
        let mut image: Value = serde_json::from_str(text).expect("JSON");
        for own in ["id", "sha256", "created_at", "updated_at", "links"] {
            image[own].take();
        }
        image
    };
    assert_eq!(members(&again.text), members(&fresh.text));
    let his: Value = serde_json::from_str(&again.text).expect("JSON");
    assert_ne!(his["id"], hers["id"]);
    assert!(his["created_at"].as_str() >= hers["created_at"].as_str());
    assert_eq!(bob.delete(path(&his)).await.status(), 204);
    assert_eq!(alice.download(&hers).await, file);
}

#[tokio::test]
async fn an_admin_may_but_a_name_does_not_make_one() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let admin = darkroom.scoped(&unique("root"), "admin");
    let image = alice.upload(fixture("still.gif").bytes).await;
    let url = admin.url(&image).await;
    assert_eq!(darkroom.anybody().get(&url).await.status(), 200);
    let named = admin
        .json(Method::PATCH, path(&image), &json!({"filename": "x.gif"}))
        .await;
    assert_eq!(named.status(), 200);
    let shown: Value = alice.get(path(&image)).await.json().await.expect("JSON");
    assert_eq!(
        (&shown["owner"], &shown["filename"]),
        (&image["owner"], &json!("x.gif"))
    );
    assert_eq!(admin.revoke(&image).await.status(), 204);
    assert_eq!(darkroom.anybody().get(&url).await.status(), 410);
    let impostor = darkroom.scoped("admin", "images:read images:write images:delete");
    assert_eq!(impostor.get(path(&image)).await.status(), 404);
    assert_eq!(impostor.delete(path(&image)).await.status(), 404);
    assert_eq!(admin.delete(path(&image)).await.status(), 204);
    assert_eq!(alice.get(path(&image)).await.status(), 404);
}
