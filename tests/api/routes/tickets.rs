//! Upload tickets, which let their bearer upload one image for an owner.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{Client, Darkroom, Png, Raw, created, fixture, header, now};
use crate::support::{path, problem, send, unique};

fn file(name: &'static str) -> Part {
    Part::bytes(fixture(name).bytes).file_name(name)
}

async fn post(client: &Client, url: &str, form: Form) -> Response {
    send(client.request(Method::POST, url).multipart(form)).await
}

async fn post_as(client: &Client, url: &str, content_type: &str, body: &'static [u8]) -> Response {
    let request = client.request(Method::POST, url);
    send(request.header("content-type", content_type).body(body)).await
}

#[tokio::test]
async fn an_upload_with_a_ticket_gets_its_owner_and_properties() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let (alice, anonymous) = (darkroom.client(&owner), darkroom.anonymous());
    let request = json!({
        "expires_in": 60, "max_bytes": 100_000, "content_types": ["image/gif", "image/png"],
        "tags": ["from outside", "猫"], "visibility": "public",
    });
    let mut images = vec![];
    for form in [false, true] {
        let url = alice.ticket(&request).await;
        let response = if form {
            post(
                &anonymous,
                &url,
                Form::new().part("file", file("still.gif")),
            )
            .await
        } else {
            post_as(&anonymous, &url, "image/gif", fixture("still.gif").bytes).await
        };
        let location = header(&response, "location").to_owned();
        let image = created(response).await;
        assert_eq!(location, path(&image));
        assert_eq!(image["owner"], owner);
        assert_eq!(image["visibility"], "public");
        assert_eq!(image["tags"], json!(["from outside", "猫"]));
        let shown: Value = alice.get(path(&image)).await.json().await.expect("JSON");
        assert_eq!(shown, image);
        images.insert(0, image);
    }
    assert_eq!(alice.list().await, images);
    let plain = alice.ticket(&json!({"expires_in": 86_400})).await;
    let image = created(anonymous.send_to(&plain, fixture("still.avif").bytes).await).await;
    assert_eq!(
        (&image["visibility"], &image["tags"]),
        (&json!("private"), &json!([]))
    );
}

#[tokio::test]
async fn a_ticket_names_its_url_and_expiry() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let (before, request) = (now(), json!({"expires_in": 60}));
    let answer = alice
        .json(Method::POST, "/v1/upload-tickets", &request)
        .await;
    let ticket = created(answer).await;
    let url = ticket["upload_url"].as_str().expect("a URL");
    assert!(url.starts_with("/v1/images?ticket="), "{url}");
    let id = ticket["ticket"].as_str().expect("an id");
    assert!(!url.contains(id), "{url}");
    let shown = alice.get(&format!("/v1/upload-tickets/{id}")).await;
    assert_eq!(shown.json::<Value>().await.expect("JSON"), ticket);
    let text = ticket["expires_at"].as_str().expect("a time");
    let sql = "SELECT unixepoch(?1)";
    let connection = rusqlite::Connection::open_in_memory().expect("a database");
    let ends: i64 = connection
        .query_row(sql, [text], |row| row.get(0))
        .expect("a time");
    let ends = u64::try_from(ends).expect("after 1970");
    assert!((before + 60..=now() + 60).contains(&ends), "{text}");
}

#[tokio::test]
async fn a_ticket_can_be_used_once() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let url = alice.ticket(&json!({"expires_in": 60})).await;
    let other = alice.ticket(&json!({"expires_in": 60})).await;
    assert_ne!(url, other);
    let image = created(anonymous.send_to(&url, fixture("still.gif").bytes).await).await;
    problem(
        anonymous.send_to(&url, fixture("grey.jpg").bytes).await,
        409,
        "ticket-spent",
    )
    .await;
    assert_eq!(alice.list().await, [image]);
    created(anonymous.send_to(&other, fixture("grey.jpg").bytes).await).await;
}

/// Uploads that fail because of their body, with a ticket for PNG files of up to 100,000 bytes.
async fn fail_by_body(anonymous: &Client, url: &str) {
    let (png, gif) = (fixture("alpha.png").bytes, fixture("still.gif").bytes);
    let large = Png::of_size(100_001).bytes();
    let send = |body| anonymous.send_to(url, body);
    let declare = |content_type, body| post_as(anonymous, url, content_type, body);
    for (case, response, status) in [
        ("another type", send(gif).await, 415),
        (
            "another type, declared",
            declare("image/gif", gif).await,
            415,
        ),
        (
            "another type than declared",
            declare("image/png", gif).await,
            415,
        ),
        (
            "a type that is not accepted",
            declare("text/html", png).await,
            415,
        ),
        ("no image", send(b"<script>").await, 415),
        ("nothing", send(b"").await, 422),
        ("cut off", send(&png[..png.len() / 2]).await, 422),
        ("too large", anonymous.send_to(url, large).await, 413),
    ] {
        assert_eq!(
            response.status(),
            status,
            "{case}: {:?}",
            response.text().await
        );
    }
    let unannounced =
        futures_util::stream::iter([Png::of_size(100_001).bytes()].map(Ok::<_, std::io::Error>));
    let body = reqwest::Body::wrap_stream(unannounced);
    problem(anonymous.send_to(url, body).await, 413, "too-large").await;
}

