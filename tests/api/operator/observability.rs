//! How an operator observes requests: the log, timings, metrics.

use std::env;
use std::process::Command;

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::support::{ALL_SCOPES, Darkroom, Png, Raw, content, created, eventually, fixture};
use crate::support::{header, problem, spin_differs, token};

impl Darkroom {
    /// The lines in its log that describe requests.
    fn requests(&self) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter(|line| line.starts_with('{'));
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        lines.map(parse).collect()
    }

    /// Waits for the line of the request with this id. There must be only one.
    async fn request(&self, id: &str) -> Value {
        let with_id = || {
            let mut lines = self.requests();
            lines.retain(|line| line["request_id"] == id);
            lines
        };
        let found = eventually(|| async { !with_id().is_empty() }).await;
        assert_eq!(found, Ok(()), "no line for {id}:\n{}", self.log());
        let [line] = with_id().try_into().expect("one line");
        line
    }
}

#[tokio::test]
async fn every_request_has_one_line_in_the_log() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(1_000_000).bytes();
    let image = alice.upload(file.clone()).await;
    let cases = [
        (
            "GET",
            content(&image),
            "/v1/images/{id}/content",
            200,
            file.len(),
        ),
        ("HEAD", content(&image), "/v1/images/{id}/content", 200, 0),
        ("GET", "/v1/nothing", "", 404, 0),
        (
            "DELETE",
            image["links"]["self"].as_str().expect("a link"),
            "/v1/images/{id}",
            204,
            0,
        ),
    ];
    let mut owners = vec![];
    for (number, (method, path, route, status, bytes)) in cases.into_iter().enumerate() {
        let id = format!("request-{number}");
        let method = method.parse().expect("a method");
        let request = alice.request(method, path).header("x-request-id", &id);
        let response = request.send().await.expect("an answer");
        let sent = response.bytes().await.expect("a body").len();
        let line = darkroom.request(&id).await;
        assert_eq!(line["status"], status, "{line}");
        assert_eq!(line["route"].as_str().unwrap_or_default(), route, "{line}");
        assert_eq!(line["bytes_out"], sent, "{line}");
        assert!(sent == bytes || status == 404, "{line}");
        assert!(line["duration_ms"].as_f64() > Some(0.0), "{line}");
        assert!(line.get("broken_off").is_none(), "{line}");
        if status != 404 {
            owners.push(line["owner"].clone());
        }
    }
    assert!(owners[0].is_string() && owners.iter().all(|owner| *owner == owners[0]));
    let uploads = darkroom.requests();
    let upload = uploads.iter().find(|line| line["method"] == "POST");
    let upload = upload.expect("a line of the upload");
    assert_eq!(
        (&upload["bytes_in"], &upload["status"]),
        (&json!(file.len()), &json!(201))
    );
    assert_eq!(upload["owner"], owners[0]);
    assert!(!darkroom.log().contains("alice"), "{}", darkroom.log());
}

#[tokio::test]
async fn an_interrupted_transfer_is_logged_with_the_bytes_that_were_sent() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let size = 20_000_000;
    let image = alice.upload(reqwest::Body::wrap_stream(
        futures_util::stream::iter(Png::of_size(size).pieces()).map(Ok::<_, std::io::Error>),
    ));
    let image = image.await;
    let mut raw = Raw::connect(&darkroom).await;
    let authorization = format!("Authorization: Bearer {}", token("alice", ALL_SCOPES));
    let target = format!("GET {}", content(&image));
    raw.begin(&target, &[&authorization, "X-Request-Id: broken"])
        .await;
    raw.read_some(1_000_000).await;
    drop(raw);
    let line = darkroom.request("broken").await;
    assert_eq!(line["broken_off"], "client", "{line}");
    let sent = line["bytes_out"].as_u64().expect("a number");
    assert!((600_000..size as u64).contains(&sent), "{line}");
    // An upload that its sender interrupts is logged as well.
    let mut raw = Raw::connect(&darkroom).await;
    let lines = ["Content-Length: 5000000", "X-Request-Id: half"];
    raw.begin_upload("alice", &lines).await;
    raw.send(&Png::of_size(900_000).bytes()).await;
    drop(raw);
    let line = darkroom.request("half").await;
    assert_eq!(line["route"], "/v1/images", "{line}");
    assert!(line["bytes_in"].as_u64() <= Some(900_000), "{line}");
}

