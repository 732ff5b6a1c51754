//! docs/operations.md.

use super::*;

const PAGE: &str = include_str!("../../../../docs/operations.md");

#[tokio::test]
async fn the_metrics_of_what_is_stored_are_those_of_the_table() {
    let client = Client::new();
    client.image().await;
    let metrics = client.send(by("admin", Method::GET, "/metrics")).await;
    let metrics = String::from_utf8(metrics.body.to_vec()).expect("UTF-8");
    let samples = metrics.lines().filter(|line| !line.starts_with('#'));
    // A name, and the names of its labels.
    let families: BTreeSet<String> = samples
        .filter_map(|line| {
            let (sample, _) = line.rsplit_once(' ')?;
            let Some((name, labels)) = sample.split_once('{') else {
                return Some(sample.to_owned());
            };
            let labels = labels.trim_end_matches('}').split(',');
            let labels: Vec<&str> = labels.filter_map(|label| label.split('=').next()).collect();
            Some(format!("{name}{{{}}}", labels.join(",")))
        })
        .collect();
    let (_, section) = PAGE.split_once("### What is stored").expect("a section");
    let listed = names(section, "| metric | meaning |");
    assert_eq!(listed, families.iter().map(String::as_str).collect());
}

#[tokio::test]
async fn the_lines_of_the_log_have_the_members_of_the_table() {
    let client = Client::new();
    client.get("/v1/images").await;
    let line: Value = serde_json::from_str(&client.lines().concat()).expect("JSON");
    check_example(&line, &example(PAGE, "## Logs"));
    let mut listed = names(PAGE, "| member | meaning |");
    for only_of_failures in ["broken_off", "cause"] {
        assert!(listed.remove(only_of_failures), "{only_of_failures}");
    }
    // Values are named too.
    listed.retain(|name| line.get(name).is_some());
    assert_eq!(listed.len(), line.as_object().map_or(0, |line| line.len()));
}

#[tokio::test]
async fn the_answers_for_operators_have_the_members_of_the_examples() {
    let client = Client::with(&[("quota_images", "1000"), ("quota_bytes", "5000")]);
    client.image().await;
    let usage = client.get("/v1/usage").await.json();
    check_example(&usage, &example(PAGE, "`GET /v1/usage` returns"));
    let sweep = by("maintenance", Method::POST, "/v1/admin/sweep");
    check_example(
        &client.send(sweep).await.json(),
        &example(PAGE, "## Sweeping"),
    );
    let erase = by("admin", Method::DELETE, "/v1/owners/alice");
    let erased = client.send(erase).await.json();
    assert_eq!(
        erased,
        serde_json::json!({"deleted": 1, "remaining": 0, "more": false})
    );
    let migrate = by("maintenance", Method::POST, "/v1/admin/migrate-blobs");
    client
        .send(migrate)
        .await
        .is_problem(409, "nothing-to-migrate");
}

#[tokio::test]
async fn an_upload_beyond_the_quota_is_answered_as_in_the_example() {
    let client = Client::with(&[("quota_bytes", "100")]);
    let refused = client.upload(&testing::png_of_size(101)).await.json();
    let shown = example(PAGE, "a form with several files is\nrefused as a whole");
    check_example(&refused, &shown);
    let words = |problem: &Value| {
        let detail = problem["detail"].as_str().expect("a text").to_owned();
        detail.replace(|letter: char| letter.is_ascii_digit(), "")
    };
    assert_eq!(words(&refused), words(&shown));
    let same = ["type", "title", "status", "quota"];
    assert!(
        same.iter().all(|name| refused[name] == shown[name]),
        "{refused}"
    );
}

#[tokio::test]
async fn an_admin_sees_the_quota_of_the_deployment_in_the_usage_of_an_owner() {
    let client = Client::with(&[("quota_images", "7")]);
    let usage = by("admin", Method::GET, "/v1/usage?owner=bob");
    let usage = client.send(usage).await.json();
    let quota = serde_json::json!({"images": 7, "bytes": null});
    assert_eq!((&usage["images"], &usage["quota"]), (&0.into(), &quota));
}

#[tokio::test]
async fn the_limits_of_an_operators_calls_are_those_of_the_page() {
    let client = Client::new();
    for (path, limit) in [("/v1/admin/sweep", 1000), ("/v1/admin/audit", 200)] {
        for (limit, is_valid) in [(0, false), (1, true), (limit, true), (limit + 1, false)] {
            let mut call = by("maintenance", Method::POST, path);
            let json = HeaderValue::from_static("application/json");
            call.headers_mut().insert(header::CONTENT_TYPE, json);
            *call.body_mut() = Body::from(format!("{{\"limit\":{limit}}}"));
            let status = client.send(call).await.status.as_u16();
            assert_eq!(status != 400, is_valid, "{path} {limit}: {status}");
        }
    }
    for (limit, is_valid) in [(0, false), (1, true), (1000, true), (1001, false)] {
        let path = format!("/v1/owners/bob?limit={limit}");
        let answer = client.send(by("admin", Method::DELETE, &path)).await;
        assert_eq!(answer.status == StatusCode::OK, is_valid, "{path}");
    }
}
