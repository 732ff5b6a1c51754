//! Upload tickets that describe images, and finding the images that came by a ticket; lists of
//! tickets and their revocation.

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

#[tokio::test]
async fn a_ticket_allows_as_many_uploads_as_it_was_created_for() {
    let client = Client::new();
    let created = create(&client, &json!({"expires_in": 60, "max_uploads": 3})).await;
    let ticket = created.json();
    let url = ticket["upload_url"].as_str().expect("a URL");
    let upload = async |width: u32, key: &str| {
        let request = anonymous(Method::POST, url, testing::png(width, 1));
        client
            .send(with_headers(request, &[("idempotency-key", key)]))
            .await
    };
    let first = upload(1, "\"a\"").await;
    // A repeat does not count, before and after the ticket is used up.
    assert_eq!(upload(1, "\"a\"").await.json(), first.json());
    for (width, key) in [(2, "\"b\""), (3, "\"c\"")] {
        assert_eq!(upload(width, key).await.status, StatusCode::CREATED);
    }
    assert_eq!(upload(1, "\"a\"").await.json(), first.json());
    upload(4, "\"d\"").await.is_problem(409, "ticket-spent");
    let path = format!(
        "/v1/upload-tickets/{}",
        ticket["ticket"].as_str().expect("an id")
    );
    let shown = client.get(&path).await.json();
    assert_eq!(
        (&shown["status"], &shown["uploads"], &shown["upload_url"]),
        (&json!("used"), &json!(3), &Value::Null)
    );
    let find = format!(
        "/v1/images?limit=2&ticket={}",
        ticket["ticket"].as_str().expect("an id")
    );
    let page = client.get(&find).await.json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let rest = client.get(&format!("{find}&cursor={cursor}")).await.json();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_revoked_ticket_is_refused_and_stays_in_the_list() {
    let client = Client::new();
    let ticket = create(&client, &json!({"expires_in": 60, "name": "a"}))
        .await
        .json();
    let url = ticket["upload_url"].as_str().expect("a URL");
    let path = format!(
        "/v1/upload-tickets/{}",
        ticket["ticket"].as_str().expect("an id")
    );
    let revoke = async |owner: &str, path: &str| {
        let request =
            Request::delete(path).header(header::AUTHORIZATION, bearer(owner, "images:write"));
        client
            .send(request.body(Body::empty()).expect("a request"))
            .await
    };
    revoke("bob", &path).await.is_problem(404, "not-found");
    revoke("alice", "/v1/upload-tickets/x")
        .await
        .is_problem(404, "not-found");
    for _ in 0..2 {
        assert_eq!(revoke("alice", &path).await.status, StatusCode::NO_CONTENT);
    }
    let refused = client
        .send(anonymous(Method::POST, url, testing::png(1, 1)))
        .await;
    refused.is_problem(410, "ticket-revoked");
    let limits = url.replace("/v1/images", "/v1/limits");
    client.get(&limits).await.is_problem(410, "ticket-revoked");
    let listed = client.get("/v1/upload-tickets").await.json();
    let listed = &listed["items"][0];
    assert_eq!(listed["status"], "revoked");
    assert_eq!(listed["upload_url"], Value::Null);
    assert!(listed["revoked_at"].is_string());
}

#[tokio::test]
async fn tickets_are_listed_page_by_page_for_their_owner_alone() {
    let client = Client::new();
    let mut all = Vec::new();
    for number in 0..5 {
        let name = format!("number {number}");
        let terms = json!({"expires_in": 60, "name": name, "tags": ["t"]});
        all.push(create(&client, &terms).await.json());
    }
    let url = all[4]["upload_url"].as_str().expect("a URL").to_owned();
    client
        .send(anonymous(Method::POST, &url, testing::png(1, 1)))
        .await;
    let walk = async |first: &str| {
        let (mut found, mut path) = (Vec::new(), first.to_owned());
        loop {
            let page = client.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {:?}", page.body);
            found.extend(page.json()["items"].as_array().expect("items").clone());
            let Some(next) = page.header("link").strip_prefix('<') else {
                assert_eq!(page.json()["next_cursor"], Value::Null);
                return found;
            };
            path = next.split('>').next().expect("a URL").to_owned();
        }
    };
    let id = |ticket: &Value| ticket["ticket"].as_str().expect("an id").to_owned();
    // All were created at the same time, so their ids decide.
    let mut ids: Vec<String> = all.iter().map(id).collect();
    ids.sort_unstable();
    ids.reverse();
    let listed = walk("/v1/upload-tickets?limit=2").await;
    assert_eq!(listed.iter().map(id).collect::<Vec<_>>(), ids);
    let open = walk("/v1/upload-tickets?limit=2&status=open").await;
    assert_eq!(open.len(), 4);
    // What is listed still allows what it says.
    assert!(open.iter().all(|ticket| all.contains(ticket)));
    let used = walk("/v1/upload-tickets?status=used").await;
    assert_eq!((used.len(), &used[0]["uploads"]), (1, &json!(1)));

    let cursor = client.get("/v1/upload-tickets?limit=2").await.json();
    let cursor = cursor["next_cursor"].as_str().expect("a cursor").to_owned();
    for (query, parameter) in [
        (format!("status=open&cursor={cursor}"), "cursor"),
        ("cursor=x".to_owned(), "cursor"),
        ("status=closed".to_owned(), "status"),
        ("limit=0".to_owned(), "limit"),
        ("owner=".to_owned(), "owner"),
    ] {
        let refused = client.get(&format!("/v1/upload-tickets?{query}")).await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["parameter"], parameter);
    }
    for (owner, scope, query, count) in [
        ("bob", "images:write", "", Some(0)),
        ("root", "admin", "", Some(5)),
        ("root", "admin", "?owner=alice", Some(5)),
        ("root", "admin", "?owner=bob", Some(0)),
        ("alice", "images:write", "?owner=alice", None),
        ("alice", "images:read", "", None),
    ] {
        let request = Request::get(format!("/v1/upload-tickets{query}"))
            .header(header::AUTHORIZATION, bearer(owner, scope))
            .body(Body::empty());
        let answer = client.send(request.expect("a request")).await;
        match count {
            Some(count) => assert_eq!(answer.json()["items"].as_array().map(Vec::len), Some(count)),
            None => answer.is_problem(403, "insufficient-scope"),
        }
    }
}

