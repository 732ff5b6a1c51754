//! Signed URLs with a name, which are listed and revoked one by one.

use serde_json::json;

use super::*;

async fn create(client: &Client, links: &str, body: &Value) -> Answer {
    client.send(json_request(Method::POST, links, body)).await
}

async fn delete(client: &Client, path: &str) -> Answer {
    client
        .send(request(Method::DELETE, path, Body::empty()))
        .await
}

/// The status of a GET without a token.
async fn opened(client: &Client, url: &Value) -> u16 {
    let url = url.as_str().expect("a URL");
    client
        .send(anonymous(Method::GET, url, ""))
        .await
        .status
        .as_u16()
}

#[tokio::test]
async fn a_named_link_is_listed_and_revoked_by_itself() {
    let client = Client::new();
    let links = format!("{}/links", client.image().await);
    let terms = json!({"expires_in": 60, "download": true});
    let unnamed = create(&client, &links, &terms).await.json();
    assert_eq!(unnamed.as_object().map(serde_json::Map::len), Some(2));
    let mut named = Vec::new();
    for name in ["for Anna", "for Böb"] {
        let terms = json!({"expires_in": 60, "download": true, "name": name});
        let created = create(&client, &links, &terms).await;
        assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
        named.push(created.json());
        assert_eq!(named.last().expect("a link")["name"], name);
    }
    let id = |link: &Value| link["id"].as_str().expect("an id").to_owned();
    named.sort_by_key(id);
    named.reverse();
    // What is listed is what was created, and works.
    assert_eq!(client.get(&links).await.json(), json!({"items": named}));
    for link in named.iter().chain([&unnamed]) {
        assert_eq!(opened(&client, &link["url"]).await, 200);
    }
    let path = format!("{links}/{}", id(&named[0]));
    assert_eq!(delete(&client, &path).await.status, StatusCode::NO_CONTENT);
    delete(&client, &path).await.is_problem(404, "not-found");
    let url = named[0]["url"].as_str().expect("a URL");
    let refused = client.send(anonymous(Method::GET, url, "")).await;
    refused.is_problem(410, "link-revoked");
    for link in [&named[1], &unnamed] {
        assert_eq!(opened(&client, &link["url"]).await, 200);
    }
    assert_eq!(
        client.get(&links).await.json(),
        json!({"items": [named[1]]})
    );
    // All links are revoked, with or without a name.
    assert_eq!(delete(&client, &links).await.status, StatusCode::NO_CONTENT);
    for link in [&named[1], &unnamed] {
        assert_eq!(opened(&client, &link["url"]).await, 410);
    }
    assert_eq!(client.get(&links).await.json(), json!({"items": []}));
}

#[tokio::test]
async fn a_link_cannot_become_another_one() {
    let client = Client::new();
    let links = format!("{}/links", client.image().await);
    let mut urls = Vec::new();
    for body in [
        json!({"expires_in": 60}),
        json!({"expires_in": 60, "name": "a"}),
    ] {
        let url = create(&client, &links, &body).await.json()["url"].clone();
        urls.push(url.as_str().expect("a URL").to_owned());
    }
    let (path, query) = urls[1].split_once('?').expect("a query");
    let parts: Vec<&str> = query.split('&').collect();
    let without = parts.iter().filter(|part| !part.starts_with("link="));
    let without: Vec<&str> = without.copied().collect();
    assert_eq!(without.len() + 1, parts.len(), "{query}");
    for changed in [
        format!("{path}?{}", without.join("&")),
        format!("{}&link=01a20bb0-2844-74b5-8560-f8154794d311", urls[0]),
    ] {
        let refused = client.send(anonymous(Method::GET, &changed, "")).await;
        refused.is_problem(403, "link-invalid");
    }
}

#[tokio::test]
async fn names_of_derived_images_of_iiif_and_of_many_images() {
    let client = Client::new();
    let image = client.upload(&testing::png(8, 8)).await.json();
    let path = image["links"]["self"].as_str().expect("a path");
    let links = format!("{path}/links");
    for (terms, needle) in [
        (
            json!({"expires_in": 60, "transform": {"w": 4}, "widths": [2, 4]}),
            "w=4",
        ),
        (json!({"expires_in": 60, "iiif": true}), "/info.json"),
        (json!({"expires_in": 60, "method": "HEAD"}), "/content?"),
    ] {
        let mut terms = terms;
        terms["name"] = json!("a");
        let created = create(&client, &links, &terms).await;
        assert_eq!(
            created.status,
            StatusCode::CREATED,
            "{terms}: {:?}",
            created.body
        );
        let link = created.json();
        let url = link["url"].as_str().expect("a URL");
        assert!(url.contains(needle) && url.contains("link="), "{url}");
        let method = match needle {
            "/content?" => Method::HEAD,
            _ => Method::GET,
        };
        let open = async || client.send(anonymous(method.clone(), url, "")).await.status;
        assert_eq!(open().await, StatusCode::OK, "{url}");
        let listed = client.get(&links).await.json();
        assert_eq!(listed, json!({"items": [link]}));
        let one = format!("{links}/{}", link["id"].as_str().expect("an id"));
        assert_eq!(delete(&client, &one).await.status, StatusCode::NO_CONTENT);
        assert_eq!(open().await, StatusCode::GONE, "{url}");
    }

    let other = client.upload(&testing::png(9, 9)).await.json();
    let absent = "01a20bb0-2844-74b5-8560-f8154794d311";
    let ids = json!([image["id"], absent, other["id"]]);
    let body = json!({"ids": ids, "expires_in": 60, "name": "album"});
    let many = create(&client, "/v1/links", &body).await.json();
    let items = many["items"].as_array().expect("items");
    let statuses: Vec<&Value> = items.iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [201, 404, 201]);
    assert_eq!(
        client.get(&links).await.json(),
        json!({"items": [items[0]["link"]]})
    );
    assert_ne!(items[0]["link"]["id"], items[2]["link"]["id"]);
    assert_eq!(items[2]["link"]["name"], "album");
}

#[tokio::test]
async fn links_of_others_and_wrong_names_are_refused() {
    let client = Client::new();
    let links = format!("{}/links", client.image().await);
    for name in [json!(""), json!(" "), json!("a\nb"), json!("é".repeat(101))] {
        let refused = create(&client, &links, &json!({"expires_in": 60, "name": name})).await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["field"], "name", "{name}");
    }
    let terms = json!({"expires_in": 60, "name": "a"});
    let id = create(&client, &links, &terms).await.json()["id"].clone();
    let one = format!("{links}/{}", id.as_str().expect("an id"));
    for (owner, scope, method, path, status) in [
        ("bob", "images:read", Method::GET, &links, 404),
        ("alice", "images:write", Method::GET, &links, 403),
        ("bob", "images:write", Method::DELETE, &one, 404),
        ("alice", "images:read", Method::DELETE, &one, 403),
        (
            "alice",
            "images:write",
            Method::DELETE,
            &format!("{links}/x"),
            404,
        ),
        ("root", "admin", Method::GET, &links, 200),
        ("root", "admin", Method::DELETE, &one, 204),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, bearer(owner, scope));
        let answer = client
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(answer.status, status, "{owner} {scope} {path}");
    }
    for _ in 0..100 {
        assert_eq!(
            create(&client, &links, &terms).await.status,
            StatusCode::CREATED
        );
    }
    create(&client, &links, &terms)
        .await
        .is_problem(409, "too-many-links");
    // Links without a name need no record.
    let unnamed = create(&client, &links, &json!({"expires_in": 60})).await;
    assert_eq!(unnamed.status, StatusCode::CREATED);
}
