//! `GET /v1/images` with filters and sorts.

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Client, Darkroom, Png, created, fixture, problem, send, unique};

/// Uploads an image with the properties that lists filter and sort by.
async fn upload(
    client: &Client,
    name: &str,
    bytes: impl Into<Bytes>,
    tags: &str,
    visibility: &str,
) -> Value {
    let part = Part::stream(bytes.into());
    let part = if name.is_empty() {
        part
    } else {
        part.file_name(name.to_owned())
    };
    let form = Form::new().part("file", part).text("tags", tags.to_owned());
    let form = form.text("visibility", visibility.to_owned());
    created(send(client.post().multipart(form)).await).await
}

/// Five images, oldest first.
async fn gallery(client: &Client) -> Vec<Value> {
    let bytes = |name: &str| fixture(name).bytes;
    vec![
        upload(
            client,
            "Beach.png",
            Png::of_size(5000).bytes(),
            "sea,2026",
            "public",
        )
        .await,
        upload(client, "beach.gif", bytes("still.gif"), "sea", "private").await,
        upload(client, "", bytes("alpha.png"), "", "private").await,
        upload(
            client,
            "été 100%.jpg",
            bytes("grey.jpg"),
            "sea,été",
            "private",
        )
        .await,
        upload(client, "a_b.webp", bytes("lossy.webp"), "2026", "public").await,
    ]
}

/// The positions in `images` of the items of a list, in the order of the list. Follows the links to
/// further pages.
async fn listed(client: &Client, images: &[Value], query: &str) -> Vec<usize> {
    let mut met = Vec::new();
    let mut path = format!("/v1/images?{query}");
    loop {
        let response = client.get(&path).await;
        assert_eq!(response.status(), 200, "{path}");
        let link = response.headers().get("link");
        let link = link.map(|link| link.to_str().expect("readable").to_owned());
        let page: Value = response.json().await.expect("JSON");
        for item in page["items"].as_array().expect("items") {
            let at = images.iter().position(|image| image["id"] == item["id"]);
            met.push(at.unwrap_or_else(|| panic!("{path}: {item}")));
        }
        let Some(link) = link else {
            assert_eq!(page["next_cursor"], Value::Null, "{path}");
            return met;
        };
        path = link
            .strip_prefix('<')
            .and_then(|link| link.strip_suffix(">; rel=\"next\""))
            .expect("a link in the form of RFC 8288")
            .to_owned();
        let cursor = page["next_cursor"].as_str().expect("a cursor");
        assert!(path.contains(cursor), "{path}");
    }
}

#[tokio::test]
async fn filters_and_sorts_can_be_combined_and_links_carry_them() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let images = gallery(&alice).await;
    let time = |at: usize| images[at]["created_at"].as_str().expect("a time");
    let by_size = {
        let mut places: Vec<usize> = (0..5).collect();
        places.sort_by_key(|at| images[*at]["size"].as_u64());
        places
    };
    let (first, last) = (by_size[1], by_size[3]);
    let sizes = format!(
        "sort=size&min_size={}&max_size={}",
        images[first]["size"], images[last]["size"]
    );
    let times = format!("created_after={}&created_before={}", time(0), time(4));
    for (query, expected) in [
        ("", vec![4, 3, 2, 1, 0]),
        ("sort=created_at", vec![0, 1, 2, 3, 4]),
        ("sort=filename", vec![2, 0, 4, 1, 3]),
        ("sort=-filename", vec![3, 1, 4, 0, 2]),
        ("sort=size", by_size.clone()),
        ("sort=-size", by_size.iter().rev().copied().collect()),
        (sizes.as_str(), by_size[1..4].to_vec()),
        (times.as_str(), vec![3, 2, 1]),
        ("tag=sea", vec![3, 1, 0]),
        ("tag=sea&tag=2026", vec![0]),
        ("tag=2026&tag=sea&tag=2026", vec![0]),
        ("tag=%C3%A9t%C3%A9&sort=size", vec![3]),
        ("tag=Sea", vec![]),
        ("tag=sea&sort=filename", vec![0, 1, 3]),
        ("filename=BEACH", vec![1, 0]),
        ("filename=0%25", vec![3]),
        ("filename=_", vec![4]),
        ("filename=beach&visibility=private", vec![1]),
        ("content_type=image/png", vec![2, 0]),
        ("content_type=image/png&tag=sea", vec![0]),
        ("visibility=public&sort=filename", vec![0, 4]),
        ("min_width=1&max_width=1&max_height=1", vec![0]),
        ("min_width=100000", vec![]),
        (
            "tag=sea&filename=.&visibility=public&content_type=image/png&max_width=9&min_size=5000&sort=-size",
            vec![0],
        ),
    ] {
        for limit in [1, 2, 200] {
            let query = format!("{query}&limit={limit}");
            assert_eq!(listed(&alice, &images, &query).await, expected, "{query}");
        }
    }
}

