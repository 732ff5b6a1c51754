//! Pages of images.

use super::*;

#[tokio::test]
async fn pages_are_linked_and_complete() {
    let client = Client::with(&[("public_base_url", "https://a.example/i")]);
    for width in 1..=7 {
        client.upload(&testing::png(width, 1)).await;
    }
    let mut path = "/v1/images?limit=3".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = client.get(&path).await;
        let json = page.json();
        let items = json["items"].as_array().expect("items");
        seen.extend(
            items
                .iter()
                .map(|item| item["width"].as_u64().expect("a width")),
        );
        let Some(cursor) = json["next_cursor"].as_str() else {
            assert_eq!(page.header("link"), "");
            break;
        };
        path = format!("/v1/images?limit=3&cursor={cursor}");
        assert_eq!(
            page.header("link"),
            format!("<https://a.example/i{path}>; rel=\"next\"")
        );
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
}
