//! aria2, a download manager that requests many ranges at once.

use super::Stage;
use crate::support::Program;

#[tokio::test]
async fn ranges_that_are_fetched_at_once_add_up_to_the_same_file() {
    let Some(aria2c) = Program::find("DARKROOM_TEST_ARIA2C") else {
        return;
    };
    let stage = Stage::of_size(12_345_678).await;
    let who = format!("--header={}", stage.authorization);
    let checksum = format!(
        "--checksum=sha-256={}",
        stage.image["sha256"].as_str().expect("hex")
    );
    aria2c.succeed(&[
        "--no-conf",
        "--quiet",
        "--split=8",
        "--max-connection-per-server=8",
        "--min-split-size=1M",
        "--log=log",
        "--log-level=info",
        // Otherwise, one connection may finish before the others have begun.
        "--max-overall-download-limit=8M",
        "--out=image.png",
        who.as_str(),
        &checksum,
        &stage.url,
    ]);
    assert!(aria2c.read("image.png") == stage.file);
    let log = String::from_utf8_lossy(&aria2c.read("log")).into_owned();
    let partial = log.matches("HTTP/1.1 206").count();
    assert!(partial >= 4, "only {partial} ranges were fetched:\n{log}");
}
