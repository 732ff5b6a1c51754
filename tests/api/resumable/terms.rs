//! Who may begin an upload, and go on with it: tokens, tickets, keys and quotas.

use darkroom::auth::{Claims, KeyRing, token};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::Stage;
use super::upload::{Upload, tus};
use crate::support::{Client, KEYS, Png, Setup, eventually, now, problem, send};

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
async fn a_ticket_begins_one_upload_whose_url_is_enough_to_finish_it() {
    let stage = Stage::start();
    let file = Png::of_size(SIZE).bytes();
    let terms = json!({"expires_in": 60, "tags": ["by-ticket"], "max_bytes": SIZE});
    let url = stage.alice.ticket(&terms).await;
    let (_, ticket) = url.split_once("?ticket=").expect("a ticket");
    let browser = stage.darkroom.anonymous();
    let creation = || {
        let path = format!("/v1/uploads?ticket={ticket}");
        let request = tus(&browser, Method::POST, &path);
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
