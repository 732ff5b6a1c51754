//! Images that are derived by the real component, from real files, over HTTP.

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{
    Client, Darkroom, FIXTURES, Kind, content, created, eventually, fixture, header, host_kind,
    problem, send, unique,
};

/// The path of an image derived from this one.
fn derived(image: &Value, transform: &str) -> String {
    format!("{}?{transform}", content(image))
}

async fn bytes(response: Response) -> Vec<u8> {
    assert_eq!(response.status(), 200);
    response.bytes().await.expect("a whole body").to_vec()
}

/// The number of requests from one component to another since the server started.
async fn derivations(darkroom: &Darkroom) -> u64 {
    match host_kind() {
        Kind::Embedded => darkroom.counter("chained_requests").await,
        Kind::Spin => 0,
    }
}

#[tokio::test]
async fn every_type_is_derived_to_every_type() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    for fixture in FIXTURES {
        let path = format!("/v1/images?filename={}", fixture.name);
        let request = alice.request(Method::POST, &path).body(fixture.bytes);
        let image = created(send(request).await).await;
        for (format, extension) in [
            ("jpeg", "jpg"),
            ("png", "png"),
            ("gif", "gif"),
            ("webp", "webp"),
            ("avif", "avif"),
        ] {
            let case = format!("{} to {format}", fixture.name);
            let path = derived(&image, &format!("w=20&h=16&fit=cover&format={format}"));
            let response = alice.get(&path).await;
            if fixture.content_type == "image/avif" && fixture.frames > 1 && format == "avif" {
                problem(response, 501, "derivation-unavailable").await;
                continue;
            }
            assert_eq!(response.status(), 200, "{case}");
            let kind = format!("image/{format}");
            assert_eq!(header(&response, "content-type"), kind, "{case}");
            let name = header(&response, "content-disposition").to_owned();
            assert!(name.contains(&format!(".{extension}\"")), "{case}: {name}");
            let again = alice.upload(bytes(response).await).await;
            let size = (&again["width"], &again["height"], &again["content_type"]);
            assert_eq!(size, (&json!(20), &json!(16), &json!(kind)), "{case}");
        }
    }
}

#[tokio::test]
async fn a_derived_image_is_served_as_an_original_is() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("baseline-rotated.jpg").bytes).await;
    let path = derived(&image, "w=32&format=png");
    let first = alice.get(&path).await;
    let etag = header(&first, "etag").to_owned();
    let first = bytes(first).await;
    // Another spelling of the same transform is the same image.
    let other = derived(&image, "format=png&fit=scale-down&dpr=2&w=16");
    let second = alice.get(&other).await;
    assert_eq!(header(&second, "etag"), etag);
    assert_eq!(bytes(second).await, first);
    let (upright, stored) = (&image["height"], alice.upload(first.clone()).await);
    assert_eq!(
        (stored["width"].clone(), upright.clone()),
        (json!(32), json!(96))
    );

    let request = alice.request(Method::GET, &path);
    assert_eq!(
        send(request.header("if-none-match", &etag)).await.status(),
        304
    );
    let request = alice.request(Method::GET, &path);
    let part = send(request.header("range", "bytes=10-19")).await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.expect("a part"), first[10..20]);
    let head = alice.head(&path).await;
    assert_eq!(header(&head, "content-length"), first.len().to_string());
}

#[tokio::test]
async fn a_hundred_requests_for_one_variant_make_it_once() {
    let darkroom = Darkroom::with().start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("progressive.jpg").bytes).await;
    let path = derived(&image, "w=80&format=webp");
    let before = derivations(&darkroom).await;
    let answers = join_all((0..100).map(|_| alice.get(&path))).await;
    let bodies = join_all(answers.into_iter().map(bytes)).await;
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    if host_kind() == Kind::Embedded {
        assert_eq!(derivations(&darkroom).await - before, 1);
    }
    // Once more after it has been dropped.
    let variants = format!(
        "{}/variants",
        image["links"]["self"].as_str().expect("a path")
    );
    assert_eq!(alice.delete(&variants).await.status(), 204);
    assert_eq!(bytes(alice.get(&path).await).await, bodies[0]);
    if host_kind() == Kind::Embedded {
        assert_eq!(derivations(&darkroom).await - before, 2);
    }
}

