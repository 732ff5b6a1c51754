//! `POST /v1/images` with a form.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{
    Client, Darkroom, FIXTURES, check_image, created, fixture, header, path, problem, send, unique,
};

fn file(name: &'static str) -> Part {
    Part::bytes(fixture(name).bytes).file_name(name)
}

async fn post(client: &Client, form: Form) -> reqwest::Response {
    send(client.post().multipart(form)).await
}

/// A form written by hand, with the boundary `b`.
async fn post_text(client: &Client, form: impl Into<reqwest::Body>) -> reqwest::Response {
    let request = client.post();
    let request = request.header("content-type", "multipart/form-data; boundary=b");
    send(request.body(form)).await
}

#[tokio::test]
async fn every_kind_of_image_is_accepted_in_a_form() {
    let (darkroom, owner) = (Darkroom::shared(), unique("alice"));
    let alice = darkroom.client(&owner);
    for known in FIXTURES {
        let part = file(known.name)
            .mime_str(known.content_type)
            .expect("a media type");
        let response = post(&alice, Form::new().part("file", part)).await;
        let location = header(&response, "location").to_owned();
        let image = created(response).await;
        check_image(&image, known, &owner, Some(known.name));
        assert_eq!(location, path(&image));
        assert_eq!(alice.download(&image).await, known.bytes);
    }
}

#[tokio::test]
async fn several_files_become_items_in_their_order() {
    let (darkroom, owner) = (Darkroom::shared(), unique("alice"));
    let alice = darkroom.client(&owner);
    let form = FIXTURES.iter().fold(Form::new(), |form, known| {
        form.part("file", file(known.name))
    });
    let answer = created(post(&alice, form).await).await;
    let items = answer["items"].as_array().expect("items");
    assert_eq!(items.len(), FIXTURES.len());
    for (image, known) in items.iter().zip(FIXTURES) {
        check_image(image, known, &owner, Some(known.name));
    }
}

#[tokio::test]
async fn tags_and_visibility_apply_to_all_files_wherever_they_are() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let files = |form: Form| {
        form.part("file", file("still.gif"))
            .part("file", file("grey.jpg"))
    };
    let chosen = |form: Form| {
        form.text("tags", "cat, black")
            .text("visibility", "public")
            .text("tags", "猫,cat")
    };
    for form in [files(chosen(Form::new())), chosen(files(Form::new()))] {
        let answer = created(post(&alice, form).await).await;
        for image in answer["items"].as_array().expect("items") {
            assert_eq!(image["tags"], json!(["cat", "black", "猫"]));
            assert_eq!(image["visibility"], "public");
            let shown: Value = alice.get(path(image)).await.json().await.expect("JSON");
            assert_eq!(shown, *image);
        }
    }
}

#[tokio::test]
async fn one_invalid_file_among_three_leaves_none() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let truncated = || Part::bytes(&fixture("alpha.png").bytes[..2000]);
    let text = || Part::bytes(b"not an image".as_slice());
    for (invalid, status, slug) in [
        (truncated as fn() -> Part, 422, "undecodable-image"),
        (text, 415, "unsupported-type"),
    ] {
        for place in 0..3 {
            let part = |at, name| if at == place { invalid() } else { file(name) };
            let form = Form::new()
                .part("file", part(0, "still.gif"))
                .part("file", part(1, "grey.jpg"))
                .part("file", part(2, "still.avif"));
            problem(post(&alice, form).await, status, slug).await;
        }
    }
    assert_eq!(alice.list().await, [] as [Value; 0]);
    darkroom.holds_only(0, 0).await;
}

#[tokio::test]
async fn a_malformed_form_is_refused() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let valid = || Form::new().part("file", file("still.gif"));
    for form in [
        valid().part("caption", file("grey.jpg")),
        valid().text("Tags", "a cat"),
        valid().text("visibility", "secret"),
        valid().text("tags", "t".repeat(65)),
        Form::new().text("tags", "cat"),
    ] {
        problem(post(&alice, form).await, 400, "bad-request").await;
    }
    let many = (0..33).fold(Form::new(), |form, _| form.part("file", file("still.gif")));
    problem(post(&alice, many).await, 413, "too-large").await;
    let long = valid().text("tags", "t,".repeat(20_000));
    problem(post(&alice, long).await, 413, "too-large").await;
    let request = alice.post().header("content-type", "multipart/form-data");
    problem(send(request.body("--b--")).await, 400, "bad-request").await;
    problem(post_text(&alice, "--b--\r\n").await, 400, "bad-request").await;
    darkroom.holds_only(0, 0).await;
}

#[tokio::test]
async fn a_form_that_ends_early_leaves_nothing_wherever_it_ends() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let part = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.gif\"\r\n\r\n";
    let gif = fixture("still.gif").bytes;
    let form = [part, gif, b"\r\n", part, gif, b"\r\n--b--\r\n"].concat();
    // Nothing is needed after the second hyphen of the closing boundary.
    for length in (0..form.len() - 3).step_by(37).chain([form.len() - 5]) {
        let response = post_text(&alice, form[..length].to_vec()).await;
        assert_eq!(response.status(), 400, "cut to {length} bytes");
    }
    darkroom.holds_only(0, 0).await;
    created(post_text(&alice, form).await).await;
    darkroom.holds_only(2, 1).await;
}

#[tokio::test]
async fn the_files_of_a_form_keep_their_order_in_ids_and_lists() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let form = (0..32).fold(Form::new(), |form, number| {
        let name = format!("{number}.gif");
        form.part(
            "file",
            Part::bytes(fixture("still.gif").bytes).file_name(name),
        )
    });
    let answer = created(post(&alice, form).await).await;
    let items = answer["items"].as_array().expect("items");
    let ids: Vec<&str> = items
        .iter()
        .map(|item| item["id"].as_str().expect("an id"))
        .collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let listed: Value = alice
        .get("/v1/images?sort=created_at")
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(listed["items"], answer["items"]);
}

#[tokio::test]
async fn a_file_name_that_looks_like_a_parameter_is_a_name() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let gif = fixture("still.gif").bytes;
    for (head, name) in [
        ("filename=\"a; name=tags\"; name=\"file\"", "a; name=tags"),
        (
            "filename=\"\\\"; name=\\\"tags\\\"\"; name=\"file\"",
            "\"; name=\"tags\"",
        ),
    ] {
        let head = format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        let form = [head.as_bytes(), gif, b"\r\n--b--\r\n"].concat();
        let image = created(post_text(&alice, form).await).await;
        assert_eq!(
            (&image["filename"], &image["tags"]),
            (&json!(name), &json!([]))
        );
    }
    let twice = "--b\r\nContent-Disposition: form-data; name=tags; name=file\r\n\r\n";
    let form = [twice.as_bytes(), gif, b"\r\n--b--\r\n"].concat();
    problem(post_text(&alice, form).await, 400, "bad-request").await;
}
