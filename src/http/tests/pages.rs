//! What people see who open an address in a browser.

use super::*;
use crate::auth::link::{Link, LinkMethod};

/// The `Accept` header of a browser that opens a page.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

async fn open(client: &Client, path: &str, accept: &str) -> Answer {
    let mut request = anonymous(Method::GET, path, "");
    let accept = HeaderValue::from_str(accept).expect("a value");
    request.headers_mut().insert(header::ACCEPT, accept);
    client.send(request).await
}

/// A link to the content of an image that expires at this time.
fn link(content: &str, expires: u64) -> String {
    let ring = KeyRing::parse(KEYS).expect("a ring");
    let link = Link {
        method: LinkMethod::Get,
        path: content,
        parameters: &[],
        epoch: 0,
        expires,
        id: None,
    };
    link.sign(&ring, None).expect("signs")
}

#[tokio::test]
async fn people_see_a_page_where_a_link_no_longer_works() {
    let client = Client::new();
    let image = client.upload(&testing::png(1, 1)).await.json();
    let content = image["links"]["content"].as_str().expect("a path");
    let now = NOW.unsigned_abs() / 1000;
    let (expired, good) = (link(content, now), link(content, now + 60));
    assert_eq!(open(&client, &good, BROWSER).await.status, 200);
    let links = format!("{}/links", image["links"]["self"].as_str().expect("a path"));
    let revoked = request(Method::DELETE, &links, Body::empty());
    assert_eq!(client.send(revoked).await.status, StatusCode::NO_CONTENT);
    let changed = good.replace("expires=", "expires=1");
    let absent = content.replace('0', "1");
    let absent_image = link(&absent, now + 60);
    for (path, status, slug, text) in [
        (expired.as_str(), 410, "link-expired", "Ask whoever gave it"),
        (&good, 410, "link-revoked", "withdrawn"),
        (&changed, 403, "link-invalid", "exactly as you received it"),
        (&absent_image, 404, "not-found", "nothing at this address"),
        (content, 401, "unauthorized", "not public"),
        ("/nothing/<b>", 404, "not-found", "nothing at this address"),
    ] {
        let path = path.replace("<b>", "%3Cb%3E");
        let page = open(&client, &path, BROWSER).await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.header("vary").contains("Accept"));
        let policy = page.header("content-security-policy");
        assert!(policy.contains("style-src 'sha256-"), "{policy}");
        let html = String::from_utf8(page.body.to_vec()).expect("UTF-8");
        assert!(html.contains(text), "{path}: {html}");
        assert!(
            html.contains(&format!("href=\"/problems/{slug}\"")),
            "{html}"
        );
        // Programs and pages that embed the image get the problem itself.
        for accept in [
            "*/*",
            "application/json, text/html;q=0.9",
            "image/avif,image/webp,image/*,*/*;q=0.8",
            "image/*",
        ] {
            open(&client, &path, accept).await.is_problem(status, slug);
        }
    }
    let head = client.send(anonymous(Method::HEAD, &expired, "")).await;
    assert_eq!(head.status.as_u16(), 410);
}

#[tokio::test]
async fn only_reads_are_answered_with_pages() {
    let client = Client::new();
    let mut post = request(Method::POST, "/v1/images/", Body::empty());
    let accept = HeaderValue::from_static(BROWSER);
    post.headers_mut().insert(header::ACCEPT, accept);
    client.send(post).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn the_links_of_a_page_begin_with_the_base_url() {
    let client = Client::with(&[("public_base_url", "https://a.example/i")]);
    let page = open(&client, "/nothing", BROWSER).await;
    let html = String::from_utf8(page.body.to_vec()).expect("UTF-8");
    let link = "href=\"https://a.example/i/problems/not-found\"";
    assert!(html.contains(link), "{html}");
    let client = client.beside(&[("public_base_url", "https://a.example/i"), ("page", "off")]);
    let start = open(&client, "/", BROWSER).await;
    assert_eq!(start.header("location"), "https://a.example/i/docs");
}

#[tokio::test]
async fn without_the_page_the_root_leads_browsers_to_the_documentation() {
    let client = Client::with(&[("page", "off")]);
    let start = open(&client, "/", BROWSER).await;
    assert_eq!(start.status, StatusCode::SEE_OTHER);
    assert_eq!(start.header("location"), "/docs");
    assert!(start.header("vary").contains("Accept"));
    let absent = open(&client, "/", "*/*").await;
    absent.is_problem(404, "not-found");
    let detail = absent.json()["detail"].to_string();
    assert!(detail.contains("/docs"), "{detail}");
}

#[tokio::test]
async fn a_path_with_a_slash_too_many_is_answered_with_the_right_one() {
    let client = Client::new();
    // The root has only slashes.
    for (path, _) in routes::all().filter(|(path, _)| *path != "/") {
        let path = path.replace("{id}", "01a20bb0-2844-74b5-8560-f8154794d311");
        let path = path.replace("{slug}", "not-found");
        for wrong in [format!("{path}/"), format!("/{path}")] {
            for method in [Method::GET, Method::POST] {
                let answer = client.send(request(method, &wrong, Body::empty())).await;
                answer.is_problem(404, "not-found");
                let problem = answer.json();
                assert_eq!(problem["path"], path, "{wrong}");
                assert!(problem["detail"].to_string().contains(&path), "{wrong}");
            }
        }
    }
    let unknown = client.get("/v1/nothing/").await.json();
    assert_eq!(unknown.get("path"), None);
}