#[tokio::test]
async fn an_edited_image_is_found_by_its_new_properties() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let images = gallery(&alice).await;
    let patch = json!({"filename": "zebra.png", "tags": ["sea", "new"], "visibility": "public"});
    let path = crate::support::path(&images[2]);
    let edited = alice.json(reqwest::Method::PATCH, path, &patch).await;
    assert_eq!(edited.status(), 200);
    let back = json!({"filename": null, "tags": null});
    let edited = alice
        .json(
            reqwest::Method::PATCH,
            crate::support::path(&images[0]),
            &back,
        )
        .await;
    assert_eq!(edited.status(), 200);
    for (query, expected) in [
        ("tag=new", vec![2]),
        ("tag=sea", vec![3, 2, 1]),
        ("tag=2026", vec![4]),
        ("filename=zebra", vec![2]),
        ("filename=beach", vec![1]),
        ("sort=filename", vec![0, 4, 1, 2, 3]),
        ("tag=sea&sort=filename", vec![1, 2, 3]),
        ("visibility=public", vec![4, 2, 0]),
    ] {
        assert_eq!(listed(&alice, &images, query).await, expected, "{query}");
    }
    assert_eq!(alice.delete(path).await.status(), 204);
    assert_eq!(
        listed(&alice, &images, "tag=new").await,
        Vec::<usize>::new()
    );
}

#[tokio::test]
async fn an_admin_lists_the_images_of_all_owners_with_the_same_filters() {
    let darkroom = Darkroom::start();
    let (alice, bob) = (darkroom.client("alice"), darkroom.client("bob"));
    let mut images = vec![upload(&alice, "a.png", Png::of_size(900).bytes(), "t", "private").await];
    images.push(upload(&bob, "b.png", Png::of_size(800).bytes(), "t", "public").await);
    images.push(upload(&bob, "", Png::of_size(700).bytes(), "", "public").await);
    let admin = darkroom.scoped("root", "admin");
    for (query, expected) in [
        ("", vec![2, 1, 0]),
        ("sort=size", vec![2, 1, 0]),
        ("sort=-filename", vec![1, 0, 2]),
        ("tag=t&sort=filename", vec![0, 1]),
        ("tag=t&sort=size", vec![1, 0]),
        ("visibility=public&tag=t", vec![1]),
    ] {
        let query = format!("{query}&limit=1");
        assert_eq!(listed(&admin, &images, &query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn invalid_parameters_are_refused_by_name() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for (query, name) in [
        ("colour=red", "colour"),
        ("Limit=1", "Limit"),
        ("sort=size&sort=size", "sort"),
        ("visibility=public&visibility=public", "visibility"),
        ("sort=name", "sort"),
        ("tag=", "tag"),
        ("tag=a%2Cb", "tag"),
        ("content_type=text%2Fhtml", "content_type"),
        ("filename=", "filename"),
        ("filename=%FF", "filename"),
        ("created_after=2026-11-24", "created_after"),
        ("created_before=now", "created_before"),
        ("min_width=-1", "min_width"),
        ("max_size=1e3", "max_size"),
        ("visibility=secret", "visibility"),
        ("cursor=abc", "cursor"),
    ] {
        let response = alice.get(&format!("/v1/images?{query}")).await;
        let details = problem(response, 400, "bad-request").await;
        assert_eq!(details["parameter"], name, "{query}: {details}");
        let detail = details["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(name), "{query}: {details}");
    }
}
