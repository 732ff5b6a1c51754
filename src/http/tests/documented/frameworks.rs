//! docs/frameworks.md, and what docs/derived.md says of widths.

use darkroom_transform::{Ladder, Transform};

use super::*;

const DERIVED: &str = include_str!("../../../../docs/derived.md");
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

#[test]
fn widths_are_raised_as_in_the_table() {
    let ladder = Ladder::default();
    let mut compared = 0;
    for row in rows(DERIVED, "| requested | made, with the default ladder |") {
        let (given, made) = (code(row[0]).next(), code(row[1]).next());
        let Some((given, made)) = given.zip(made) else {
            continue;
        };
        let transform: Transform = given.parse().expect("a transform");
        assert_eq!(transform.snapped(&ladder).to_string(), made);
        compared += 1;
    }
    assert_eq!(compared, 5);
    let widths: Vec<String> = ladder.widths().iter().map(u32::to_string).collect();
    let (last, others) = widths.split_last().expect("widths");
    let text = DERIVED.split_whitespace().collect::<Vec<_>>().join(" ");
    let listed = format!("The default is {} and {last} pixels", others.join(", "));
    assert!(text.contains(&listed), "{listed}");
}
