//! What users of other servers complain of.

use darkroom::auth::{Claims, KeyRing, token};
use futures_util::future::join_all;
use reqwest::Response;
use serde_json::json;

use super::Stage;
use super::upload::{Upload, offset};
use crate::support::{Client, KEYS, Png, Raw, Setup, eventually, header, now, problem, send};

const SIZE: usize = 1_000_000;

/// A client with a token that is still valid for this many seconds.
fn brief(stage: &Stage, seconds: u64) -> (Client, u64) {
    /// The difference between clocks that a server puts up with.
    const LEEWAY: u64 = 60;
    let ring = KeyRing::parse(KEYS).expect("valid keys");
    let exp = now() - LEEWAY + seconds;
    let claims = Claims {
        sub: "alice".to_owned(),
        exp,
        scope: "images:write".to_owned(),
        ..Claims::default()
    };
    let token = token::mint(&ring, None, &claims).expect("can be signed");
    (stage.alice.clone().with_token(token), exp + LEEWAY)
}

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
async fn an_upload_goes_on_when_the_token_that_began_it_has_expired() {
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let (client, expiry) = brief(&stage, 2);
    let upload = Upload::of_length(&client, SIZE).await;
    upload.accept(0, &file[..400_000]).await;
    let expired = eventually(|| async { now() > expiry });
    assert_eq!(expired.await, Ok(()));
    let refused = send(Upload::creation(&client).header("upload-length", SIZE)).await;
    problem(refused, 401, "unauthorized").await;
    // The client goes on with the token, as it always sends it.
    assert_eq!(upload.offset().await, 400_000);
    upload.accept(400_000, &file[400_000..800_000]).await;
    let bare = upload.from(&stage.darkroom.anonymous());
    bare.accept(800_000, &file[800_000..]).await;
    stage.holds_only(&[file]).await;
}

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
    let refused = send(upload.append(0, "plain text ".repeat(100))).await;
    problem(refused, 415, "unsupported-type").await;
    upload.terminate().await;
    stage.holds_only(&[]).await;
}

#[tokio::test]
async fn open_uploads_reserve_the_quota_that_they_will_need() {
    let setup = Setup::default().variable("quota_bytes", 3 * SIZE);
    let stage = Stage::with(setup);
    let begin = || send(Upload::creation(&stage.alice).header("upload-length", SIZE));
    let answers = join_all((0..8).map(|_| begin())).await;
    let (begun, refused): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|answer| answer.status() == 201);
    assert_eq!((begun.len(), refused.len()), (3, 5));
    for answer in refused {
        problem(answer, 507, "quota-exceeded").await;
    }
    for answer in begun {
        let upload = Upload::begun(&stage.alice, answer);
        assert_eq!(upload.terminate().await.status(), 204);
    }
    // What is not used is given back.
    let file = Png::of_size(SIZE).bytes();
    let upload = Upload::of_length(&stage.alice, SIZE).await;
    upload.send_pieces(&file, 400_000).await;
    stage.holds_only(&[file]).await;
}

#[tokio::test]
async fn a_ticket_begins_one_upload_whose_url_is_enough_to_finish_it() {
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let terms = json!({"expires_in": 60, "tags": ["by-ticket"], "max_bytes": SIZE});
    let url = stage.alice.ticket(&terms).await;
    let (_, ticket) = url.split_once("?ticket=").expect("a ticket");
    let browser = stage.darkroom.anonymous();
    let creation = || {
        let path = format!("/v1/uploads?ticket={ticket}");
        let request = super::upload::tus(&browser, reqwest::Method::POST, &path);
        send(request.header("upload-length", SIZE))
    };
    let upload = Upload::begun(&browser, creation().await);
    upload.accept(0, &file[..500_000]).await;
    let again = creation().await;
    if again.status() == 201 {
        // The answer to the first creation may have been lost.
        assert_eq!(Upload::begun(&browser, again).path, upload.path);
    } else {
        problem(again, 409, "ticket-spent").await;
    }
    upload.accept(500_000, &file[500_000..]).await;
    let images = stage.holds_only(&[file]).await;
    assert_eq!(images[0]["tags"], json!(["by-ticket"]));
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_can_be_repeated() {
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let creation = |key: &str| {
        let creation = Upload::creation(&stage.alice).header("upload-length", SIZE);
        send(creation.header("idempotency-key", key))
    };
    let upload = Upload::begun(&stage.alice, creation("one").await);
    upload.accept(0, &file[..500_000]).await;
    let again = Upload::begun(&stage.alice, creation("one").await);
    assert_eq!(again.path, upload.path);
    let other = Upload::begun(&stage.alice, creation("two").await);
    assert_ne!(other.path, upload.path);
    assert_eq!(other.terminate().await.status(), 204);
    upload.accept(500_000, &file[500_000..]).await;
    let again = Upload::begun(&stage.alice, creation("one").await);
    assert_eq!(again.offset().await, SIZE);
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
