//! `POST /v1/images` with the image as the body.

use serde_json::Value;

use crate::support::{
    Darkroom, FIXTURES, check_image, created, fixture, header, path, send, unique,
};

#[tokio::test]
async fn every_kind_of_image_is_accepted_as_a_body_and_described() {
    let (darkroom, owner) = (Darkroom::shared(), unique("alice"));
    let alice = darkroom.client(&owner);
    for file in FIXTURES {
        let request = alice.post().header("content-type", file.content_type);
        let response = send(request.body(file.bytes)).await;
        let location = header(&response, "location").to_owned();
        assert_eq!(header(&response, "content-type"), "application/json");
        let image = created(response).await;
        check_image(&image, file, &owner, None);
        assert_eq!(location, path(&image));
        let shown: Value = alice.get(&location).await.json().await.expect("JSON");
        assert_eq!(shown, image);
    }
    assert_eq!(alice.list().await.len(), FIXTURES.len());
}

#[tokio::test]
async fn the_type_may_be_omitted() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = fixture("lossy.webp");
    for declared in ["application/octet-stream", "image/*", "*/*"] {
        let request = alice.post().header("content-type", declared);
        let image = created(send(request.body(file.bytes)).await).await;
        assert_eq!(image["content_type"], "image/webp", "{declared}");
    }
    let image = alice.upload(file.bytes).await;
    assert_eq!(image["content_type"], "image/webp");
}

#[tokio::test]
async fn a_file_name_is_read_from_the_header_or_the_query_and_cleaned() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = fixture("palette.png").bytes;
    for (header, name) in [
        ("attachment; filename=\"my cat.png\"", "my cat.png"),
        (
            "attachment; filename=\"cat.png\"; filename*=UTF-8''%e7%8c%ab.png",
            "猫.png",
        ),
        ("attachment; filename=\"../../etc/passwd\"", "passwd"),
    ] {
        let request = alice.post().header("content-disposition", header);
        let image = created(send(request.body(file)).await).await;
        assert_eq!(image["filename"], name, "{header}");
    }
    for (query, name) in [("cat.png", "cat.png"), ("C:\\fakepath\\cat.png", "cat.png")] {
        let request = alice.post().query(&[("filename", query)]);
        let image = created(send(request.body(file)).await).await;
        assert_eq!(image["filename"], name, "{query}");
    }
}

#[tokio::test]
async fn equal_content_is_stored_once_for_each_owner() {
    let darkroom = Darkroom::start();
    let (alice, bob) = (darkroom.client("alice"), darkroom.client("bob"));
    let file = fixture("alpha.png").bytes;
    let (first, second) = (alice.upload(file).await, alice.upload(file).await);
    assert_ne!(first["id"], second["id"]);
    darkroom.holds_only(2, 1).await;
    bob.upload(file).await;
    darkroom.holds_only(3, 2).await;
}
