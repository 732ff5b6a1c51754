//! Forms with large content besides files.

use crate::support::{Darkroom, fixture, send};

/// The most memory that an instance may use, in bytes.
const MEMORY: u64 = 16 << 20;
/// A length that exceeds it.
const LONG: usize = 40 << 20;

const FILE: &str =
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.gif\"\r\n\r\n";
const TAGS: &str = "--b\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\n";

/// A form with this beginning, and a valid file at its end.
fn form(beginning: &str) -> Vec<u8> {
    let file = fixture("still.gif").bytes;
    [
        beginning.as_bytes(),
        FILE.as_bytes(),
        file,
        b"\r\n--b--\r\n",
    ]
    .concat()
}

#[tokio::test]
async fn the_content_of_a_form_besides_files_is_bounded() {
    let darkroom = Darkroom::with().instance_memory(MEMORY).start();
    let alice = darkroom.client("alice");
    let long = "a".repeat(LONG);
    let tags = format!("{TAGS}{}\r\n", "a,".repeat(4096));
    let header = |lines: &str| FILE.replacen("\r\n\r\n", &format!("\r\n{lines}\r\n\r\n"), 1);
    let cases = [
        ("a preamble", format!("{long}\r\n")),
        ("a header of a part", header(&format!("X-A: {long}"))),
        ("headers of a part", header(&"X-A: a\r\n".repeat(LONG / 8))),
        ("tags", tags.repeat(LONG / tags.len())),
        ("a tag", format!("{TAGS}{long}\r\n")),
    ];
    for (case, beginning) in cases {
        let request = alice.post();
        let request = request.header("content-type", "multipart/form-data; boundary=b");
        let response = send(request.body(form(&beginning))).await;
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        assert!([400, 413].contains(&status), "{case}: {status} {text}");
    }
    darkroom.holds_only(0, 0).await;
}

#[tokio::test]
async fn parts_of_a_form_are_counted() {
    let darkroom = Darkroom::with().instance_memory(MEMORY).start();
    let alice = darkroom.client("alice");
    for (parts, expected) in [(64, 201), (65, 413), (100_000, 413)] {
        let beginning = format!("{TAGS}\r\n").repeat(parts);
        let request = alice.post();
        let request = request.header("content-type", "multipart/form-data; boundary=b");
        let response = send(request.body(form(&beginning))).await;
        assert_eq!(response.status(), expected, "{parts} parts");
    }
    darkroom.holds_only(1, 1).await;
}
