//! The page for people: its files, and how they are sent.

use miniz_oxide::inflate::decompress_to_vec;

use super::*;
use crate::http::reply::asset::PAGE_HASH;

/// What the whole page may take on its way to a browser, in bytes.
const BUDGET: usize = 60_000;
const FILES: [(&str, &str); 3] = [
    ("page.js", "text/javascript; charset=utf-8"),
    ("page.css", "text/css; charset=utf-8"),
    ("icon.svg", "image/svg+xml"),
];

async fn get(client: &Client, path: &str, coding: &str) -> Answer {
    let mut request = anonymous(Method::GET, path, "");
    let coding = HeaderValue::from_str(coding).expect("a value");
    request
        .headers_mut()
        .insert(header::ACCEPT_ENCODING, coding);
    client.send(request).await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn the_page_allows_its_own_files_and_nothing_else() {
    let client = Client::new();
    for path in ["/", "/drop"] {
        let page = get(&client, path, "identity").await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-cache");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        for part in [
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("http"),
            "{policy}"
        );
        // Nothing in the page would need more.
        let html = text(&page);
        for absent in ["<style", " style=", " on", "<script>", "://"] {
            assert!(!html.contains(absent), "{absent}: {html}");
        }
        let mut again = anonymous(Method::GET, path, "");
        let etag = page.header("etag").parse().expect("a value");
        again.headers_mut().insert(header::IF_NONE_MATCH, etag);
        let mut again = client.send(again).await;
        // The coding is part of what is tagged.
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        again = get(&client, path, "gzip").await;
        assert_ne!(again.header("etag"), page.header("etag"));
    }
}

#[tokio::test]
async fn files_of_the_page_are_kept_for_ever_and_fit_the_budget() {
    let client = Client::new();
    let html = text(&get(&client, "/", "identity").await);
    let mut total = get(&client, "/", "gzip").await.body.len();
    for (name, media_type) in FILES {
        // Relative, so that the page also works below a path.
        let path = format!("page/{PAGE_HASH}/{name}");
        assert!(html.contains(&format!("\"{path}\"")), "{html}");
        let plain = get(&client, &format!("/{path}"), "identity").await;
        assert_eq!(plain.status, StatusCode::OK);
        assert_eq!(plain.header("content-type"), media_type);
        let packed = get(&client, &format!("/{path}"), "br, gzip").await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert_eq!(packed.header("vary"), "Accept-Encoding");
        let forever = "public, max-age=31536000, immutable";
        assert_eq!(packed.header("cache-control"), forever);
        // Without the header and the trailer of gzip.
        let data = &packed.body[10..packed.body.len() - 8];
        let unpacked = decompress_to_vec(data).expect("deflate");
        assert!(unpacked == plain.body);
        total += packed.body.len();
    }
    assert!(total <= BUDGET, "{total} bytes");
}

#[tokio::test]
async fn files_of_another_version_are_not_found() {
    let client = Client::new();
    for path in [
        "/page/0123456789abcdef/page.js".to_owned(),
        format!("/page/{PAGE_HASH}/other.js"),
        format!("/page/{PAGE_HASH}"),
    ] {
        let absent = get(&client, &path, "gzip").await;
        absent.is_problem(404, "not-found");
        assert_eq!(absent.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn without_the_page_its_paths_have_no_resource() {
    let client = Client::with(&[("page", "off")]);
    let script = format!("/page/{PAGE_HASH}/page.js");
    for path in ["/", "/drop", script.as_str()] {
        get(&client, path, "gzip")
            .await
            .is_problem(404, "not-found");
    }
}
