//! Which scopes the service routes require.

use serde_json::json;

use super::*;

const SWEEP: &str = "/v1/admin/sweep";
const AUDIT: &str = "/v1/admin/audit";
const MIGRATE: &str = "/v1/admin/migrate-blobs";

async fn send_with(client: &Client, scope: &str, method: Method, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::AUTHORIZATION, bearer("operator", scope));
    let request = request.body(Body::empty()).expect("a request");
    client.send(request).await
}

#[tokio::test]
async fn maintenance_and_metrics_have_scopes_of_their_own() {
    let client = Client::new();
    let all_others = "images:read images:write images:delete";
    for (method, path, scope, status) in [
        (Method::POST, SWEEP, "maintenance", 200),
        (Method::POST, AUDIT, "maintenance", 200),
        // There is nothing to migrate.
        (Method::POST, MIGRATE, "maintenance", 409),
        (Method::GET, "/metrics", "metrics", 200),
    ] {
        for allowed in [scope, "admin"] {
            let answer = send_with(&client, allowed, method.clone(), path).await;
            assert_eq!(answer.status, status, "{path} with {allowed}");
        }
        let other = match scope {
            "metrics" => "maintenance",
            _ => "metrics",
        };
        for lacking in [format!("{all_others} {other}"), String::new()] {
            let answer = send_with(&client, &lacking, method.clone(), path).await;
            answer.is_problem(403, "insufficient-scope");
            assert_eq!(answer.json()["scope"], scope, "{path} with {lacking}");
        }
    }
}

#[tokio::test]
async fn the_new_scopes_reach_no_images() {
    let client = Client::new();
    let image = client.upload(&testing::png(1, 1)).await.json();
    let path = image["links"]["self"].as_str().expect("a path");
    for scope in ["metrics", "maintenance"] {
        for (method, path) in [
            (Method::GET, "/v1/images"),
            (Method::GET, path),
            (Method::DELETE, path),
            (Method::GET, "/v1/usage"),
        ] {
            let answer = send_with(&client, scope, method, path).await;
            answer.is_problem(403, "insufficient-scope");
        }
    }
}

#[tokio::test]
async fn only_admins_see_owners_in_metrics() {
    let client = Client::new();
    client.upload(&testing::png(1, 1)).await;
    for (scope, is_named) in [("metrics", false), ("admin", true)] {
        let answer = send_with(&client, scope, Method::GET, "/metrics").await;
        let text = String::from_utf8(answer.body.to_vec()).expect("text");
        assert!(text.contains("darkroom_owner_images{pseudonym="), "{text}");
        assert_eq!(text.contains("alice"), is_named, "{text}");
    }
}

#[tokio::test]
async fn only_admins_may_delete_damaged_images() {
    let client = Client::new();
    for (scope, status) in [("maintenance", 403), ("admin", 200)] {
        let mut request = json_request(Method::POST, AUDIT, &json!({"remove_damaged": true}));
        let token = bearer("operator", scope).parse().expect("a header");
        request.headers_mut().insert(header::AUTHORIZATION, token);
        assert_eq!(client.send(request).await.status, status, "{scope}");
    }
}
