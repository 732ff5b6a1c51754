//! Signed URLs, which let their bearer download one image for a limited time.

use darkroom::auth::KeyRing;
use darkroom::auth::link::{Link, LinkMethod};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Darkroom, KEYS, Png, content, fixture, header, now, path, problem};
use crate::support::{send, unique};

/// A parameter of a link.
fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let pairs = url.split_once('?')?.1.split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

fn expires(url: &str) -> u64 {
    let expires = parameter(url, "expires").and_then(|text| text.parse().ok());
    expires.expect("an expiry")
}

async fn image(owner: &Client) -> Value {
    owner.upload(fixture("alpha.png").bytes).await
}

#[tokio::test]
async fn a_link_serves_the_image_to_its_bearer() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    for file in [
        fixture("alpha.png").bytes.into(),
        Png::of_size(1_500_000).bytes(),
    ] {
        let image = alice.upload(file.clone()).await;
        let url = alice.url(&image).await;
        assert!(url.starts_with(&format!("{}?", content(&image))), "{url}");
        let (linked, own) = (anonymous.get(&url).await, alice.get(content(&image)).await);
        assert_eq!(linked.status(), 200);
        for name in [
            "content-type",
            "content-length",
            "etag",
            "last-modified",
            "content-disposition",
            "repr-digest",
            "x-content-type-options",
            "content-security-policy",
        ] {
            assert_eq!(header(&linked, name), header(&own, name));
        }
        assert!(linked.bytes().await.expect("all bytes") == file);
        let head = anonymous.head(&url).await;
        assert_eq!(head.status(), 200);
        assert_eq!(header(&head, "content-length"), file.len().to_string());
        assert!(head.bytes().await.expect("no bytes").is_empty());
    }
}

#[tokio::test]
async fn a_link_names_its_expiry_and_stays_the_same_for_a_while() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = image(&alice).await;
    for expires_in in [1, 59, 60, 61, 3600, 604_800] {
        let request = json!({"expires_in": expires_in});
        let before = now();
        let (first, second) = (
            alice.link(&image, &request).await,
            alice.link(&image, &request).await,
        );
        let (one, two) = (
            first["url"].as_str().expect("a URL"),
            second["url"].as_str().expect("a URL"),
        );
        let ends = expires(one);
        assert_eq!(ends % 60, 0);
        let range = before + expires_in..now() + expires_in + 60;
        assert!(range.contains(&ends), "{ends} is not in {range:?}");
        // They differ only if a new minute has begun between them.
        assert_eq!(one == two, ends == expires(two));
        let ends = time(ends);
        assert_eq!(first["expires_at"], ends);
        assert_eq!(
            first.as_object().map(serde_json::Map::len),
            Some(2),
            "{first}"
        );
    }
}

/// RFC 3339 in UTC with milliseconds, as SQLite prints it.
fn time(seconds: u64) -> String {
    let sql = "SELECT strftime('%Y-%m-%dT%H:%M:%S.000Z', ?1, 'unixepoch')";
    let connection = rusqlite::Connection::open_in_memory().expect("a database");
    let seconds = i64::try_from(seconds).expect("a time");
    connection
        .query_row(sql, [seconds], |row| row.get(0))
        .expect("a row")
}

#[tokio::test]
async fn caches_keep_an_image_no_longer_than_its_link_is_valid() {
    let darkroom = Darkroom::with().variable("link_bucket_seconds", 1).start();
    let alice = darkroom.client("alice");
    let image = image(&alice).await;
    for expires_in in [20, 200, 3600] {
        let link = alice.link(&image, &json!({"expires_in": expires_in})).await;
        let url = link["url"].as_str().expect("a URL");
        let left = expires(url) - now();
        let response = darkroom.anonymous().get(url).await;
        let kept = header(&response, "cache-control").strip_prefix("public, max-age=");
        let kept: u64 = kept.and_then(|age| age.parse().ok()).expect("an age");
        assert!(kept <= left.min(300), "{kept} of {left}");
        assert!(kept + 10 >= left.min(300), "{kept} of {left}");
    }
}

