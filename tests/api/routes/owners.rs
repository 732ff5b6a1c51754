//! Owners: each sees only its own images, and `admin` sees all.

use reqwest::Method;

use crate::support::{Darkroom, content, fixture, path, problem, send, unique};

#[tokio::test]
async fn images_of_another_owner_seem_not_to_exist() {
    let darkroom = Darkroom::shared();
    let (alice, bob) = (
        darkroom.client(&unique("alice")),
        darkroom.client(&unique("bob")),
    );
    let file = fixture("lossless.webp").bytes;
    let image = alice.upload(file).await;
    let absent = format!("/v1/images/{}", uuid::Uuid::now_v7());
    for (method, foreign, absent) in [
        (Method::GET, path(&image), absent.clone()),
        (Method::DELETE, path(&image), absent.clone()),
        (Method::GET, content(&image), format!("{absent}/content")),
    ] {
        let foreign = send(bob.request(method.clone(), foreign)).await;
        let absent = send(bob.request(method, &absent)).await;
        let foreign = problem(foreign, 404, "not-found").await;
        assert_eq!(foreign, problem(absent, 404, "not-found").await);
    }
    assert!(bob.list().await.is_empty());
    assert_eq!(alice.download(&image).await, file);
    assert_eq!(alice.list().await, [image]);
}

#[tokio::test]
async fn an_admin_has_access_to_the_images_of_every_owner() {
    let darkroom = Darkroom::start();
    let admin = darkroom.scoped("root", "admin");
    let file = fixture("lossless.webp").bytes;
    let mut images = vec![];
    for owner in ["alice", "bob", "carol"] {
        images.insert(0, darkroom.client(owner).upload(file).await);
    }
    assert_eq!(admin.list().await, images);
    for image in &images {
        assert_eq!(admin.get(path(image)).await.status(), 200);
        assert_eq!(admin.download(image).await, file);
        assert_eq!(admin.delete(path(image)).await.status(), 204);
    }
    assert!(darkroom.client("bob").list().await.is_empty());
    let own = admin.upload(file).await;
    assert_eq!(own["owner"], "root");
}

#[tokio::test]
async fn equal_content_of_two_owners_is_independent() {
    let darkroom = Darkroom::shared();
    let (alice, bob) = (
        darkroom.client(&unique("alice")),
        darkroom.client(&unique("bob")),
    );
    let file = fixture("animated.webp").bytes;
    let (hers, his) = (alice.upload(file).await, bob.upload(file).await);
    assert_eq!(alice.delete(path(&hers)).await.status(), 204);
    assert_eq!(bob.download(&his).await, file);
    assert_eq!(alice.get(content(&his)).await.status(), 404);
}

#[tokio::test]
async fn owners_may_have_any_name_that_a_token_can_carry() {
    let darkroom = Darkroom::shared();
    for name in [
        "猫",
        "o'brien; DROP TABLE images --",
        "a b/c?d#e",
        "%00",
        "\u{10ffff}",
    ] {
        let owner = unique(name);
        let client = darkroom.client(&owner);
        let image = client.upload(fixture("still.gif").bytes).await;
        assert_eq!(image["owner"], owner);
        assert_eq!(client.list().await, [image]);
    }
}
