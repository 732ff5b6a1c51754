//! tuspy, the library for Python.

use std::path::Path;

use serde_json::json;

use super::Stage;
use crate::support::{Png, Program};

#[tokio::test]
async fn the_python_library_tuspy_uploads_with_checksums_and_goes_on_with_stored_urls() {
    let Some(python) = Program::find("DARKROOM_TEST_PYTHON") else {
        return;
    };
    let stage = Stage::start();
    let names = ["whole.png", "pieces.png", "stored.png", "awaited.png"];
    let files = names.map(|name| {
        let file = Png::of_size(450_000).bytes();
        python.write(name, &file);
        file
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/with_tuspy.py");
    let script = script.display().to_string();
    let arguments = [&script, stage.darkroom.address(), &stage.token];
    python.succeed(&[&arguments, &names[..]].concat());
    let images = stage.holds_only(&files).await;
    for (image, name) in images.iter().zip(names) {
        assert_eq!(image["filename"], name);
        assert_eq!(image["tags"], json!(["tuspy"]));
    }
}
