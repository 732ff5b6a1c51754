//! Files of any length, in pieces of any length, whenever the length is told.

use super::Stage;
use super::upload::{Upload, offset};
use crate::support::{Png, Setup, eventually, header, send};

const SIZE: usize = 1_000_000;

#[tokio::test]
async fn an_upload_of_no_bytes_is_refused_and_never_hangs() {
    let stage = Stage::start();
    let creation = Upload::creation(&stage.alice).header("upload-length", 0);
    let answer = send(creation).await;
    assert!(answer.status().is_client_error(), "{answer:?}");
    // The same of one that turns out to be empty.
    let upload = Upload::of_any_length(&stage.alice).await;
    let end = upload.append(0, "").header("upload-length", 0);
    let answer = send(end).await;
    assert!(answer.status().is_client_error(), "{answer:?}");
    gone_or_open(&upload).await;
    upload.terminate().await;
    stage.holds_only(&[]).await;
}

/// An upload is open, finished or gone, and nothing else.
async fn gone_or_open(upload: &Upload) {
    let status = upload.head().await.status().as_u16();
    assert!([200, 404, 410].contains(&status), "{status}");
}

#[tokio::test]
async fn a_length_that_comes_last_completes_the_upload() {
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let upload = Upload::of_any_length(&stage.alice).await;
    upload.send_pieces(&file, 300_000).await;
    let head = upload.head().await;
    assert_eq!(header(&head, "upload-defer-length"), "1");
    assert_eq!(offset(&head), SIZE);
    assert!(head.headers().get("upload-length").is_none(), "{head:?}");
    // Every byte is there, but only the length tells that none follows.
    assert!(stage.alice.list().await.is_empty());
    let end = upload.append(SIZE, "").header("upload-length", SIZE);
    assert_eq!(send(end).await.status(), 204);
    stage.holds_only(&[file]).await;
}

#[tokio::test]
async fn an_upload_whose_length_is_never_told_expires() {
    let stage = Stage::with(Setup::default().variable("max_upload_seconds", 2));
    let file = Png::of_size(SIZE).bytes();
    let upload = Upload::of_any_length(&stage.alice).await;
    upload.send_pieces(&file, 300_000).await;
    let ended = eventually(|| async { upload.head().await.status() != 200 });
    assert_eq!(ended.await, Ok(()));
    let status = upload.head().await.status();
    assert!([404, 410].contains(&status.as_u16()), "{status}");
    let end = upload.append(SIZE, "").header("upload-length", SIZE);
    assert!([404, 410].contains(&send(end).await.status().as_u16()));
    stage.holds_only(&[]).await;
}

#[tokio::test]
async fn pieces_may_have_any_size() {
    let setup = Setup::default().variable("max_upload_bytes", 32 << 20);
    let stage = Stage::with(setup);
    let mut files = Vec::new();
    for (size, piece) in [
        // One byte at a time, and sizes that divide nothing.
        (300, 1),
        (20_011, 173),
        (1_500_007, 131_071),
        // Longer than a stored chunk by a byte, and as others demand.
        (2_000_000, super::CHUNK + 1),
        (13_000_000, 6 << 20),
        // All but the last byte.
        (1_000_000, 999_999),
    ] {
        let file = Png::of_size(size).bytes();
        let upload = Upload::of_length(&stage.alice, size).await;
        upload.send_pieces(&file, piece).await;
        files.push(file);
    }
    stage.holds_only(&files).await;
}
