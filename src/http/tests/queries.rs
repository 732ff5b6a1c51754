//! Unknown query parameters.

use super::*;

/// A request from a caller with all scopes.
fn by_admin(method: &Method, path: &str) -> Request<Body> {
    let token = bearer("alice", "images:read images:write images:delete admin");
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::AUTHORIZATION, token);
    request.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn all_routes_refuse_unknown_parameters() {
    let client = Client::new();
    let created = client.upload(&testing::png(1, 1)).await.json();
    let id = created["id"].as_str().expect("an id");
    let mut checked = 0;
    for (path, _) in routes::all() {
        let path = path.replace("{id}", id).replace("{slug}", "not-found");
        let path = path.replace("{identifier}", id);
        let allowed = client.send(by_admin(&Method::OPTIONS, &path)).await;
        assert_eq!(allowed.status, 204, "{path}");
        for method in allowed.header("allow").split(", ") {
            let method: Method = method.parse().expect("a method");
            if method == Method::OPTIONS {
                continue;
            }
            for query in ["unknown=1", "unknown", "&unknown=", "%75nknown=1"] {
                let refused = by_admin(&method, &format!("{path}?{query}"));
                let refused = client.send(refused).await;
                assert_eq!(refused.status, 400, "{method} {path}?{query}");
                if method != Method::HEAD {
                    refused.is_problem(400, "bad-request");
                    assert_eq!(refused.json()["parameter"], "unknown", "{path}");
                }
            }
            let many = by_admin(&method, &format!("{path}?{}", "&".repeat(64)));
            assert_eq!(client.send(many).await.status, 400, "{method} {path}");
            checked += 1;
        }
    }
    assert!(checked > 25, "{checked} methods");
}

#[tokio::test]
async fn an_empty_query_is_accepted() {
    let client = Client::new();
    for path in ["/health/live", "/v1/limits", "/v1/usage", "/problems"] {
        for query in ["?", "?&", "?&&"] {
            let answer = client.get(&format!("{path}{query}")).await;
            assert_eq!(answer.status, 200, "{path}{query}");
        }
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_reported_before_unknown_parameters() {
    let client = Client::new();
    let check = async |method: Method, path: &str, status: u16| {
        let answer = client.send(by_admin(&method, path)).await;
        assert_eq!(answer.status, status, "{method} {path}");
    };
    check(Method::GET, "/nowhere?unknown=1", 404).await;
    check(Method::PUT, "/v1/usage?unknown=1", 405).await;
    check(Method::POST, "/health/live?unknown=1", 405).await;
    check(Method::OPTIONS, "/health/live?unknown=1", 204).await;
}
