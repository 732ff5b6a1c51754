//! Libraries of Python and JavaScript, each in a script of `tests/clients/` that
//! does what an application does with them and checks what it gets.

use std::path::Path;

use super::Stage;
use crate::support::{ALL_SCOPES, Program, peer, token, unique};

/// Runs a script with the server's address, a token and the path of an image.
async fn run(program: Option<Program>, script: &str) {
    let Some(program) = program else { return };
    let stage = Stage::of_size(1_500_000).await;
    let token = token(&unique("zoë"), ALL_SCOPES);
    program.write("image.png", &stage.file);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let script = folder.join(script).display().to_string();
    program.succeed(&[script.as_str(), &stage.address, &token, "image.png"]);
}

fn python() -> Option<Program> {
    Program::find("DARKROOM_TEST_PYTHON")
}

/// It needs no libraries; where those of others are, there is Node too.
fn node() -> Option<Program> {
    peer("DARKROOM_TEST_NODE_MODULES").map(|_| Program::at("node"))
}

#[tokio::test]
async fn requests_of_python_does_all_that_an_application_needs() {
    run(python(), "with_requests.py").await;
}

#[tokio::test]
async fn names_of_every_class_of_unicode_are_read_by_others_as_they_were_kept() {
    run(python(), "with_names.py").await;
}

#[tokio::test]
async fn httpx_of_python_does_all_that_an_application_needs() {
    run(python(), "with_httpx.py").await;
}

#[tokio::test]
async fn fetch_of_node_does_all_that_an_application_needs() {
    run(node(), "with_fetch.mjs").await;
}