#[tokio::test]
async fn a_client_cannot_forge_a_line_and_no_line_shows_a_secret() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("still.gif").bytes).await;
    let url = alice.url(&image).await;
    assert_eq!(darkroom.anonymous().get(&url).await.status(), 200);
    let ticket = alice
        .ticket(&json!({"expires_in": 60, "tags": ["secret"]}))
        .await;
    created(
        darkroom
            .anonymous()
            .send_to(&ticket, fixture("alpha.png").bytes)
            .await,
    )
    .await;
    let forged = r#"{"status":200,"request_id":"forged"}"#;
    for (target, lines) in [
        (
            "GET /v1/images",
            vec![format!("X-Request-Id: x\u{b}{forged}")],
        ),
        (
            "GET /v1/images",
            vec![format!("X-Request-Id: {}", "secret".repeat(100))],
        ),
        (
            "GET /v1/images",
            vec![
                format!("User-Agent: a\u{85}{forged}"),
                "Cookie: secret".into(),
            ],
        ),
        (
            "GET /v1/images",
            vec![format!("Authorization: Bearer secret{forged}")],
        ),
        (
            "GET /secret%0A%0D?filename=secret.png&signature=secret",
            vec![],
        ),
        (
            "SECRET /v1/images",
            vec!["X-Request-Id: made-up-method".into()],
        ),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer = Raw::exchange(&darkroom, target, &lines).await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
    let made_up = darkroom.request("made-up-method").await;
    assert_eq!(
        (&made_up["method"], &made_up["status"]),
        (&json!("other"), &json!(405))
    );
    let log = darkroom.log();
    let signature = url.split("signature=").nth(1).expect("a signature");
    let ticket = ticket.split("ticket=").nth(1).expect("a ticket");
    for secret in ["secret", "SECRET", "forged", "alice", signature, ticket] {
        assert!(!log.contains(secret), "{secret} in:\n{log}");
    }
}

