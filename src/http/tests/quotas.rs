//! Quotas that apply to more than the bytes of files.

use super::*;

#[tokio::test]
async fn updates_that_make_an_image_larger_count_towards_the_quota() {
    let file = testing::png_of_size(100);
    let client = Client::with(&[("quota_bytes", "110")]);
    let path = client.upload(&file).await.header("location").to_owned();
    let tag = async |tag: &str| {
        let patch = serde_json::json!({"tags": [tag]});
        client
            .send(json_request(Method::PATCH, &path, &patch))
            .await
    };
    assert_eq!(tag("12345678").await.status, StatusCode::OK);
    let refused = tag("123456789").await;
    refused.is_problem(507, "quota-exceeded");
    let problem = refused.json();
    assert_eq!(
        (&problem["quota"], &problem["actual"]),
        (&"bytes".into(), &111.into())
    );
    assert_eq!(client.get("/v1/usage").await.json()["bytes"], 110);
    client.upload(&file).await.is_problem(507, "quota-exceeded");
    assert_eq!(tag("1").await.status, StatusCode::OK);
    let narrow = client.beside(&[("quota_bytes", "50")]);
    let shorter = serde_json::json!({"tags": null, "filename": "a.png"});
    let shorter = json_request(Method::PATCH, &path, &shorter);
    assert_eq!(narrow.send(shorter).await.status, StatusCode::OK);
    // The deployment's quota does not apply to changes by an admin.
    let longer = serde_json::json!({"tags": ["a tag of another"]});
    let mut longer = json_request(Method::PATCH, &path, &longer);
    let admin = bearer("root", "admin").parse().expect("a header");
    longer.headers_mut().insert(header::AUTHORIZATION, admin);
    assert_eq!(narrow.send(longer).await.status, StatusCode::OK);
}

#[tokio::test]
async fn tags_and_metadata_of_a_form_count_towards_the_quota() {
    let file = testing::png_of_size(100);
    let metadata = b"{\"k\": \"v\"}";
    let parts = [
        ("name=\"file\"", &file[..]),
        ("name=\"metadata\"", metadata),
    ];
    let post = async |client: &Client| {
        let content_type = "multipart/form-data; boundary=x";
        client.post(content_type, form(&parts)).await
    };
    let narrow = Client::with(&[("quota_bytes", "106")]);
    post(&narrow).await.is_problem(507, "quota-exceeded");
    let client = Client::with(&[("quota_bytes", "107")]);
    assert_eq!(post(&client).await.status, StatusCode::CREATED);
    assert_eq!(client.get("/v1/usage").await.json()["bytes"], 107);
}
