//! Operations on many images at once.

use serde_json::json;

use super::*;

const DELETE: &str = "/v1/images/delete";
const LINKS: &str = "/v1/links";
const ABSENT: &str = "01a20bb0-2844-74b5-8560-f8154794d311";

/// Uploads an image for an owner, and returns its id.
async fn upload(client: &Client, owner: &str) -> String {
    let upload = anonymous(Method::POST, "/v1/images", testing::png(1, 1));
    let answer = client.send(with(upload, owner, "images:write")).await;
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// Sets the request's token.
fn with(mut request: Request<Body>, owner: &str, scope: &str) -> Request<Body> {
    let token = bearer(owner, scope).parse().expect("a header");
    request.headers_mut().insert(header::AUTHORIZATION, token);
    request
}

async fn post(client: &Client, scope: &str, path: &str, body: Value) -> Answer {
    let request = json_request(Method::POST, path, &body);
    client.send(with(request, "alice", scope)).await
}

/// The results, each with its id and its status.
fn results(answer: &Answer) -> Vec<(String, u64)> {
    let body = answer.json();
    let items = body["items"].as_array().expect("items").iter();
    let result = |item: &Value| {
        let id = item["id"].as_str().expect("an id").to_owned();
        let status = item["status"].as_u64().expect("a status");
        let problem = &item["problem"];
        match status {
            404 => assert_eq!(
                (&problem["type"], &problem["status"], &problem["detail"]),
                (
                    &"/problems/not-found".into(),
                    &404.into(),
                    &"no such image".into()
                )
            ),
            _ => assert_eq!(*problem, Value::Null),
        }
        (id, status)
    };
    items.map(result).collect()
}

#[tokio::test]
async fn every_deletion_has_the_result_that_it_would_have_alone() {
    let client = Client::new();
    let (first, second) = (
        upload(&client, "alice").await,
        upload(&client, "alice").await,
    );
    let foreign = upload(&client, "bob").await;
    let upper = second.to_uppercase();
    let ids = [
        first.as_str(),
        ABSENT,
        &foreign,
        &upper,
        "no id",
        "",
        &first,
    ];
    let answer = post(&client, "images:delete", DELETE, json!({"ids": ids})).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let expected: Vec<(String, u64)> = ids
        .iter()
        .zip([204, 404, 404, 404, 404, 404, 404])
        .map(|(id, status)| ((*id).to_owned(), status))
        .collect();
    assert_eq!(results(&answer), expected);
    client
        .get(&format!("/v1/images/{first}"))
        .await
        .is_problem(404, "not-found");
    let kept = client.get(&format!("/v1/images/{second}")).await;
    assert_eq!(kept.status, StatusCode::OK);
    let answer = post(&client, "admin", DELETE, json!({"ids": [foreign, ABSENT]})).await;
    assert_eq!(results(&answer)[0].1, 204);
}

#[tokio::test]
async fn a_foreign_image_looks_like_none_at_all() {
    let client = Client::new();
    let foreign = upload(&client, "bob").await;
    for (path, scope, body) in [
        (DELETE, "images:delete", json!({})),
        (LINKS, "images:read", json!({"expires_in": 60})),
    ] {
        let mut bodies = Vec::new();
        for id in [foreign.as_str(), ABSENT] {
            let mut body = body.clone();
            body["ids"] = json!([id]);
            let answer = post(&client, scope, path, body).await;
            let text = String::from_utf8(answer.body.to_vec()).expect("text");
            bodies.push(text.replace(id, "ID"));
        }
        assert_eq!(bodies[0], bodies[1]);
    }
}

#[tokio::test]
async fn links_of_many_images_are_those_of_each() {
    let client = Client::new();
    let id = upload(&client, "alice").await;
    let foreign = upload(&client, "bob").await;
    let terms = json!({"expires_in": 100, "download": true, "method": "HEAD"});
    let one = format!("/v1/images/{id}/links");
    let one = post(&client, "images:read", &one, terms.clone()).await;
    let mut body = terms;
    body["ids"] = json!([id, foreign, id]);
    let answer = post(&client, "images:read", LINKS, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let statuses: Vec<u64> = results(&answer).iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [201, 404, 201]);
    let items = answer.json()["items"].clone();
    assert_eq!(items[0]["link"], one.json());
    assert_eq!(items[2]["link"], one.json());
    assert_eq!(items[1]["link"], Value::Null);
    let url = items[0]["link"]["url"].as_str().expect("a URL");
    let served = client.send(anonymous(Method::HEAD, url, "")).await;
    assert_eq!(served.status, StatusCode::OK);
}

#[tokio::test]
async fn requests_for_many_images_are_checked_as_those_for_one() {
    let client = Client::new();
    let many = |count: usize| json!(vec![ABSENT; count]);
    for (path, scope, terms) in [
        (DELETE, "images:delete", json!({})),
        (LINKS, "images:read", json!({"expires_in": 60})),
    ] {
        let body = |ids: Value| {
            let mut body = terms.clone();
            body["ids"] = ids;
            body
        };
        let most = post(&client, scope, path, body(many(100))).await;
        assert_eq!(results(&most).len(), 100);
        for wrong in [
            body(json!([])),
            body(many(101)),
            body(json!([1])),
            body(json!(ABSENT)),
            body(Value::Null),
            terms.clone(),
            json!({"ids": [ABSENT], "expires_in": 60, "owner": "bob"}),
        ] {
            if path == LINKS || wrong.get("ids").is_some() {
                let answer = post(&client, scope, path, wrong).await;
                answer.is_problem(400, "bad-request");
            }
        }
        let other = if path == LINKS {
            "images:write images:delete"
        } else {
            "images:write images:read"
        };
        let lacking = post(&client, other, path, body(many(1))).await;
        lacking.is_problem(403, "insufficient-scope");
        let request = anonymous(Method::POST, path, "{}");
        client.send(request).await.is_problem(401, "unauthorized");
        client.get(path).await.is_problem(405, "method-not-allowed");
    }
    for terms in [
        json!({"ids": [ABSENT]}),
        json!({"ids": [ABSENT], "expires_in": 0}),
        json!({"ids": [ABSENT], "expires_in": 604_801}),
        json!({"ids": [ABSENT], "expires_in": 60, "method": "POST"}),
    ] {
        let answer = post(&client, "images:read", LINKS, terms).await;
        answer.is_problem(400, "bad-request");
    }
}
