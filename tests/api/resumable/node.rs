//! tus-js-client in Node.js, with every option that changes what it sends.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Stage;
use crate::support::{Png, Program, node};

const SIZE: usize = 450_000;
/// The length of the pieces that the script sends.
const PIECE: usize = 100_000;
const SCRIPT: &str = "with_tus.mjs";

/// Node, a server, and a file to upload.
struct Client {
    node: Program,
    stage: Stage,
    file: Bytes,
}

impl Client {
    fn new() -> Option<Self> {
        let client = Self {
            node: node(SCRIPT)?,
            stage: Stage::start(),
            file: Png::of_size(SIZE).bytes(),
        };
        client.node.write("image.png", &client.file);
        Some(client)
    }

    /// Uploads in this way. Returns what the client saw.
    fn run(&self, way: &str, more: &[&str]) -> Value {
        let address = self.stage.darkroom.address();
        let arguments = [SCRIPT, way, address, &self.stage.token, "image.png"];
        let printed = self.node.succeed(&[&arguments, more].concat());
        serde_json::from_str(&printed).expect("JSON")
    }
}

/// The methods of all requests.
fn methods(seen: &Value) -> Vec<&str> {
    let calls = seen["calls"].as_array().expect("a list");
    let methods = calls.iter().map(|call| call["method"].as_str());
    methods.map(|method| method.expect("a method")).collect()
}

/// Uploads a file in this way, which must take these requests, and becomes an image with the
/// name that the client gave.
async fn uploads(way: &str, expected: &[&str]) {
    let Some(client) = Client::new() else { return };
    let seen = client.run(way, &[]);
    assert_eq!(methods(&seen), expected, "{seen:#}");
    let images = client.stage.holds_only(&[client.file]).await;
    assert_eq!(images[0]["filename"], format!("{way}.png"));
}

#[tokio::test]
async fn a_file_in_one_piece_becomes_an_image() {
    uploads("whole", &["POST", "PATCH"]).await;
}

#[tokio::test]
async fn a_file_in_pieces_becomes_an_image() {
    uploads(
        "pieces",
        &["POST", "PATCH", "PATCH", "PATCH", "PATCH", "PATCH"],
    )
    .await;
}

#[tokio::test]
async fn a_file_that_is_sent_with_the_creation_takes_one_request() {
    uploads("data_with_creation", &["POST"]).await;
}

#[tokio::test]
async fn the_first_piece_can_be_sent_with_the_creation() {
    let expected = ["POST", "PATCH", "PATCH", "PATCH", "PATCH"];
    uploads("pieces_with_creation", &expected).await;
}

#[tokio::test]
async fn a_stream_tells_its_length_with_its_last_piece() {
    let expected = ["POST", "PATCH", "PATCH", "PATCH", "PATCH", "PATCH"];
    uploads("deferred_length", &expected).await;
}

#[tokio::test]
async fn parts_that_are_sent_at_once_become_one_image() {
    let Some(client) = Client::new() else { return };
    let seen = client.run("parallel", &[]);
    let posts = methods(&seen)
        .iter()
        .filter(|method| **method == "POST")
        .count();
    // One for each of four parts, and one that joins them.
    assert_eq!(posts, 5, "{seen:#}");
    let images = client.stage.holds_only(&[client.file]).await;
    assert_eq!(images[0]["filename"], "parallel.png");
}

#[tokio::test]
async fn a_post_stands_for_a_patch_where_a_proxy_knows_none() {
    uploads("post_instead_of_patch", &["POST"; 6]).await;
}

#[tokio::test]
async fn the_draft_of_the_ietf_uploads_a_file_in_one_piece() {
    uploads("draft_05", &["POST", "PATCH"]).await;
}

#[tokio::test]
async fn the_draft_of_the_ietf_uploads_a_file_in_pieces() {
    uploads(
        "draft_05_pieces",
        &["POST", "PATCH", "PATCH", "PATCH", "PATCH", "PATCH"],
    )
    .await;
}

#[tokio::test]
async fn the_draft_of_the_ietf_uploads_a_file_in_one_request() {
    uploads("draft_05_with_creation", &["POST"]).await;
}

#[tokio::test]
async fn an_earlier_draft_of_the_ietf_is_spoken_too() {
    uploads("draft_03", &["POST", "PATCH"]).await;
}

#[tokio::test]
async fn an_image_has_what_the_metadata_of_its_upload_say() {
    let Some(client) = Client::new() else { return };
    client.run("described", &[]);
    let images = client.stage.holds_only(&[client.file]).await;
    assert_eq!(images[0]["filename"], "Zoë’s 猫.png");
    assert_eq!(images[0]["tags"], json!(["pets", "cats"]));
    assert_eq!(images[0]["visibility"], "public");
    assert_eq!(images[0]["metadata"], json!({"camera": "X100"}));
}

#[tokio::test]
async fn another_process_goes_on_with_a_stored_url_and_without_a_token() {
    let Some(client) = Client::new() else { return };
    let begun = client.run("stored_url", &["begin", "."]);
    let open = client.stage.open().await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["offset"], PIECE);
    let seen = client.run("stored_url", &["continue", "."]);
    assert_eq!(seen["previous"], begun["url"]);
    assert_eq!(seen["url"], begun["url"]);
    // Nothing is sent twice.
    assert_eq!(seen["calls"][0]["to"], PIECE.to_string());
    assert_eq!(seen["calls"][1]["from"], PIECE.to_string());
    assert_eq!(methods(&seen), ["HEAD", "PATCH", "PATCH", "PATCH", "PATCH"]);
    client.stage.holds_only(&[client.file]).await;
}

#[tokio::test]
async fn a_client_whose_upload_is_gone_begins_another() {
    let Some(client) = Client::new() else { return };
    let seen = client.run("gone", &[]);
    assert_ne!(seen["url"], seen["gone"]);
    let calls = seen["calls"].as_array().expect("a list");
    let head = calls.iter().find(|call| call["method"] == "HEAD");
    let status = head.expect("it asks")["status"].as_u64();
    assert!([Some(404), Some(410)].contains(&status), "{seen:#}");
    client.stage.holds_only(&[client.file]).await;
}

#[tokio::test]
async fn an_upload_that_is_taken_back_leaves_nothing() {
    let Some(client) = Client::new() else { return };
    let seen = client.run("terminated", &[]);
    assert_eq!(methods(&seen), ["POST", "PATCH", "DELETE"]);
    client.stage.holds_only(&[]).await;
}

#[tokio::test]
async fn a_client_never_takes_a_refused_file_for_complete() {
    let Some(client) = Client::new() else { return };
    // One that is refused at its first byte, and one that is refused at its last.
    let text = "no picture ".repeat(SIZE / 11);
    let mut damaged = client.file.to_vec();
    let last = damaged.len() - 14;
    damaged[last] ^= 1;
    for (file, statuses) in [(text.as_bytes(), [415].as_slice()), (&damaged, &[422])] {
        client.node.write("image.png", file);
        let seen = client.run("refused", &[]);
        let refusals = seen["refusals"].as_array().expect("a list");
        assert_eq!(refusals.len(), 5);
        for refusal in refusals {
            let status = refusal["status"].as_u64().expect("a status");
            assert!(statuses.contains(&status), "{seen:#}");
            assert!(refusal["problem"]["detail"].is_string(), "{refusal}");
        }
        client.stage.holds_only(&[]).await;
    }
}
