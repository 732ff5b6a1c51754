//! The published description and the application agree.
//!
//! schemathesis, a third-party program, generates requests from `/openapi.json`: valid and invalid
//! ones, alone and in sequences as a client would send them. It compares every answer with the
//! description. `tests/schemathesis/` contains its settings, and what it cannot derive from the
//! description.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ALL_SCOPES, Darkroom, Program, created, fixture, header, token, unique};

/// The path of one of the files for schemathesis.
fn settings(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis");
    folder.join(name).display().to_string()
}

#[tokio::test]
async fn every_answer_matches_the_description() {
    let Some(python) = Program::find("DARKROOM_TEST_PYTHON") else {
        return;
    };
    let darkroom = Darkroom::with().variable("cors_origins", "*").start();
    let owner = unique("alice");
    let alice = darkroom.client(&owner);
    let image = alice.upload(fixture("still.gif").bytes).await;
    let begun = alice.request(Method::POST, "/v1/uploads");
    let begun = begun.header("tus-resumable", "1.0.0");
    let begun = begun.header("upload-defer-length", "1").send().await;
    let begun = begun.expect("an answer");
    let upload = header(&begun, "location").rsplit('/').next();
    let ticket = json!({"max_uploads": 1000, "expires_in": 3600});
    let ticket = alice
        .json(Method::POST, "/v1/upload-tickets", &ticket)
        .await;
    let ticket = created(ticket).await;
    let page = darkroom.anonymous().get("/").await.text().await;
    let page = page.expect("a page");
    let part = page
        .split("page/")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let scope = format!("{ALL_SCOPES} admin");
    let authorization = format!("Authorization: Bearer {}", token(&owner, &scope));
    let config = format!("--config-file={}", settings("schemathesis.toml"));
    let url = format!("{}/openapi.json", darkroom.address());
    let arguments = [
        "-m",
        "schemathesis.cli",
        &config,
        "run",
        &url,
        "--header",
        &authorization,
        "--checks=all",
        "--no-color",
    ];
    let hooks = settings("hooks.py");
    let variables = [
        ("SCHEMATHESIS_HOOKS", hooks.as_str()),
        ("SCHEMATHESIS_IMAGE", image["id"].as_str().expect("an id")),
        ("SCHEMATHESIS_UPLOAD", upload.expect("an id")),
        (
            "SCHEMATHESIS_TICKET",
            ticket["ticket"].as_str().expect("an id"),
        ),
        ("SCHEMATHESIS_PAGE", part.expect("a file of the page")),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ];
    let output = python.run_with(&variables, &arguments);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    // Dropping the server fails the test if the component has trapped.
    assert!(report.contains("No issues found"), "{report}");
}

#[tokio::test]
async fn the_description_and_its_page_load_nothing_else() {
    let darkroom = Darkroom::shared();
    let anonymous = darkroom.anonymous();
    let described = anonymous.get("/openapi.json").await;
    assert_eq!(header(&described, "content-type"), "application/json");
    let described: Value = described.json().await.expect("JSON");
    assert_eq!(described["openapi"], "3.1.0");
    let page = anonymous.get("/docs").await;
    let policy = header(&page, "content-security-policy").to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-")
            && policy.contains("; script-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = page.text().await.expect("a page");
    assert!(page.len() < 250_000, "{}", page.len());
    let page = page.replace("<link rel=\"icon\" href=\"data:", "");
    for loading in [
        "<script ", "<link", "<img", "<iframe", "src=", "@import", "url(",
    ] {
        assert!(!page.contains(loading), "{loading}");
    }
    for operation in ["uploadImage", "downloadImage", "createTicket"] {
        assert!(page.contains(&format!("id=\"{operation}\"")), "{operation}");
    }
}