#[tokio::test]
async fn a_link_can_be_for_download_or_for_head_alone() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let image = image(&alice).await;
    let url = |body: Value| {
        let (alice, image) = (alice.clone(), image.clone());
        async move {
            alice.link(&image, &body).await["url"]
                .as_str()
                .expect("a URL")
                .to_owned()
        }
    };
    let download = url(json!({"expires_in": 60, "download": true})).await;
    assert_eq!(parameter(&download, "download"), Some("1"));
    let response = anonymous.get(&download).await;
    assert!(header(&response, "content-disposition").starts_with("attachment"));
    for shown in [
        json!({"expires_in": 60, "download": false}),
        json!({"expires_in": 60, "method": "GET"}),
    ] {
        let response = anonymous.get(&url(shown).await).await;
        assert!(header(&response, "content-disposition").starts_with("inline"));
    }
    let head = url(json!({"expires_in": 60, "method": "HEAD"})).await;
    assert_eq!(anonymous.head(&head).await.status(), 200);
    problem(anonymous.get(&head).await, 403, "link-invalid").await;
}

#[tokio::test]
async fn a_link_with_a_parameter_of_another_version_is_refused() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let image = image(&alice).await;
    let ring = KeyRing::parse(KEYS).expect("good keys");
    let signed = |method, parameters: &[(&str, &str)]| {
        let link = Link {
            method,
            path: content(&image),
            parameters,
            epoch: 0,
            expires: now() + 300,
            id: None,
        };
        link.sign(&ring, None).expect("can be signed")
    };
    let known = signed(LinkMethod::Get, &[("download", "1")]);
    assert_eq!(anonymous.get(&known).await.status(), 200);
    for unknown in [
        &[("width", "200")][..],
        &[("download", "1"), ("height", "200")],
        &[("size", "thumbnail")],
        &[("v", "2")],
        &[("Download", "1")],
        &[("", "")],
    ] {
        let url = signed(LinkMethod::Get, unknown);
        problem(anonymous.get(&url).await, 403, "link-invalid").await;
        let url = signed(LinkMethod::Head, unknown);
        assert_eq!(anonymous.head(&url).await.status(), 403, "{url}");
        // The owner's token does not help: a request with a signature is judged as a link.
        problem(alice.get(&url).await, 403, "link-invalid").await;
    }
}

#[tokio::test]
async fn revoking_ends_only_the_links_of_that_image() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let (one, two) = (image(&alice).await, image(&alice).await);
    let (first, other) = (alice.url(&one).await, alice.url(&two).await);
    for _ in 0..2 {
        let response = alice.revoke(&one).await;
        assert_eq!(response.status(), 204);
        assert_eq!(response.bytes().await.expect("no body").len(), 0);
    }
    problem(anonymous.get(&first).await, 410, "link-revoked").await;
    assert_eq!(anonymous.head(&first).await.status(), 410);
    let new = alice.url(&one).await;
    assert_ne!(new, first);
    for url in [&new, &other] {
        assert_eq!(anonymous.get(url).await.status(), 200);
    }
    // The owner can still read the image, and its object is unchanged.
    assert_eq!(alice.download(&one).await, fixture("alpha.png").bytes);
    let shown: Value = alice.get(path(&one)).await.json().await.expect("JSON");
    assert_eq!(shown, one);
}

#[tokio::test]
async fn a_named_link_is_revoked_by_itself() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let image = image(&alice).await;
    let links = format!("{}/links", path(&image));
    let mut urls = Vec::new();
    for name in ["a", "b"] {
        let terms = json!({"expires_in": 60, "name": name, "transform": {"w": 20}});
        let answer = alice.json(Method::POST, &links, &terms).await;
        let link: Value = answer.json().await.expect("JSON");
        urls.push(link["url"].as_str().expect("a URL").to_owned());
        assert_eq!(anonymous.get(&urls[urls.len() - 1]).await.status(), 200);
    }
    let id = parameter(&urls[0], "link").expect("an id");
    let revoked = send(alice.request(Method::DELETE, &format!("{links}/{id}"))).await;
    assert_eq!(revoked.status(), 204);
    problem(anonymous.get(&urls[0]).await, 410, "link-revoked").await;
    assert_eq!(anonymous.get(&urls[1]).await.status(), 200);
    let listed: Value = alice.get(&links).await.json().await.expect("JSON");
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["url"], urls[1]);
}
