//! docs/delivery.md.

use super::*;

const PAGE: &str = include_str!("../../../../docs/delivery.md");

#[tokio::test]
async fn a_download_has_all_headers_of_the_table() {
    let client = Client::new();
    let path = client.image().await;
    let download = client.get(&format!("{path}/content")).await;
    for name in names(PAGE, "| header | value |") {
        // Names begin with a capital, values do not.
        if name.starts_with(char::is_uppercase) {
            assert_ne!(download.header(name), "", "{name}");
        }
    }
}

#[tokio::test]
async fn every_response_has_the_caching_of_the_table() {
    let client = Client::new();
    let path = client.image().await;
    let content = format!("{path}/content");
    let terms = serde_json::json!({"expires_in": 3600});
    let link = json_request(Method::POST, &format!("{path}/links"), &terms);
    let link = client.send(link).await.json()["url"].clone();
    let link = link.as_str().expect("a URL");

    let mut answers = vec![client.get(&content).await];
    let patch = serde_json::json!({"visibility": "public"});
    client
        .send(json_request(Method::PATCH, &path, &patch))
        .await;
    // A token makes no difference.
    let public = client.get(&content).await;
    let read = client.send(anonymous(Method::GET, &content, "")).await;
    assert_eq!(read.header("cache-control"), public.header("cache-control"));
    answers.push(read);
    answers.push(client.send(anonymous(Method::GET, link, "")).await);
    answers.push(client.get(&path).await);
    let list = client.get("/v1/images").await;
    assert_eq!(
        list.header("cache-control"),
        answers[3].header("cache-control")
    );
    answers.push(client.get("/v1/images/1").await);

    let rows = rows(PAGE, "| response | `Cache-Control` | effect |");
    assert_eq!(rows.len(), answers.len());
    for (row, answer) in rows.iter().zip(&answers) {
        let listed = code(row[1]).next().expect("a value");
        let sent = answer.header("cache-control");
        let expected = listed.trim_end_matches('…');
        assert!(sent.starts_with(expected), "{row:?}: {sent}");
        assert_eq!(answer.header("vary"), "", "{row:?}");
    }
    // Five minutes, although the link is valid for an hour.
    assert_eq!(answers[2].header("cache-control"), "public, max-age=300");
}