#[tokio::test]
async fn a_variant_goes_with_its_image_and_is_nobody_elses() {
    let darkroom = Darkroom::shared();
    let (alice, bob) = (
        darkroom.client(&unique("alice")),
        darkroom.client(&unique("bob")),
    );
    let image = alice.upload(fixture("alpha.png").bytes).await;
    let path = derived(&image, "w=10");
    bytes(alice.get(&path).await).await;
    problem(bob.get(&path).await, 404, "not-found").await;
    problem(darkroom.anonymous().get(&path).await, 401, "unauthorized").await;
    let usage = usage(&alice).await;
    assert_eq!(
        (&usage["images"], &usage["bytes"]),
        (&json!(1), &image["size"])
    );
    let own = image["links"]["self"].as_str().expect("a path");
    assert_eq!(alice.delete(own).await.status(), 204);
    problem(alice.get(&path).await, 404, "not-found").await;
}

async fn usage(client: &Client) -> Value {
    let response = client.get("/v1/usage").await;
    response.json().await.expect("JSON")
}

#[tokio::test]
async fn the_best_format_that_the_client_accepts_is_chosen_and_caches_are_told() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("progressive.jpg").bytes).await;
    let path = derived(&image, "w=40&format=auto");
    for (accept, kind) in [
        ("image/webp,*/*", "image/webp"),
        ("image/png,*/*", "image/jpeg"),
        ("*/*", "image/jpeg"),
    ] {
        let request = alice.request(Method::GET, &path).header("accept", accept);
        let response = send(request).await;
        assert_eq!(header(&response, "content-type"), kind, "{accept}");
        let vary = response.headers().get_all("vary").iter();
        let vary: Vec<&str> = vary.filter_map(|value| value.to_str().ok()).collect();
        assert!(vary.join(",").to_lowercase().contains("accept"), "{vary:?}");
    }
}

#[tokio::test]
async fn a_link_carries_a_transform_that_its_holder_cannot_change() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    let image = alice.upload(fixture("grey.jpg").bytes).await;
    let links = format!("{}/links", image["links"]["self"].as_str().expect("a path"));
    let request = alice.request(Method::POST, &links);
    let terms = json!({"expires_in": 60, "transform": {"w": 16, "format": "png"}});
    let link = created(send(request.json(&terms)).await).await;
    let url = link["url"].as_str().expect("a URL").to_owned();
    let anybody = darkroom.anonymous();
    let response = anybody.get(&url).await;
    assert_eq!(header(&response, "content-type"), "image/png");
    bytes(response).await;
    for (from, to) in [("w=16", "w=17"), ("format=png", "format=gif"), ("w=16", "")] {
        let changed = url.replace(from, to);
        assert_ne!(changed, url);
        problem(anybody.get(&changed).await, 403, "link-invalid").await;
    }
}

#[tokio::test]
async fn what_cannot_be_derived_is_refused_and_serves_on() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("lossy.webp").bytes).await;
    for (transform, status, kind) in [
        ("w=0", 400, "bad-request"),
        ("w=a", 400, "bad-request"),
        ("crop=500,500,10,10", 400, "bad-request"),
        ("w=10&preset=none", 400, "bad-request"),
        ("w=9000&fit=contain", 413, "derived-too-large"),
    ] {
        problem(alice.get(&derived(&image, transform)).await, status, kind).await;
    }
    assert_eq!(alice.download(&image).await, fixture("lossy.webp").bytes);
}

#[tokio::test]
async fn a_host_that_does_not_connect_the_components_serves_originals() {
    let darkroom = Darkroom::with().reaching_nothing().start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("grey.jpg").bytes).await;
    let refused = alice.get(&derived(&image, "w=10")).await;
    problem(refused, 501, "derivation-unavailable").await;
    assert_eq!(alice.download(&image).await, fixture("grey.jpg").bytes);
}

#[tokio::test]
async fn an_original_that_is_the_result_is_sent_and_any_other_is_derived() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for (name, transform, is_sent) in [
        ("lossy.webp", "w=8000", true),
        ("palette.png", "format=png&h=48", true),
        ("progressive.jpg", "w=160&h=120&fit=cover", true),
        ("progressive.jpg", "w=159", false),
        // It is turned by Exif.
        ("baseline-rotated.jpg", "w=8000", false),
    ] {
        let original = fixture(name).bytes;
        let image = alice.upload(original).await;
        let found = bytes(alice.get(&derived(&image, transform)).await).await;
        let stored = alice.download(&image).await;
        assert_eq!(found == stored, is_sent, "{name} {transform}");
    }
}

#[tokio::test]
async fn a_client_that_knows_no_new_format_gets_jpeg_of_what_is_opaque() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for (name, kind) in [
        ("lossy.webp", "image/jpeg"),
        ("lossless.webp", "image/png"),
        ("still.avif", "image/jpeg"),
        ("alpha.png", "image/png"),
    ] {
        let image = alice.upload(fixture(name).bytes).await;
        let response = alice.get(&derived(&image, "w=20&format=auto")).await;
        assert_eq!(header(&response, "content-type"), kind, "{name}");
    }
}