#[tokio::test]
async fn the_log_follows_its_setting() {
    for setting in ["errors", "off"] {
        let darkroom = Darkroom::with().variable("request_log", setting).start();
        let alice = darkroom.client("alice");
        let image = alice.upload(fixture("still.gif").bytes).await;
        alice.download(&image).await;
        assert_eq!(alice.get("/v1/nothing").await.status(), 404);
        assert_eq!(darkroom.requests(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn timings_of_each_phase_are_sent_where_a_setting_allows() {
    let darkroom = Darkroom::with().variable("server_timing", "on").start();
    let alice = darkroom.client("alice");
    let image = alice.upload(Png::of_size(100_000).bytes()).await;
    let response = alice.get(content(&image)).await;
    let timings = header(&response, "server-timing").to_owned();
    let metrics: Vec<(&str, f64)> = timings
        .split(", ")
        .map(|metric| metric.split_once(";dur=").expect("a duration"))
        .map(|(name, millis)| (name, millis.parse().expect("a number")))
        .collect();
    let names: Vec<&str> = metrics.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["auth", "catalog", "blob", "derive", "total"]);
    // Nothing was derived.
    let spent = |(name, millis): &(&str, f64)| (*millis > 0.0) == (*name != "derive");
    assert!(metrics.iter().all(spent), "{timings}");
    let total = metrics[4].1;
    let parts: f64 = metrics[..4].iter().map(|(_, millis)| millis).sum();
    assert!(parts <= total, "{timings}");
    let shared = Darkroom::shared().client("alice");
    let without = shared.get("/v1/images").await;
    assert!(!without.headers().contains_key("server-timing"));
}

/// Prints every sample as JSON: its name, labels and value.
const PARSE: &str = r#"
import json, sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.documentation and family.type in ("gauge", "counter", "histogram"), family
    for sample in family.samples:
        print(json.dumps([sample.name, sample.labels, sample.value]))
"#;

/// The samples as Prometheus' own Python library reads them. `None` if the library is not
/// installed, which `cargo xtask test` reports, and which is a failure in CI.
fn parsed_by_prometheus(text: &str) -> Option<Vec<(String, Value, f64)>> {
    use std::io::Write as _;
    let python = env::var_os("DARKROOM_TEST_PYTHON");
    let strict = env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(
        !strict || python.is_some(),
        "DARKROOM_TEST_PYTHON is not set"
    );
    let mut child = Command::new(python?)
        .args(["-c", PARSE])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(text.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{text}");
    let lines = String::from_utf8(output.stdout).expect("text");
    let parse = |line| serde_json::from_str(line).expect("a sample");
    Some(lines.lines().map(parse).collect())
}

/// The samples of `/metrics` without labels, by name.
async fn metrics(client: &crate::support::Client) -> (String, Vec<(String, Value, f64)>) {
    let response = client.get("/metrics").await;
    assert_eq!(response.status(), 200);
    let media_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(header(&response, "content-type"), media_type);
    let text = response.text().await.expect("text");
    let samples = parsed_by_prometheus(&text).unwrap_or_default();
    (text, samples)
}

#[tokio::test]
async fn metrics_report_what_is_stored() {
    let darkroom = Darkroom::start();
    let owner = "al\\ice\" é";
    let alice = darkroom.client(owner);
    let file = Png::of_size(1000).bytes();
    let image = alice.upload(file.clone()).await;
    alice.upload(file).await;
    darkroom
        .client("bob")
        .upload(Png::of_size(5000).bytes())
        .await;
    let gone = alice.upload(Png::of_size(700).bytes()).await;
    assert_eq!(
        alice.delete(crate::support::path(&gone)).await.status(),
        204
    );
    let (text, samples) = metrics(&darkroom.scoped("root", "admin")).await;
    assert!(text.contains("\ndarkroom_images 3\n"), "{text}");
    if samples.is_empty() {
        return;
    }
    let value = |name: &str, labels: Value| {
        let found = samples
            .iter()
            .find(|sample| sample.0 == name && sample.1 == labels);
        found
            .unwrap_or_else(|| panic!("no {name} {labels} in\n{text}"))
            .2
    };
    let version = json!({"version": env!("CARGO_PKG_VERSION")});
    for (name, labels, expected) in [
        ("darkroom_build_info", version, 1.0),
        ("darkroom_images", json!({}), 3.0),
        ("darkroom_image_bytes", json!({}), 7000.0),
        ("darkroom_blobs", json!({"state": "live"}), 2.0),
        ("darkroom_blob_bytes", json!({"state": "live"}), 6000.0),
        ("darkroom_blobs", json!({"state": "dead"}), 1.0),
        ("darkroom_blob_bytes", json!({"state": "dead"}), 700.0),
    ] {
        assert_eq!(
            value(name, labels.clone()),
            expected,
            "{name} {labels}:\n{text}"
        );
    }
    assert!(value("darkroom_leases", json!({})) >= 1.0, "{text}");
    for age in [
        "darkroom_oldest_lease_age_seconds",
        "darkroom_oldest_dead_blob_age_seconds",
    ] {
        assert!((0.0..60.0).contains(&value(age, json!({}))), "{text}");
    }
    let owners: Vec<_> = samples
        .iter()
        .filter(|sample| sample.0 == "darkroom_owner_bytes")
        .collect();
    assert_eq!(owners.len(), 2, "{text}");
    assert_eq!(
        (&owners[0].1["owner"], owners[0].2),
        (&json!("bob"), 5000.0)
    );
    assert_eq!(
        (&owners[1].1["owner"], owners[1].2),
        (&json!(owner), 2000.0)
    );
    // With the pseudonym, an admin can find an owner's requests in the log.
    let id = "by-alice";
    let request = alice.request(reqwest::Method::GET, content(&image));
    let response = request.header("x-request-id", id).send().await;
    response.expect("an answer").bytes().await.expect("a body");
    assert_eq!(
        darkroom.request(id).await["owner"],
        owners[1].1["pseudonym"]
    );
}

#[tokio::test]
async fn metrics_need_a_scope_or_are_public_by_a_setting() {
    let darkroom = Darkroom::shared();
    problem(
        darkroom.anonymous().get("/metrics").await,
        401,
        "unauthorized",
    )
    .await;
    let details = problem(
        darkroom.client("alice").get("/metrics").await,
        403,
        "insufficient-scope",
    );
    assert_eq!(details.await["scope"], "metrics");
    let darkroom = Darkroom::with().variable("metrics", "public").start();
    darkroom
        .client("alice")
        .upload(fixture("still.gif").bytes)
        .await;
    for (client, is_named) in [
        (darkroom.anonymous(), false),
        (darkroom.client("alice"), false),
        (darkroom.scoped("root", "admin"), true),
    ] {
        let (text, samples) = metrics(&client).await;
        assert!(
            text.contains("darkroom_owner_images{pseudonym=\""),
            "{text}"
        );
        assert_eq!(text.contains("alice"), is_named, "{text}");
        assert!(samples.is_empty() || samples.len() > 10, "{text}");
    }
    let wrong = darkroom.anonymous().with_token("nonsense");
    problem(wrong.get("/metrics").await, 401, "unauthorized").await;
}

#[tokio::test]
async fn the_embedded_host_counts_requests_by_route_and_status() {
    if spin_differs("it exports metrics of requests with OpenTelemetry") {
        return;
    }
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let size = 20_000_000;
    let pieces = futures_util::stream::iter(Png::of_size(size).pieces());
    let image = alice
        .upload(reqwest::Body::wrap_stream(
            pieces.map(Ok::<_, std::io::Error>),
        ))
        .await;
    for _ in 0..2 {
        let answer = alice.get(content(&image)).await;
        assert!(answer.headers().get("x-route-template").is_none());
        answer.bytes().await.expect("a body");
    }
    for (path, status) in [(content(&image), 401), ("/v1/secret", 404)] {
        assert_eq!(darkroom.anonymous().get(path).await.status(), status);
    }
    let mut raw = Raw::connect(&darkroom).await;
    let authorization = format!("Authorization: Bearer {}", token("alice", ALL_SCOPES));
    let target = format!("GET {}", content(&image));
    raw.begin(&target, &[&authorization]).await;
    raw.read_some(1_000_000).await;
    drop(raw);
    let prometheus = darkroom.scoped("prometheus", "metrics");
    let labels = |method: &str, route: &str, status: u16| {
        format!("{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}")
    };
    let download = labels("GET", "/v1/images/{id}/content", 200);
    let upload = labels("POST", "/v1/images", 201);
    let expected = [
        format!("darkroom_http_requests_total{download} 3"),
        format!("darkroom_http_responses_incomplete_total{download} 1"),
        format!("darkroom_http_request_latency_seconds_count{download} 3"),
        format!("darkroom_http_requests_total{upload} 1"),
        format!("darkroom_http_request_bytes_total{upload} {size}"),
        format!(
            "darkroom_http_requests_total{} 1",
            labels("GET", "/v1/images/{id}/content", 401)
        ),
        format!(
            "darkroom_http_requests_total{} 1",
            labels("GET", "none", 404)
        ),
    ];
    // A request is counted a moment after its client has the whole response.
    let all_there = || async {
        let (text, _) = metrics(&prometheus).await;
        expected
            .iter()
            .all(|line| text.lines().any(|known| known == line))
    };
    let counted = eventually(all_there).await;
    let (text, samples) = metrics(&prometheus).await;
    assert_eq!(counted, Ok(()), "{text}");
    assert!(
        !text.contains("secret") && !text.contains("alice"),
        "{text}"
    );
    let sent = samples.iter().find(|sample| {
        sample.0 == "darkroom_http_response_bytes_total"
            && sample.1["status"] == "200"
            && sample.1["route"] == "/v1/images/{id}/content"
    });
    if let Some((_, _, sent)) = sent {
        let whole = size as f64;
        assert!((2.0 * whole..3.0 * whole).contains(sent), "{text}");
    }
    // The application decides who may read the host's metrics too.
    let refused = darkroom.client("alice").get("/metrics").await;
    let text = refused.text().await.expect("text");
    assert!(!text.contains("darkroom_http"), "{text}");
}
