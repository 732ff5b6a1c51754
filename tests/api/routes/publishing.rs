//! Public images and the public base URL.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Darkroom, content, created, fixture, header, path, problem, send, unique};

#[tokio::test]
async fn links_and_tickets_begin_with_the_public_base_url() {
    let base = "https://images.example.com/pictures";
    let darkroom = Darkroom::with().variable("public_base_url", base).start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("alpha.png").bytes).await;
    let links = format!("{}/links", path(&image));
    let local = links.strip_prefix(base).expect("the address");
    let request = json!({"expires_in": 300});
    let link = created(alice.json(Method::POST, local, &request).await).await;
    let url = link["url"].as_str().expect("a URL");
    assert!(url.starts_with(&format!("{}?", content(&image))), "{url}");
    let local = url.strip_prefix(base).expect("the address");
    assert_eq!(darkroom.anonymous().get(local).await.status(), 200);
    let ticket = alice.ticket(&json!({"expires_in": 60})).await;
    let local = ticket.strip_prefix(base).expect("the address");
    let sent = darkroom
        .anonymous()
        .send_to(local, fixture("grey.jpg").bytes)
        .await;
    assert_eq!(sent.status(), 201);
}

#[tokio::test]
async fn anyone_may_see_a_published_image_until_it_is_private_again() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let image = alice.upload(fixture("alpha.png").bytes).await;
    let bob = darkroom.client(&unique("bob"));
    let bare = darkroom.scoped(&unique("carol"), "");
    for _ in 0..2 {
        problem(anonymous.get(content(&image)).await, 401, "unauthorized").await;
        problem(bob.get(content(&image)).await, 404, "not-found").await;
        problem(bare.get(content(&image)).await, 403, "insufficient-scope").await;
        let private = alice.get(content(&image)).await;
        assert_eq!(header(&private, "cache-control"), "private, no-cache");
        let response = alice
            .json(
                Method::PATCH,
                path(&image),
                &json!({"visibility": "public"}),
            )
            .await;
        assert_eq!(response.status(), 200);
        let shown: Value = response.json().await.expect("JSON");
        assert_eq!(
            (&shown["visibility"], &shown["id"]),
            (&json!("public"), &image["id"])
        );
        for client in [&anonymous, &bob, &bare, &alice] {
            let response = client.get(content(&image)).await;
            assert_eq!(response.status(), 200);
            assert_eq!(
                header(&response, "cache-control"),
                "public, max-age=0, must-revalidate"
            );
        }
        let patch = alice.request(Method::PATCH, path(&image));
        let patch = patch.header("content-type", "application/merge-patch+json");
        let response = send(patch.body(r#"{"visibility":"private"}"#)).await;
        assert_eq!(response.status(), 200);
    }
    problem(anonymous.get(content(&image)).await, 401, "unauthorized").await;
}
