//! Python and JavaScript libraries, each in a script of `tests/clients/`, which uses it as an
//! application would and checks the results.

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

/// Node, which needs no libraries here. It is installed wherever the libraries of other tests are.
fn node() -> Option<Program> {
    peer("DARKROOM_TEST_NODE_MODULES").map(|_| Program::at("node"))
}

#[tokio::test]
async fn the_python_library_requests_does_all_that_an_application_needs() {
    run(python(), "with_requests.py").await;
}

#[tokio::test]
async fn a_program_that_reads_files_of_sharex_uploads_with_one() {
    run(python(), "with_sharex_cli.py").await;
}

#[tokio::test]
async fn other_readers_see_names_of_every_class_of_unicode_as_they_are_stored() {
    run(python(), "with_names.py").await;
}

#[tokio::test]
async fn the_python_library_httpx_does_all_that_an_application_needs() {
    run(python(), "with_httpx.py").await;
}

#[tokio::test]
async fn fetch_in_node_does_all_that_an_application_needs() {
    run(node(), "with_fetch.mjs").await;
}
