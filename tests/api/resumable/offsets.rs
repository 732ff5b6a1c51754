//! Clients that send what the server has already, or has not yet, alone and at once.

use futures_util::future::join_all;
use reqwest::Response;

use super::Stage;
use super::upload::{Upload, offset};
use crate::support::{Png, Raw, eventually, send};

const SIZE: usize = 1_000_000;

/// Checks that bytes were refused because the server has others, and that the answer tells how
/// many.
async fn conflict(answer: Response, has: usize) {
    assert_eq!(answer.status(), 409);
    assert_eq!(offset(&answer), has);
}

#[tokio::test]
async fn a_wrong_offset_is_refused_with_the_right_one() {
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    conflict(send(upload.append(1, file.slice(1..))).await, 0).await;
    upload.accept(0, &file[..500_000]).await;
    for from in [0, 1, 499_999, 500_001, SIZE] {
        let bytes = file.slice(from..);
        conflict(send(upload.append(from, bytes)).await, 500_000).await;
    }
    assert_eq!(upload.offset().await, 500_000);
    upload.accept(500_000, &file[500_000..]).await;
    stage.holds_only(&[file]).await;
}

#[tokio::test]
async fn a_piece_that_is_sent_twice_is_stored_once() {
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    upload.accept(0, &file[..600_000]).await;
    conflict(send(upload.append(0, file.slice(..600_000))).await, 600_000).await;
    // Both at once: one is accepted, and the other is told how much there is.
    let both = [(); 2].map(|()| send(upload.append(600_000, file.slice(600_000..800_000))));
    let mut accepted = 0;
    for answer in join_all(both).await {
        match answer.status().as_u16() {
            204 => accepted += 1,
            status => assert_eq!(status, 409, "{answer:?}"),
        }
    }
    assert_eq!(accepted, 1);
    assert_eq!(upload.offset().await, 800_000);
    upload.accept(800_000, &file[800_000..]).await;
    stage.holds_only(&[file]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_clients_that_continue_one_upload_each_is_told_the_truth() {
    const CLIENTS: usize = 6;
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    let clients = (1..=CLIENTS).map(|number| {
        let (upload, file) = (upload.clone(), file.clone());
        tokio::spawn(async move {
            let mut from = 0;
            while from < SIZE {
                let to = SIZE.min(from + number * 40_000);
                let answer = send(upload.append(from, file.slice(from..to))).await;
                let has = offset(&answer);
                match answer.status().as_u16() {
                    // Of an upload that is complete, the last piece may be sent again.
                    204 => assert!(has == to || has == SIZE, "{has}, not {to}"),
                    409 => assert_ne!(has, from),
                    status => panic!("{status}"),
                }
                from = has;
            }
        })
    });
    for client in join_all(clients).await {
        client.expect("no broken promise");
    }
    stage.holds_only(&[file]).await;
}

#[tokio::test]
async fn a_client_that_stalls_in_a_piece_holds_up_nobody() {
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    let lines = [
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        "Content-Type: application/offset+octet-stream",
        "Content-Length: 1000000",
    ];
    let mut stalled = Raw::connect(&stage.darkroom).await;
    let target = format!("PATCH {}", upload.path);
    stalled.begin(&target, &lines).await;
    stalled.send(&file[..700_000]).await;
    let stored = eventually(|| async { stage.darkroom.chunks() > 0 });
    assert_eq!(stored.await, Ok(()));
    // Its user has opened the page in another tab.
    let has = upload.offset().await;
    upload.accept(has, &file[has..]).await;
    stalled.send(&file[700_000..]).await;
    // Nothing of it is added, though the server may tell it that the whole file is there.
    let late = stalled.response().await;
    assert!([204, 409].contains(&late.status), "{}", late.text);
    stage.holds_only(&[file]).await;
}