#[tokio::test]
async fn names_and_numbers_of_uploads_have_limits() {
    let client = Client::new();
    for (member, value) in [
        ("max_uploads", json!(0)),
        ("max_uploads", json!(1001)),
        ("max_uploads", json!(1.5)),
        ("name", json!("")),
        ("name", json!("a\nb")),
        ("name", json!("é".repeat(101))),
    ] {
        let refused = create(&client, &json!({"expires_in": 60, member: value})).await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["field"], member, "{value}");
    }
    let most = json!({"expires_in": 2_592_000, "max_uploads": 1000, "name": "é".repeat(100)});
    assert_eq!(create(&client, &most).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn the_tickets_of_a_deleted_owner_end() {
    let client = Client::new();
    let url = client.ticket(&json!({"expires_in": 60})).await;
    let request =
        Request::delete("/v1/owners/alice").header(header::AUTHORIZATION, bearer("root", "admin"));
    let erased = client
        .send(request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(erased.json()["more"], false);
    let refused = client
        .send(anonymous(Method::POST, &url, testing::png(1, 1)))
        .await;
    refused.is_problem(410, "ticket-revoked");
    let request =
        Request::get("/v1/upload-tickets").header(header::AUTHORIZATION, bearer("root", "admin"));
    let listed = client
        .send(request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(listed.json()["items"], json!([]));
}

/// A ticket of a version that recorded none.
#[tokio::test]
async fn a_ticket_that_is_not_recorded_allows_one_upload() {
    let client = Client::new();
    let ring = KeyRing::parse(KEYS).expect("a ring");
    let signed = |id: &str, max_uploads| {
        let ticket = crate::auth::ticket::Ticket {
            id: id.to_owned(),
            sub: "alice".to_owned(),
            exp: NOW.unsigned_abs() / 1000 + 60,
            max_uploads,
            max_bytes: None,
            content_types: vec![],
            tags: vec![],
            metadata: std::collections::BTreeMap::new(),
            filename: None,
            visibility: None,
            quota: crate::model::QuotaClaim::default(),
        };
        format!("/v1/images?ticket={}", ticket.sign(&ring).expect("signs"))
    };
    let upload = async |url: &str, width| {
        client
            .send(anonymous(Method::POST, url, testing::png(width, 1)))
            .await
    };
    let old = signed("old", None);
    let limits = old.replace("/v1/images", "/v1/limits");
    assert_eq!(
        client.get(&limits).await.json()["ticket"]["remaining_uploads"],
        1
    );
    assert_eq!(upload(&old, 1).await.status, StatusCode::CREATED);
    upload(&old, 2).await.is_problem(409, "ticket-spent");
    assert_eq!(
        client.get(&limits).await.json()["ticket"]["remaining_uploads"],
        0
    );
    // The record of a ticket of today is missed.
    upload(&signed("new", Some(2)), 3)
        .await
        .is_problem(410, "ticket-revoked");
}
