//! The IIIF Image API, with a component that derives texts.

use super::*;
use crate::auth::link;
use crate::platform::testing::derived;

const ANY: (&str, &str) = ("transform_policy", "any");

/// An image of 700 × 500 pixels, and a client to request it.
struct Fixture {
    client: Client,
    path: String,
    length: usize,
}

impl Fixture {
    async fn with(variables: &[(&'static str, &str)]) -> Self {
        let client = Client::with(variables);
        let file = testing::png(700, 500);
        let created = client.upload(&file).await;
        let path = created.header("location").to_owned();
        Self {
            client,
            path,
            length: file.len(),
        }
    }

    async fn publish(&self) {
        let public = serde_json::json!({"visibility": "public"});
        let request = json_request(Method::PATCH, &self.path, &public);
        assert_eq!(self.client.send(request).await.status, 200);
    }

    fn id(&self) -> &str {
        self.path.rsplit('/').next().expect("an id")
    }

    fn at(&self, rest: &str) -> String {
        format!("/iiif/3/{}{rest}", self.id())
    }

    async fn anonymous(&self, rest: &str) -> Answer {
        let request = anonymous(Method::GET, &self.at(rest), Body::empty());
        self.client.send(request).await
    }

    async fn ask(&self, rest: &str, headers: &[(&str, &str)]) -> Answer {
        let request = anonymous(Method::GET, &self.at(rest), Body::empty());
        self.client.send(with_headers(request, headers)).await
    }

    async fn link(&self, terms: &Value) -> Answer {
        let links = format!("{}/links", self.path);
        let request = json_request(Method::POST, &links, terms);
        self.client.send(request).await
    }
}

#[tokio::test]
async fn a_tile_is_the_variant_of_the_query_that_asks_for_the_same() {
    let fixture = Fixture::with(&[]).await;
    for (path, query, transform) in [
        (
            "/512,0,188,256/94,128/0/default.jpg",
            "crop=512,0,188,256&w=94&format=jpeg",
            "w=94&crop=512,0,188,256&format=jpeg",
        ),
        (
            "/full/350,/0/default.webp",
            "w=350&format=webp",
            "w=350&format=webp",
        ),
        (
            "/square/!100,100/!90/default.png",
            "crop=100,0,500,500&w=100&h=100&flip=h&rotate=90&format=png&fit=squeeze",
            "w=100&crop=100,0,500,500&rotate=90&flip=h&format=png",
        ),
    ] {
        let tile = fixture.client.get(&fixture.at(path)).await;
        assert_eq!(tile.status, 200, "{path}: {:?}", tile.body);
        assert_eq!(tile.body, derived(transform, fixture.length), "{path}");
        assert_eq!(tile.header("accept-ranges"), "bytes");
        let query = format!("{}/content?{query}", fixture.path);
        let other = fixture.client.get(&query).await;
        if path.starts_with("/square") {
            // A box that is filled whatever its ratio is another transform.
            continue;
        }
        assert_eq!(other.header("etag"), tile.header("etag"), "{path}");
    }
    fixture.client.deriver.take_calls();
    // Other forms of the same are not derived again, and say what their canonical form is.
    let canonical = fixture.at("/512,0,188,256/94,128/0/default.jpg");
    for path in [
        "/512,0,188,256/94,/0/color.jpg",
        "/512,0,512,256/pct:50/360/default.jpg",
        "/512,0,188,256/^!94,999/0/default.jpg",
    ] {
        let answer = fixture.client.get(&fixture.at(path)).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        let links = answer.header("link");
        let expected = format!(
            "<http://127.0.0.1{canonical}>;rel=\"canonical\", \
             <http://iiif.io/api/image/3/level2.json>;rel=\"profile\""
        );
        // Requests of unit tests have no host.
        assert_eq!(links.replace("</iiif", "<http://127.0.0.1/iiif"), expected);
    }
    assert!(fixture.client.deriver.take_calls().is_empty());
}

#[tokio::test]
async fn image_information_describes_the_image_and_the_limits() {
    let fixture = Fixture::with(&[ANY, ("max_derived_side", "600")]).await;
    fixture.publish().await;
    let answer = fixture.ask("/info.json", &[("host", "a.example:81")]).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let id = format!("http://a.example:81{}", fixture.at(""));
    let expected = serde_json::json!({
        "@context": "http://iiif.io/api/image/3/context.json",
        "id": id, "type": "ImageService3", "protocol": "http://iiif.io/api/image",
        "profile": "level2", "width": 700, "height": 500,
        "maxWidth": 600, "maxHeight": 600, "maxArea": 25_000_000,
        "sizes": [{"width": 350, "height": 250}],
        "tiles": [{"width": 512, "scaleFactors": [1, 2]}],
        "extraFormats": ["gif", "webp", "avif"],
        "extraQualities": ["color", "gray", "bitonal"],
        "extraFeatures":
            ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling"],
    });
    assert_eq!(answer.json(), expected);
    assert!(answer.body.starts_with(b"{\"@context\":"));
    let ld = "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"";
    let essence = "application/ld+json";
    for (accept, media_type) in [
        ("*/*", ld),
        (essence, ld),
        ("text/html,*/*;q=0.8", ld),
        ("application/json", "application/json"),
        (
            "application/json,application/ld+json;q=0.5",
            "application/json",
        ),
    ] {
        let answer = fixture.ask("/info.json", &[("accept", accept)]).await;
        assert_eq!(answer.header("content-type"), media_type, "{accept}");
        assert!(answer.header("vary").contains("Accept"));
    }
    let refused = fixture.ask("/info.json", &[("accept", "image/png")]).await;
    refused.is_problem(406, "not-acceptable");
    let etag = answer.header("etag");
    let host = ("host", "a.example:81");
    let known = fixture
        .ask("/info.json", &[host, ("if-none-match", etag)])
        .await;
    assert_eq!(known.status, 304);
    assert_eq!(
        known.header("cache-control"),
        "public, max-age=0, must-revalidate"
    );
    // The base of the URLs redirects.
    let redirected = fixture.ask("", &[host]).await;
    assert_eq!(redirected.status, 303);
    assert_eq!(redirected.header("location"), format!("{id}/info.json"));
    let proxied = Fixture::with(&[("public_base_url", "https://b.example/x")]).await;
    let answer = proxied.client.get(&proxied.at("/info.json")).await.json();
    assert_eq!(
        answer["id"],
        format!("https://b.example/x{}", proxied.at(""))
    );
}

#[tokio::test]
async fn wrong_parts_of_a_path_are_named() {
    let fixture = Fixture::with(&[ANY]).await;
    for (path, parameter) in [
        ("/700,0,5,5/max/0/default.jpg", "region"),
        ("/full/full/0/default.jpg", "size"),
        ("/full/701,/0/default.jpg", "size"),
        ("/full/^9000,/0/default.jpg", "size"),
        ("/full/max/45/default.jpg", "rotation"),
        ("/full/max/0/grey.jpg", "quality"),
        ("/full/max/0/default.tif", "format"),
        ("/full/max/0/default", "format"),
        ("/full/max/0/default.jpg?w=5", "w"),
    ] {
        let answer = fixture.client.get(&fixture.at(path)).await;
        answer.is_problem(400, "bad-request");
        assert_eq!(answer.json()["parameter"], parameter, "{path}");
    }
    let large = fixture
        .client
        .get(&fixture.at("/full/^9000,/0/default.jpg"))
        .await;
    assert_eq!(large.json()["limit"], 8192);
    for path in ["/full/max/0", "/full/max/0/a/default.jpg", "/info.xml"] {
        let answer = fixture.client.get(&fixture.at(path)).await;
        answer.is_problem(404, "not-found");
    }
    for id in ["x", "%FF", "", "01a20bb0-2844-74b5-8560-f8154794d311"] {
        let answer = fixture.client.get(&format!("/iiif/3/{id}/info.json")).await;
        answer.is_problem(404, "not-found");
    }
    assert!(fixture.client.deriver.take_calls().is_empty());
    // Only who may read the image learns that the path is wrong.
    let answer = fixture.anonymous("/full/full/0/default.jpg").await;
    answer.is_problem(401, "unauthorized");
    // An identifier may be encoded.
    let encoded = fixture.at("/info.json").replace('-', "%2D");
    assert_eq!(fixture.client.get(&encoded).await.status, 200);
}

#[tokio::test]
async fn the_policy_decides_who_may_request_iiif_images() {
    // The statuses of a token, a stranger and a signed identifier.
    for (policy, expected) in [
        ("signed", [200, 403, 200]),
        ("presets", [403, 403, 403]),
        ("any", [200, 200, 200]),
    ] {
        let fixture = Fixture::with(&[("transform_policy", policy)]).await;
        fixture.publish().await;
        let signed = link::Link {
            method: link::LinkMethod::Get,
            path: &fixture.at(""),
            parameters: &[],
            epoch: 0,
            expires: NOW.unsigned_abs() / 1000 + 60,
            id: None,
        };
        let ring = KeyRing::parse(KEYS).expect("a ring");
        let signed = link::in_path(&signed.sign(&ring, None).expect("signs"));
        for path in ["/info.json", "/full/20,/0/default.jpg"] {
            let answers = [
                fixture.client.get(&fixture.at(path)).await,
                fixture.anonymous(path).await,
                fixture
                    .client
                    .send(anonymous(Method::GET, &format!("{signed}{path}"), ""))
                    .await,
            ];
            for (answer, expected) in answers.iter().zip(expected) {
                assert_eq!(
                    answer.status, expected,
                    "{policy} {path}: {:?}",
                    answer.body
                );
                if expected == 403 {
                    answer.is_problem(403, "transform-not-allowed");
                    let detail = answer.json()["detail"].to_string();
                    assert!(detail.contains("transform_policy"), "{detail}");
                }
            }
        }
    }
    let off = Fixture::with(&[ANY, ("derive", "off")]).await;
    for path in ["/info.json", "/full/20,/0/default.jpg"] {
        let answer = off.client.get(&off.at(path)).await;
        answer.is_problem(501, "derivation-unavailable");
    }
}

#[tokio::test]
async fn a_signed_identifier_reaches_all_of_a_private_image_until_it_is_revoked() {
    let fixture = Fixture::with(&[]).await;
    let created = fixture
        .link(&serde_json::json!({"expires_in": 100, "iiif": true}))
        .await;
    assert_eq!(created.status, 201, "{:?}", created.body);
    let url = created.json()["url"].as_str().expect("a URL").to_owned();
    let base = url.strip_suffix("/info.json").expect("image information");
    assert!(base.starts_with(&fixture.at(";expires=")), "{base}");
    let get = async |path: &str| fixture.client.send(anonymous(Method::GET, path, "")).await;
    let information = get(&url).await;
    assert_eq!(information.status, 200, "{:?}", information.body);
    // The identifier in the information has the signature, so the URLs of tiles have it too.
    assert_eq!(information.json()["id"], base);
    assert_eq!(information.header("cache-control"), "public, max-age=120");
    for tile in ["/0,0,512,500/256,250/0/default.jpg", "/full/max/0/gray.png"] {
        let answer = get(&format!("{base}{tile}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert!(answer.header("link").contains(base));
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            "cross-origin"
        );
        // Some clients encode what need not be.
        let encoded = base.replace(';', "%3B").replace('=', "%3D");
        assert_eq!(get(&format!("{encoded}{tile}")).await.status, 200);
    }
    for (from, to) in [
        ("expires=1", "expires=2"),
        (";kid=", ";kid=x"),
        ("iiif/3/0", "iiif/3/1"),
    ] {
        let changed = url.replace(from, to);
        assert_ne!(changed, url);
        get(&changed).await.is_problem(403, "link-invalid");
    }
    // It is no signature of anything else, and nothing else is one of it.
    let (_, parameters) = base.split_once(';').expect("parameters");
    let content = format!("{}/content?{}", fixture.path, parameters.replace(';', "&"));
    get(&content).await.is_problem(403, "link-invalid");
    let other = fixture
        .link(&serde_json::json!({"expires_in": 100}))
        .await
        .json();
    let (_, query) = other["url"]
        .as_str()
        .and_then(|url| url.split_once('?'))
        .expect("a query");
    let mixed = fixture.at(&format!(";{}/info.json", query.replace('&', ";")));
    get(&mixed).await.is_problem(403, "link-invalid");
    let links = format!("{}/links", fixture.path);
    fixture
        .client
        .send(request(Method::DELETE, &links, Body::empty()))
        .await;
    get(&url).await.is_problem(410, "link-revoked");
    for wrong in [
        serde_json::json!({"expires_in": 9, "iiif": true, "download": true}),
        serde_json::json!({"expires_in": 9, "iiif": true, "method": "GET"}),
        serde_json::json!({"expires_in": 9, "iiif": true, "transform": {"w": 5}}),
        serde_json::json!({"expires_in": 9, "iiif": 1}),
    ] {
        fixture.link(&wrong).await.is_problem(400, "bad-request");
    }
}

#[tokio::test]
async fn viewers_on_all_pages_may_read_what_needs_no_token() {
    for origins in ["", "https://a.example"] {
        let fixture = Fixture::with(&[ANY, ("cors_origins", origins)]).await;
        fixture.publish().await;
        let origin = ("origin", "https://b.example");
        for path in [
            "/info.json",
            "/full/20,/0/default.jpg",
            "/full/0,/0/default.jpg",
            "",
        ] {
            let answer = fixture.ask(path, &[origin]).await;
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
            assert!(
                answer
                    .header("access-control-expose-headers")
                    .contains("Link")
            );
        }
        let token = bearer("alice", "images:read");
        let with_token = [origin, ("authorization", &token)];
        let answer = fixture.ask("/info.json", &with_token).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn a_tile_is_derived_once() {
    let fixture = Fixture::with(&[ANY]).await;
    for path in [
        "/0,0,512,500/256,250/0/default.jpg",
        "/full/max/0/default.webp",
        "/pct:10,10,20,20/max/0/gray.gif",
    ] {
        let first = fixture.client.get(&fixture.at(path)).await;
        assert_eq!(first.status, 200, "{:?}", first.body);
        let calls = fixture.client.deriver.take_calls();
        assert_eq!(calls.len(), 1, "{path}");
        let again = fixture.client.get(&fixture.at(path)).await;
        assert_eq!(again.header("etag"), first.header("etag"));
        assert!(fixture.client.deriver.take_calls().is_empty(), "{path}");
    }
}
