//! The pages of problems.

use super::*;

#[tokio::test]
async fn every_problem_has_a_page_that_explains_it() {
    let client = Client::new();
    let list = client.send(anonymous(Method::GET, "/problems", "")).await;
    let list = String::from_utf8(list.body.to_vec()).expect("UTF-8");
    for kind in ProblemKind::ALL {
        let uri = kind.uri();
        assert!(list.contains(&format!("href=\"{}\"", &uri[1..])), "{uri}");
        let page = client.send(anonymous(Method::GET, &uri, "")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.header("vary").contains("Accept"));
        let text = String::from_utf8(page.body.to_vec()).expect("UTF-8");
        for word in [&markup::escape(kind.title()), "Causes", "How to fix it"] {
            assert!(text.contains(word), "{uri}: {word}");
        }
        let mut request = anonymous(Method::GET, &uri, "");
        let json = "application/json".parse().expect("a value");
        request.headers_mut().insert(header::ACCEPT, json);
        let object = client.send(request).await.json();
        assert_eq!(
            (&object["type"], &object["title"]),
            (&uri.into(), &kind.title().into())
        );
        assert_eq!(object["status"], kind.status().as_u16());
    }
    for unknown in [
        "/problems/",
        "/problems/x",
        "/problems/%ff",
        "/problems/not-found/",
    ] {
        client.get(unknown).await.is_problem(404, "not-found");
    }
}
