//! Tokens: what they permit, and how requests without a valid token are refused.

use super::*;

#[tokio::test]
async fn tokens_determine_permissions() {
    let client = Client::new();
    let path = client.image().await;
    let with = |method: Method, path: &str, tokens: &[String]| {
        let mut request = Request::builder().method(method).uri(path);
        for token in tokens {
            request = request.header(header::AUTHORIZATION, token);
        }
        request.body(Body::empty()).expect("a request")
    };
    let content = format!("{path}/content");
    for path in ["/v1/images", &path, &content] {
        let none = client.send(with(Method::GET, path, &[])).await;
        none.is_problem(401, "unauthorized");
        assert_eq!(none.header("www-authenticate"), "Bearer realm=\"darkroom\"");
        for invalid in ["Bearer x", "Basic YTpi", "Bearer", "Token x"] {
            let answer = client
                .send(with(Method::GET, path, &[invalid.to_owned()]))
                .await;
            answer.is_problem(401, "unauthorized");
            assert!(
                answer
                    .header("www-authenticate")
                    .contains("error=\"invalid_")
            );
        }
        let valid = bearer("alice", "images:read");
        let twice = client
            .send(with(Method::GET, path, &[valid.clone(), valid.clone()]))
            .await;
        twice.is_problem(401, "unauthorized");
        let write = client
            .send(with(Method::GET, path, &[bearer("alice", "images:write")]))
            .await;
        write.is_problem(403, "insufficient-scope");
        assert!(
            write
                .header("www-authenticate")
                .contains("scope=\"images:read\"")
        );
        assert_eq!(
            client.send(with(Method::GET, path, &[valid])).await.status,
            StatusCode::OK
        );
    }
    for (method, path) in [
        (Method::GET, &path),
        (Method::GET, &content),
        (Method::DELETE, &path),
    ] {
        let bob = bearer("bob", "images:read images:write images:delete");
        let answer = client.send(with(method, path, &[bob])).await;
        answer.is_problem(404, "not-found");
    }
    let admin = client
        .send(with(Method::DELETE, &path, &[bearer("root", "admin")]))
        .await;
    assert_eq!(admin.status, StatusCode::NO_CONTENT);
}