/// Uploads that fail because of their form.
async fn fail_by_form(anonymous: &Client, url: &str) {
    let one = || Form::new().part("file", file("alpha.png"));
    let other = Form::new().part("file", file("still.gif"));
    let tags_first = Form::new()
        .text("tags", "x")
        .part("file", file("alpha.png"));
    for (case, form, status) in [
        ("another type in a form", other, 415),
        ("two files", one().part("file", file("alpha.png")), 400),
        ("no file", Form::new(), 400),
        ("tags", one().text("tags", "x"), 400),
        ("tags first", tags_first, 400),
        ("visibility", one().text("visibility", "public"), 400),
        ("another file", one().part("owner", file("alpha.png")), 400),
    ] {
        let response = post(anonymous, url, form).await;
        assert_eq!(
            response.status(),
            status,
            "{case}: {:?}",
            response.text().await
        );
    }
    let form = Form::new().part("file", Part::bytes(Png::of_size(100_001).bytes().to_vec()));
    problem(post(anonymous, url, form).await, 413, "too-large").await;
}

#[tokio::test]
async fn a_failed_upload_does_not_use_up_its_ticket() {
    let darkroom = Darkroom::start();
    let (alice, anonymous) = (darkroom.client("alice"), darkroom.anonymous());
    let request = json!({"expires_in": 60, "max_bytes": 100_000, "content_types": ["image/png"]});
    let url = alice.ticket(&request).await;
    fail_by_body(&anonymous, &url).await;
    fail_by_form(&anonymous, &url).await;
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin(&format!("POST {url}"), &["Content-Length: 50000"])
        .await;
    raw.send(&Png::of_size(50_000).bytes()[..20_000]).await;
    drop(raw);
    darkroom.holds_only(0, 0).await;
    created(anonymous.send_to(&url, Png::of_size(100_000).bytes()).await).await;
    problem(
        anonymous.send_to(&url, fixture("alpha.png").bytes).await,
        409,
        "ticket-spent",
    )
    .await;
    darkroom.holds_only(1, 1).await;
}

#[tokio::test]
async fn a_ticket_permits_no_more_than_the_deployment() {
    let darkroom = Darkroom::with()
        .variable("max_upload_bytes", 1000)
        .variable("accepted_types", "png")
        .start();
    let (alice, anonymous) = (darkroom.client("alice"), darkroom.anonymous());
    let url = alice
        .ticket(&json!({"expires_in": 60, "max_bytes": 100_000}))
        .await;
    problem(
        anonymous.send_to(&url, Png::of_size(1001).bytes()).await,
        413,
        "too-large",
    )
    .await;
    problem(
        anonymous.send_to(&url, fixture("still.gif").bytes).await,
        415,
        "unsupported-type",
    )
    .await;
    created(anonymous.send_to(&url, Png::of_size(1000).bytes()).await).await;
}

#[tokio::test]
async fn many_guests_at_once_upload_no_more_than_their_ticket_allows() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let request = json!({"expires_in": 60, "max_uploads": 7});
    let answer = alice
        .json(Method::POST, "/v1/upload-tickets", &request)
        .await;
    let ticket = created(answer).await;
    let url = ticket["upload_url"].as_str().expect("a URL");
    let uploads = (0..20).map(|number| anonymous.send_to(url, Png::of_size(2000 + number).bytes()));
    let answers = futures_util::future::join_all(uploads).await;
    let (mut uploaded, mut refused) = (0, 0);
    for answer in answers {
        match answer.status().as_u16() {
            201 => uploaded += 1,
            _ => {
                problem(answer, 409, "ticket-spent").await;
                refused += 1;
            }
        }
    }
    assert_eq!((uploaded, refused), (7, 13));
    assert_eq!(alice.list().await.len(), 7);
    let path = format!(
        "/v1/upload-tickets/{}",
        ticket["ticket"].as_str().expect("an id")
    );
    let shown: Value = alice.get(&path).await.json().await.expect("JSON");
    assert_eq!(
        (&shown["uploads"], &shown["status"]),
        (&json!(7), &json!("used"))
    );
}

#[tokio::test]
async fn a_revoked_ticket_is_refused() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let url = alice
        .ticket(&json!({"expires_in": 60, "max_uploads": 2}))
        .await;
    created(anonymous.send_to(&url, fixture("still.gif").bytes).await).await;
    let listed: Value = alice
        .get("/v1/upload-tickets")
        .await
        .json()
        .await
        .expect("JSON");
    let listed = &listed["items"][0];
    assert_eq!(
        (&listed["upload_url"], &listed["uploads"]),
        (&json!(url), &json!(1))
    );
    let path = format!(
        "/v1/upload-tickets/{}",
        listed["ticket"].as_str().expect("an id")
    );
    let revoked = send(alice.request(Method::DELETE, &path)).await;
    assert_eq!(revoked.status(), 204);
    let refused = anonymous.send_to(&url, fixture("grey.jpg").bytes).await;
    problem(refused, 410, "ticket-revoked").await;
}
