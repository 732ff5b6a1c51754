//! docs/frameworks.md.

use super::*;

const PAGE: &str = include_str!("../../../../docs/frameworks.md");

#[tokio::test]
async fn the_links_of_a_public_image_have_the_members_of_the_example() {
    let client = Client::with(&[("transform_policy", "any")]);
    let file = testing::png(1, 1);
    let parts = [
        ("name=\"visibility\"", &b"public"[..]),
        ("name=\"file\"; filename=\"photo.png\"", &file[..]),
    ];
    let content_type = "multipart/form-data; boundary=x";
    let image = client.post(content_type, form(&parts)).await.json();
    check_example(&image["links"], &example(PAGE, "### Plain HTML"));
}

#[tokio::test]
async fn a_link_in_several_widths_has_the_members_of_the_example() {
    let client = Client::new();
    let links = format!("{}/links", client.image().await);
    let terms = serde_json::json!({"expires_in": 60, "widths": [1]});
    let link = client
        .send(json_request(Method::POST, &links, &terms))
        .await;
    assert_eq!(link.status, StatusCode::CREATED, "{:?}", link.body);
    check_example(
        &link.json(),
        &example(PAGE, "### Ask Darkroom for a srcset"),
    );
}
