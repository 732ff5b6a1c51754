//! curl.

use super::Stage;
use crate::support::{Program, path};

const SIZE: usize = 1_500_000;

fn curl() -> Option<Program> {
    Program::find("DARKROOM_TEST_CURL")
}

/// Options for all calls, which print the status and the length of the body.
const REPORT: [&str; 3] = ["-sS", "-w", "%{http_code} %{size_download}"];

fn call<'a>(stage: &'a Stage, arguments: &[&'a str]) -> Vec<&'a str> {
    let who = ["-H", stage.authorization.as_str()];
    [&REPORT[..], &who, arguments, &[stage.url.as_str()]].concat()
}

#[tokio::test]
async fn curl_resumes_a_download_that_was_cut_off() {
    let Some(curl) = curl() else { return };
    let stage = Stage::of_size(SIZE).await;
    for cut in [1, 400_000, SIZE - 1] {
        curl.write("image.png", &stage.file[..cut]);
        let report = curl.succeed(&call(&stage, &["-C", "-", "-o", "image.png"]));
        assert_eq!(report, format!("206 {}", SIZE - cut));
        assert!(curl.read("image.png") == stage.file, "resumed at {cut}");
    }
    // Nothing is left to download, and asking again spoils nothing.
    let report = curl.succeed(&call(&stage, &["-C", "-", "-o", "image.png"]));
    assert!(report.starts_with("416 "), "{report}");
    assert!(curl.read("image.png") == stage.file);
}

#[tokio::test]
async fn curl_fetches_only_a_file_that_is_newer_than_its_own() {
    let Some(curl) = curl() else { return };
    let stage = Stage::of_size(SIZE).await;
    let report = curl.succeed(&call(&stage, &["-R", "-o", "image.png"]));
    assert_eq!(report, format!("200 {SIZE}"));
    let newer = ["-z", "image.png", "-o", "again.png"];
    assert_eq!(curl.succeed(&call(&stage, &newer)), "304 0");
    let older = ["-z", "-Sun, 06 Nov 1994 08:49:37 GMT", "-o", "again.png"];
    assert!(curl.succeed(&call(&stage, &older)).starts_with("412 "));
    let since = ["-z", "Sun, 06 Nov 1994 08:49:37 GMT", "-o", "again.png"];
    let report = curl.succeed(&call(&stage, &since));
    assert_eq!(report, format!("200 {SIZE}"));
    assert!(curl.read("again.png") == stage.file);
}

#[tokio::test]
async fn curl_fetches_only_a_file_with_another_etag() {
    let Some(curl) = curl() else { return };
    let stage = Stage::of_size(SIZE).await;
    let save = ["--etag-save", "etag", "-o", "image.png"];
    assert_eq!(curl.succeed(&call(&stage, &save)), format!("200 {SIZE}"));
    let compare = ["--etag-compare", "etag", "-o", "again.png"];
    assert_eq!(curl.succeed(&call(&stage, &compare)), "304 0");
    curl.write("etag", b"\"other\"\n");
    assert_eq!(curl.succeed(&call(&stage, &compare)), format!("200 {SIZE}"));
}

#[tokio::test]
async fn curl_gets_the_same_bytes_whatever_codings_it_accepts() {
    let Some(curl) = curl() else { return };
    let stage = Stage::of_size(SIZE).await;
    for option in [
        "--compressed",
        "--raw",
        "--http1.0",
        "--http2-prior-knowledge",
    ] {
        let report = curl.succeed(&call(&stage, &[option, "-o", "image.png"]));
        assert_eq!(report, format!("200 {SIZE}"), "{option}");
        assert!(curl.read("image.png") == stage.file, "{option}");
    }
}

#[tokio::test]
async fn curl_gets_one_range_or_several() {
    let Some(curl) = curl() else { return };
    let stage = Stage::of_size(SIZE).await;
    for (range, start, end) in [
        ("0-0", 0, 1),
        ("500000-999999", 500_000, 1_000_000),
        ("-100", SIZE - 100, SIZE),
        ("1400000-", 1_400_000, SIZE),
    ] {
        let report = curl.succeed(&call(&stage, &["-r", range, "-o", "part"]));
        assert_eq!(report, format!("206 {}", end - start));
        assert!(curl.read("part") == stage.file[start..end], "{range}");
    }
    let report = curl.succeed(&call(&stage, &["-r", "9-19,500000-900000", "-o", "parts"]));
    let parts = curl.read("parts");
    assert_eq!(report, format!("206 {}", parts.len()));
    let holds = |range: std::ops::Range<usize>| {
        let expected = &stage.file[range];
        parts
            .windows(expected.len())
            .any(|window| window == expected)
    };
    assert!(parts.starts_with(b"--") && parts.ends_with(b"--\r\n"));
    assert!(holds(9..20) && holds(500_000..900_001));
}

#[tokio::test]
async fn curl_saves_a_file_under_its_name_and_nowhere_else() {
    let Some(curl) = curl() else { return };
    let stage = Stage::of_size(1000).await;
    for (name, saved) in [
        ("cat 1.png", "cat 1.png"),
        ("../../up.png", "up.png"),
        ("a\";b.png", "a_;b.png"),
        ("100%41.png", "100_41.png"),
    ] {
        let url = stage.named(name).await;
        let who = stage.authorization.as_str();
        curl.succeed(&["-sS", "-OJ", "-H", who, &url]);
        assert!(curl.read(saved) == stage.file, "{name}");
    }
}

#[tokio::test]
async fn curl_uploads_as_the_readme_says() {
    let Some(curl) = curl() else { return };
    let stage = Stage::of_size(SIZE).await;
    let token = crate::support::token("curl", crate::support::ALL_SCOPES);
    let who = format!("Authorization: Bearer {token}");
    let images = format!("{}/v1/images", stage.address);
    curl.write("photo.png", &stage.file);
    for arguments in [
        ["-F", "file=@photo.png"].as_slice(),
        &[
            "--data-binary",
            "@photo.png",
            "-H",
            "Content-Type: image/png",
        ],
        &["-X", "POST", "-T", "photo.png"],
        &["-F", "file=@photo.png", "--http2-prior-knowledge"],
    ] {
        let arguments = [&["-sS", "-H", &who], arguments, &[&images]].concat();
        let image: serde_json::Value =
            serde_json::from_str(&curl.succeed(&arguments)).expect("an image object");
        assert_eq!(image["size"], SIZE, "{image}");
        let url = format!("{}{}", stage.address, path(&image));
        let report = curl.succeed(&[&REPORT, &["-H", &who, "-X", "DELETE", &url][..]].concat());
        assert_eq!(report, "204 0");
    }
}