#[tokio::test]
async fn an_image_has_a_placeholder_once_something_was_derived_from_it() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client(&unique("alice"));
    for fixture in FIXTURES.iter().filter(|fixture| fixture.frames == 1) {
        let image = alice.upload(fixture.bytes).await;
        assert_eq!(image.get("placeholder"), None, "{}", fixture.name);
        bytes(alice.get(&derived(&image, "w=9&format=png&blur=3")).await).await;
        let own = image["links"]["self"].as_str().expect("a path");
        // It is stored after the response.
        let show = async || alice.get(own).await.json::<Value>().await.expect("JSON");
        let made = eventually(|| async { show().await.get("placeholder").is_some() });
        made.await.expect("a placeholder");
        let placeholder = show().await["placeholder"].clone();
        let text = |name: &str| placeholder[name].as_str().unwrap_or_default().to_owned();
        let (color, blurhash) = (text("color"), text("blurhash"));
        assert!(color.len() == 7 && color.starts_with('#'), "{placeholder}");
        // Four by three components, as tall and as wide as the picture.
        assert_eq!(blurhash.len(), 28, "{placeholder}");
        assert!(
            (20..=36).contains(&text("thumbhash").len()),
            "{placeholder}"
        );
    }
}

/// A grey JPEG with this side, a multiple of 8: all of it has the colour of its first block.
fn plain_jpeg(side: u16) -> Vec<u8> {
    let mut file = fixture("grey.jpg").bytes.to_vec();
    let after = |file: &[u8], marker: u8| {
        let found = file.windows(2).position(|pair| pair == [0xFF, marker]);
        found.expect("a marker") + 2
    };
    // A length and the precision precede the height and the width.
    let sides = after(&file, 0xC0) + 3;
    file[sides..sides + 2].copy_from_slice(&side.to_be_bytes());
    file[sides + 2..sides + 4].copy_from_slice(&side.to_be_bytes());
    let scan = after(&file, 0xDA) + 8;
    file.truncate(scan);
    // In each block, the code of no difference and the code of its end: four blocks in three bytes.
    let blocks = usize::from(side / 8) * usize::from(side / 8);
    file.extend([0x28, 0xA2, 0x8A].iter().cycle().take(blocks / 4 * 3));
    file.extend([0xFF, 0xD9]);
    file
}

#[tokio::test]
async fn in_little_memory_thumbnails_are_made_and_more_is_refused() {
    let darkroom = Darkroom::with()
        .variable("max_pixels", 100_000_000)
        .instance_memory(64 << 20)
        .may_run_out_of_memory()
        .start();
    let alice = darkroom.client("alice");
    let image = alice.upload(plain_jpeg(9_984)).await;
    bytes(alice.get(&derived(&image, "w=300")).await).await;
    // At half of its size it takes more memory than there is. That is no failure of the source,
    // of which nothing would be derived any more after the second.
    for width in [3_000, 3_001, 3_002] {
        let response = alice.get(&derived(&image, &format!("w={width}"))).await;
        let problem = problem(response, 422, "not-derivable").await;
        let limit = problem["limit"].as_u64().expect("a limit");
        assert!(limit <= 64 << 20, "{problem}");
        assert!(
            problem["detail"].to_string().contains("memory"),
            "{problem}"
        );
    }
    bytes(alice.get(&derived(&image, "w=301")).await).await;
}

#[tokio::test]
async fn a_jpeg_that_can_be_stored_but_not_decoded_is_501() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let grey = fixture("grey.jpg").bytes;
    let frame = grey.windows(2).position(|pair| pair == [0xFF, 0xC0]);
    let frame = frame.expect("a frame header");
    // Arithmetic coding; 12 bits.
    for (marker, precision) in [(0xC9, 8), (0xC1, 12)] {
        let mut file = grey.to_vec();
        (file[frame + 1], file[frame + 4]) = (marker, precision);
        let image = alice.upload(file).await;
        let response = alice.get(&derived(&image, "w=10")).await;
        problem(response, 501, "derivation-unavailable").await;
    }
}

#[tokio::test]
async fn an_animation_in_avif_becomes_one_that_the_client_accepts() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("animated.avif").bytes).await;
    let path = derived(&image, "w=20&format=auto");
    for (accept, kind) in [
        ("image/avif,image/webp,*/*", "image/webp"),
        ("image/avif,*/*", "image/gif"),
        ("*/*", "image/gif"),
    ] {
        let request = alice.request(Method::GET, &path).header("accept", accept);
        let response = send(request).await;
        assert_eq!(header(&response, "content-type"), kind, "{accept}");
        let again = alice.upload(bytes(response).await).await;
        assert_eq!(again["frames"], image["frames"], "{accept}");
    }
}
