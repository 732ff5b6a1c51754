//! What admins can see and delete of an owner.

use super::*;
use crate::auth::link;

async fn send(client: &Client, caller: (&str, &str), method: Method, path: &str) -> Answer {
    let (owner, scope) = caller;
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::AUTHORIZATION, bearer(owner, scope));
    client
        .send(request.body(Body::empty()).expect("a request"))
        .await
}

const ADMIN: (&str, &str) = ("root", "admin");
const ALL_BUT_ADMIN: &str = "images:read images:write images:delete metrics maintenance";

/// A client of a deployment with `count` images of an owner and one of bob.
async fn client_with(owner: &str, count: u32) -> Client {
    let client = Client::with(&[("quota_images", "9")]);
    let owners = std::iter::repeat_n(owner, count as usize).chain(["bob"]);
    for (owner, width) in owners.zip(1..) {
        let request = Request::post("/v1/images")
            .header(header::AUTHORIZATION, bearer(owner, "images:write"))
            .body(Body::from(testing::png(width, 1)));
        let answer = client.send(request.expect("a request")).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
    }
    client
}

#[tokio::test]
async fn an_admin_lists_and_counts_the_images_of_an_owner() {
    let client = client_with("alice", 5).await;
    let mut path = "/v1/images?owner=alice&limit=2&sort=size".to_owned();
    let mut owners = Vec::new();
    loop {
        let page = send(&client, ADMIN, Method::GET, &path).await;
        let items = page.json()["items"].clone();
        let items = items.as_array().expect("items").iter();
        owners.extend(items.map(|item| item["owner"].clone()));
        let link = page.header("link");
        let Some(next) = link.strip_prefix('<') else {
            break;
        };
        assert!(next.contains("owner=alice"), "{next}");
        path = next.split('>').next().expect("a URL").to_owned();
    }
    assert_eq!(owners, ["alice"; 5]);
    for (query, images) in [
        ("?owner=alice", 5),
        ("?owner=bob", 1),
        ("?owner=eve", 0),
        ("", 0),
    ] {
        let answer = send(&client, ADMIN, Method::GET, &format!("/v1/usage{query}")).await;
        assert_eq!(answer.json()["images"], images, "{query}");
        assert_eq!(answer.json()["quota"]["images"], 9);
    }
}

#[tokio::test]
async fn a_cursor_is_bound_to_the_owner() {
    let client = client_with("alice", 2).await;
    let path = "/v1/images?limit=1";
    let page = send(&client, ADMIN, Method::GET, &format!("{path}&owner=alice")).await;
    let cursor = page.json()["next_cursor"].clone();
    let cursor = cursor.as_str().expect("a cursor");
    for (caller, query, status) in [
        (ADMIN, "&owner=alice", 200),
        (ADMIN, "&owner=bob", 400),
        (ADMIN, "", 400),
        (("alice", "images:read"), "", 400),
    ] {
        let path = format!("{path}{query}&cursor={cursor}");
        let answer = send(&client, caller, Method::GET, &path).await;
        assert_eq!(answer.status, status, "{query}");
    }
}

#[tokio::test]
async fn only_an_admin_may_name_an_owner() {
    let client = client_with("alice", 1).await;
    for (method, path) in [
        (Method::GET, "/v1/images?owner=alice"),
        (Method::GET, "/v1/images?owner=bob"),
        (Method::GET, "/v1/usage?owner=alice"),
        (Method::GET, "/v1/usage?owner=bob"),
        (Method::DELETE, "/v1/owners/alice"),
        (Method::DELETE, "/v1/owners/bob"),
    ] {
        let caller = ("alice", ALL_BUT_ADMIN);
        let answer = send(&client, caller, method.clone(), path).await;
        answer.is_problem(403, "insufficient-scope");
        assert_eq!(answer.json()["scope"], "admin");
        let nobody = client.send(anonymous(method, path, "")).await;
        nobody.is_problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn an_owner_is_deleted_in_steps() {
    let client = client_with("alice", 5).await;
    let path = "/v1/owners/alice?limit=2";
    let mut steps = Vec::new();
    for _ in 0..4 {
        let answer = send(&client, ADMIN, Method::DELETE, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        steps.push(answer.json());
    }
    let step = |deleted: u32, remaining: u32, more: bool| serde_json::json!({"deleted": deleted, "remaining": remaining, "more": more});
    let expected = [
        step(2, 3, true),
        step(2, 1, true),
        step(1, 0, false),
        step(0, 0, false),
    ];
    assert_eq!(steps, expected);
    let left = send(&client, ADMIN, Method::GET, "/v1/images").await;
    assert_eq!(left.json()["items"][0]["owner"], "bob");
    assert_eq!(left.json()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_owner_may_have_any_name() {
    for name in ["a/b", "ü ?#%", "..%2f"] {
        let client = client_with(name, 1).await;
        let escaped = percent_encoding::utf8_percent_encode(name, link::UNRESERVED);
        let path = format!("/v1/usage?owner={escaped}");
        let usage = send(&client, ADMIN, Method::GET, &path).await;
        assert_eq!(usage.json()["images"], 1, "{name}");
        let path = format!("/v1/owners/{escaped}");
        let answer = send(&client, ADMIN, Method::DELETE, &path).await;
        assert_eq!(answer.json()["deleted"], 1, "{name}");
    }
}

#[tokio::test]
async fn invalid_owners_and_limits_are_refused() {
    let client = Client::new();
    let long = "a".repeat(129);
    for (method, path) in [
        (Method::GET, "/v1/images?owner=".to_owned()),
        (Method::GET, "/v1/images?owner=a&owner=a".to_owned()),
        (Method::GET, format!("/v1/usage?owner={long}")),
        (Method::GET, "/v1/usage?owner=%0A".to_owned()),
        (Method::GET, "/v1/usage?owners=a".to_owned()),
        (Method::DELETE, format!("/v1/owners/{long}")),
        (Method::DELETE, "/v1/owners/%00".to_owned()),
        (Method::DELETE, "/v1/owners/%FF".to_owned()),
        (Method::DELETE, "/v1/owners/a?limit=0".to_owned()),
        (Method::DELETE, "/v1/owners/a?limit=1001".to_owned()),
        (Method::DELETE, "/v1/owners/a?limit=x".to_owned()),
        (Method::DELETE, "/v1/owners/a?force=1".to_owned()),
    ] {
        let answer = send(&client, ADMIN, method, &path).await;
        answer.is_problem(400, "bad-request");
    }
}
