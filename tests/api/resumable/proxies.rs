//! Proxies in front: as documented, as they are by default, and as some networks have them.

use super::upload::Upload;
use super::{CHUNK, Stage};
use crate::support::{
    ALL_SCOPES, Caddy, Client, Nginx, Png, Raw, Setup, eventually, header, node, send, token,
};

const SIZE: usize = 3_000_000;

/// Sends a part of the first piece through the proxy at this address.
async fn send_some(address: &str, upload: &Upload, piece: &[u8], sent: usize) -> Raw {
    let mut raw = Raw::connect_to(address).await;
    let length = format!("Content-Length: {}", piece.len());
    let lines = [
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        "Content-Type: application/offset+octet-stream",
        &length,
    ];
    raw.begin(&format!("PATCH {}", upload.path), &lines).await;
    raw.send(&piece[..sent]).await;
    raw
}

/// Uploads through the proxy at this address, which passes on what has arrived of a piece.
async fn passes_on(stage: &Stage, address: &str) {
    let file = Png::of_size(SIZE).bytes();
    let through = Client::new(address, Some(token("alice", ALL_SCOPES)));
    let upload = Upload::of_length(&through, SIZE).await;
    let connection = send_some(address, &upload, &file, SIZE - 1000).await;
    let stored = eventually(|| async { stage.darkroom.chunks() > 0 });
    assert_eq!(stored.await, Ok(()));
    drop(connection);
    // The list only looks. Whoever asks the upload itself for its offset goes on from there.
    let kept = || async { stage.open().await[0]["offset"].as_u64() >= Some(CHUNK as u64) };
    assert_eq!(eventually(kept).await, Ok(()));
    let has = upload.offset().await;
    assert!((CHUNK..SIZE).contains(&has), "{has}");
    upload.accept(has, &file[has..]).await;
    stage.holds_only(&[file]).await;
}

#[tokio::test]
async fn nginx_as_documented_passes_on_what_arrives_before_a_connection_breaks() {
    let stage = Stage::start();
    if let Some(nginx) = Nginx::for_uploads(&stage.darkroom, &[]) {
        passes_on(&stage, nginx.address()).await;
    }
}

#[tokio::test]
async fn caddy_as_documented_passes_on_what_arrives_before_a_connection_breaks() {
    let stage = Stage::start();
    if let Some(caddy) = Caddy::before(&stage.darkroom) {
        passes_on(&stage, caddy.address()).await;
    }
}

#[tokio::test]
async fn behind_a_proxy_that_buffers_only_whole_pieces_count_and_uploads_still_end() {
    let stage = Stage::start();
    let buffering = [("proxy_request_buffering off;", "")];
    let Some(nginx) = Nginx::for_uploads(&stage.darkroom, &buffering) else {
        return;
    };
    let file = Png::of_size(SIZE).bytes();
    let through = nginx.client("alice");
    let upload = Upload::of_length(&through, SIZE).await;
    drop(send_some(nginx.address(), &upload, &file, SIZE - 1000).await);
    assert_eq!(upload.offset().await, 0);
    upload.send_pieces(&file, 1_000_000).await;
    stage.holds_only(&[file]).await;
}

/// Uploads a file with tus-js-client in this way, through a proxy.
async fn with_tus_js_client(stage: &Stage, nginx: &Nginx, way: &str) {
    const SCRIPT: &str = "with_tus.mjs";
    let Some(node) = node(SCRIPT) else { return };
    let file = Png::of_size(450_000).bytes();
    node.write("image.png", &file);
    node.succeed(&[SCRIPT, way, nginx.address(), &stage.token, "image.png"]);
    stage.holds_only(&[file]).await;
}

#[tokio::test]
async fn clients_upload_through_a_proxy_that_knows_no_patch() {
    let stage = Stage::start();
    let old = [(
        "proxy_request_buffering off;",
        "limit_except GET POST { deny all; }",
    )];
    if let Some(nginx) = Nginx::for_uploads(&stage.darkroom, &old) {
        with_tus_js_client(&stage, &nginx, "post_instead_of_patch").await;
    }
}

#[tokio::test]
async fn parts_are_joined_behind_a_proxy_whose_address_the_server_does_not_know() {
    let stage = Stage::start();
    if let Some(nginx) = Nginx::for_uploads(&stage.darkroom, &[]) {
        with_tus_js_client(&stage, &nginx, "parallel").await;
    }
}

#[tokio::test]
async fn an_upload_is_found_under_the_public_address_if_there_is_one() {
    let public = "https://images.example.com";
    let setup = Setup::default().variable("public_base_url", public);
    let stage = Stage::with(setup);
    let begun = send(Upload::creation(&stage.alice).header("upload-length", 100)).await;
    let location = header(&begun, "location");
    let path = location.strip_prefix(public).expect("the public address");
    assert_eq!(stage.alice.delete(path).await.status(), 204);
    stage.holds_only(&[]).await;
}
