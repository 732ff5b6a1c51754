//! Upload tickets that describe the image, and finding the image that came by a ticket.

use serde_json::json;

use super::*;

async fn create(client: &Client, body: &Value) -> Answer {
    client
        .send(json_request(Method::POST, "/v1/upload-tickets", body))
        .await
}

#[tokio::test]
async fn a_ticket_describes_the_image_and_finds_it() {
    let client = Client::new();
    let terms = json!({
        "expires_in": 60, "tags": ["avatar"], "filename": "tom.png",
        "metadata": {"user": "1234", "note": "Grüße"},
    });
    let created = create(&client, &terms).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let ticket = created.json();
    let id = ticket["ticket"].as_str().expect("an id");
    let find = format!("/v1/images?ticket={id}");
    assert_eq!(client.get(&find).await.json()["items"], json!([]));

    let url = ticket["upload_url"].as_str().expect("a URL");
    // The uploader's own name does not matter.
    let upload = anonymous(
        Method::POST,
        &format!("{url}&filename=x.png"),
        testing::png(2, 1),
    );
    let uploaded = client.send(upload).await;
    assert_eq!(uploaded.status, StatusCode::CREATED, "{:?}", uploaded.body);
    let image = uploaded.json();
    assert_eq!(image["ticket"], id);
    assert_eq!(image["filename"], "tom.png");
    assert_eq!(image["metadata"], terms["metadata"]);
    assert_eq!(client.get(&find).await.json()["items"], json!([image]));
    let tagged = client.get(&format!("{find}&tag=other")).await;
    assert_eq!(tagged.json()["items"], json!([]));
    let this = image["links"]["self"].as_str().expect("a path");
    assert_eq!(client.get(this).await.json(), image);

    // Images that came otherwise have no such member, and another owner finds nothing.
    let other = client.upload(&testing::png(1, 1)).await.json();
    assert_eq!(other.get("ticket"), None);
    let mut stranger = anonymous(Method::GET, &find, "");
    let token = bearer("stranger", "images:read").parse().expect("a value");
    stranger.headers_mut().insert(header::AUTHORIZATION, token);
    assert_eq!(client.send(stranger).await.json()["items"], json!([]));
}

#[tokio::test]
async fn the_uploader_names_the_file_if_the_ticket_does_not() {
    let client = Client::new();
    let ticket = create(&client, &json!({"expires_in": 60, "metadata": {}})).await;
    let url = ticket.json()["upload_url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let upload = anonymous(
        Method::POST,
        &format!("{url}&filename=x.png"),
        testing::png(2, 1),
    );
    let image = client.send(upload).await.json();
    assert_eq!(
        (&image["filename"], &image["metadata"]),
        (&json!("x.png"), &json!({}))
    );
}

#[tokio::test]
async fn wrong_terms_and_filters_are_refused() {
    let client = Client::new();
    let long = "x".repeat(5000);
    for (member, value) in [
        ("filename", json!("a/b.png")),
        ("filename", json!("")),
        ("metadata", json!({"": "x"})),
        ("metadata", json!({"a": long})),
        ("metadata", json!({"a": "\n"})),
    ] {
        let refused = create(&client, &json!({"expires_in": 60, member: value})).await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["field"], member, "{value}");
    }
    for value in [json!({"a": 1}), json!({"a": null}), json!(["a"])] {
        let refused = create(&client, &json!({"expires_in": 60, "metadata": value})).await;
        refused.is_problem(400, "bad-request");
    }
    for id in ["", "dev.eyJpZCI6IjEifQ.N0aXWjIM", "%00", &"a".repeat(65)] {
        let refused = client.get(&format!("/v1/images?ticket={id}")).await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["parameter"], "ticket", "{id}");
    }
}

#[tokio::test]
async fn a_ticket_allows_one_upload() {
    let client = Client::new();
    let terms = serde_json::json!({"expires_in": 60, "max_bytes": 500, "tags": ["t"],
        "content_types": ["image/png"], "visibility": "public"});
    let url = client.ticket(&terms).await;
    let upload = async |bytes: Vec<u8>| client.send(anonymous(Method::POST, &url, bytes)).await;
    upload(testing::png_of_size(501))
        .await
        .is_problem(413, "too-large");
    upload(testing::gif(1, 1, 1))
        .await
        .is_problem(415, "unsupported-type");
    let image = upload(testing::png(1, 1)).await;
    assert_eq!(image.status, StatusCode::CREATED, "{:?}", image.body);
    let image = image.json();
    assert_eq!(
        (&image["owner"], &image["tags"][0]),
        (&"alice".into(), &"t".into())
    );
    assert_eq!(image["visibility"], "public");
    upload(testing::png(2, 2))
        .await
        .is_problem(409, "ticket-spent");
    assert_eq!(client.values.keys().len(), 1);
    let changed = format!("{url}x");
    client
        .send(anonymous(Method::POST, &changed, ""))
        .await
        .is_problem(403, "ticket-invalid");
    let twice = format!("{url}&ticket=x");
    client
        .send(anonymous(Method::POST, &twice, ""))
        .await
        .is_problem(403, "ticket-invalid");
}

#[tokio::test]
async fn a_form_cannot_override_its_ticket() {
    let client = Client::new();
    let file = testing::png(1, 1);
    for part in [
        ("name=\"tags\"", &b"a"[..]),
        ("name=\"metadata\"", b"{\"a\": \"b\"}"),
        ("name=\"visibility\"", b"public"),
        ("name=\"file\"", &file),
    ] {
        let terms = serde_json::json!({"expires_in": 60});
        let url = client.ticket(&terms).await;
        let mut upload = anonymous(Method::POST, &url, form(&[("name=\"file\"", &file), part]));
        let form = "multipart/form-data; boundary=x".parse().expect("a header");
        upload.headers_mut().insert(header::CONTENT_TYPE, form);
        client.send(upload).await.is_problem(400, "bad-request");
        assert_eq!(client.values.keys(), Vec::<String>::new());
    }
}
