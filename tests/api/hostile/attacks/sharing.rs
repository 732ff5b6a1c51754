//! What owners share, and what they could learn from it about each other: pages of a list, equal
//! content, and the admin.

use reqwest::Method;
use serde_json::{Value, json};

use super::Answer;
use super::owners::id;
use crate::support::{Darkroom, Png, fixture, path, unique};

#[tokio::test]
async fn a_foreign_cursor_shows_only_own_images() {
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
    let answer = Answer::read(bob.get(&format!("/v1/images?cursor={cursor}")).await).await;
    let items: Value = serde_json::from_str(&answer.text).expect("JSON");
    if answer.status == 200 {
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
        let answer = Answer::read(bob.get(&format!("/v1/images?cursor={odd}")).await).await;
        assert!([200, 400].contains(&answer.status), "{odd}: {answer:?}");
        assert!(
            !answer.text.contains(id(&page["items"][0])),
            "{odd}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn equal_content_of_another_owner_is_not_revealed() {
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
    let (again, fresh) = (Answer::read(again).await, Answer::read(fresh).await);
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
async fn an_admin_is_made_by_the_scope_and_not_by_the_name() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let admin = darkroom.scoped(&unique("root"), "admin");
    let image = alice.upload(fixture("still.gif").bytes).await;
    let url = admin.url(&image).await;
    assert_eq!(darkroom.anonymous().get(&url).await.status(), 200);
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
    assert_eq!(darkroom.anonymous().get(&url).await.status(), 410);
    let impostor = darkroom.scoped("admin", "images:read images:write images:delete");
    assert_eq!(impostor.get(path(&image)).await.status(), 404);
    assert_eq!(impostor.delete(path(&image)).await.status(), 404);
    assert_eq!(admin.delete(path(&image)).await.status(), 204);
    assert_eq!(alice.get(path(&image)).await.status(), 404);
}
