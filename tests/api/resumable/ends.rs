//! Uploads that end without an image: refused, expired, or taken back.

use super::Stage;
use super::upload::{Upload, offset};
use crate::support::{Png, Setup, eventually, problem, send};

const SIZE: usize = 1_000_000;

#[tokio::test]
async fn an_unknown_upload_is_not_found_by_any_method() {
    let stage = Stage::start();
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    assert_eq!(upload.terminate().await.status(), 204);
    for answer in [
        upload.head().await,
        send(upload.append(0, "a")).await,
        upload.terminate().await,
    ] {
        let status = answer.status().as_u16();
        assert!([404, 410].contains(&status), "{answer:?}");
    }
    stage.holds_only(&[]).await;
}

#[tokio::test]
async fn an_upload_that_is_left_expires_and_leaves_nothing() {
    let stage = Stage::with(Setup::default().variable("max_upload_idle_seconds", 1));
    let file = Png::of_size(SIZE).bytes();
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    upload.accept(0, &file[..900_000]).await;
    let expired = eventually(|| async { upload.head().await.status() == 410 });
    assert_eq!(expired.await, Ok(()));
    let late = send(upload.append(900_000, file.slice(900_000..))).await;
    problem(late, 410, "upload-expired").await;
    stage.holds_only(&[]).await;
    // What is swept is forgotten.
    assert_eq!(upload.head().await.status(), 404);
}

#[tokio::test]
async fn an_upload_that_was_refused_is_never_complete() {
    let stage = Stage::start();
    let mut file = Png::of_size(SIZE).bytes().to_vec();
    // The checksum before the end.
    file[SIZE - 14] ^= 1;
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    upload.accept(0, &file[..900_000]).await;
    let last = file[900_000..].to_vec();
    let refused = send(upload.append(900_000, last)).await;
    assert!(refused.status().is_client_error(), "{refused:?}");
    let head = upload.head().await;
    if head.status() == 200 {
        assert_ne!(offset(&head), SIZE, "{head:?}");
    }
    assert!(stage.alice.list().await.is_empty());
    upload.terminate().await;
    stage.holds_only(&[]).await;
}

#[tokio::test]
async fn a_file_of_another_type_is_refused_while_only_its_beginning_is_there() {
    let stage = Stage::start();
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    let refused = send(upload.append(0, "plain text ".repeat(9000))).await;
    problem(refused, 415, "unsupported-type").await;
    upload.terminate().await;
    stage.holds_only(&[]).await;
}
