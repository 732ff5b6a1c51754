//! wget.

use super::Stage;
use crate::support::Program;

const SIZE: usize = 1_500_000;

fn wget() -> Option<Program> {
    Program::find("DARKROOM_TEST_WGET")
}

/// Downloads the image, which must succeed. Returns the output of wget.
fn fetch(wget: &Program, stage: &Stage, arguments: &[&str]) -> String {
    let who = format!("--header={}", stage.authorization);
    let fixed = ["-S", "-o", "log", "--tries=1", who.as_str()];
    wget.succeed(&[&fixed, arguments, &[stage.url.as_str()]].concat());
    String::from_utf8(wget.read("log")).expect("text")
}

#[tokio::test]
async fn wget_resumes_a_download_that_was_cut_off() {
    let Some(wget) = wget() else { return };
    let stage = Stage::of_size(SIZE).await;
    for cut in [1, 400_000, SIZE - 1] {
        wget.write("content", &stage.file[..cut]);
        let log = fetch(&wget, &stage, &["-c"]);
        assert!(log.contains("206 Partial Content"), "{log}");
        assert!(wget.read("content") == stage.file, "resumed at {cut}");
    }
    let log = fetch(&wget, &stage, &["-c"]);
    assert!(log.contains("already fully retrieved"), "{log}");
    assert!(wget.read("content") == stage.file);
}

#[tokio::test]
async fn wget_fetches_only_a_file_that_is_newer_than_its_own() {
    let Some(wget) = wget() else { return };
    let stage = Stage::of_size(SIZE).await;
    let log = fetch(&wget, &stage, &["-N"]);
    assert!(log.contains("200 OK"), "{log}");
    let log = fetch(&wget, &stage, &["-N"]);
    assert!(log.contains("304 Not Modified"), "{log}");
    assert!(wget.read("content") == stage.file);
}

#[tokio::test]
async fn wget_saves_a_file_under_its_name_and_nowhere_else() {
    let Some(wget) = wget() else { return };
    let stage = Stage::of_size(1000).await;
    for (name, saved) in [
        ("cat 1.png", "cat 1.png"),
        ("../../up.png", "up.png"),
        ("Grüße €.png", "Grüße €.png"),
    ] {
        let url = stage.named(name).await;
        let who = format!("--header={}", stage.authorization);
        wget.succeed(&["-q", "--content-disposition", &who, &url]);
        assert!(wget.read(saved) == stage.file, "{name}");
    }
}
