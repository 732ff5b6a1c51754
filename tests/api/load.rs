//! Many clients at once.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;

use crate::support::{Darkroom, Png, content, path, unique};

/// A size that differs from run to run: from small to a few chunks.
fn any_size(seed: usize) -> usize {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = now.expect("after 1970").subsec_nanos() as usize;
    let mixed = (nanos ^ (seed << 7)).wrapping_mul(0x9e37_79b9) >> 3;
    Png::SMALLEST + mixed % (1 << (8 + seed % 14))
}

#[tokio::test]
async fn many_clients_at_once_each_get_their_own_bytes() {
    let darkroom = Darkroom::start();
    let clients = (0..32).map(|number| {
        let client = darkroom.client(&format!("client-{number}"));
        async move {
            for round in 0..4 {
                let file = Png::of_size(any_size(number + round * 7)).bytes();
                let image = client.upload(file.clone()).await;
                assert_eq!(image["size"], file.len());
                assert!(client.download(&image).await == file, "{image}");
                assert_eq!(client.delete(path(&image)).await.status(), 204);
                assert_eq!(client.get(content(&image)).await.status(), 404);
                assert!(client.list().await.is_empty());
            }
        }
    });
    join_all(clients).await;
    assert_eq!(darkroom.images(), 0);
}

#[tokio::test]
async fn equal_content_from_many_uploads_at_once_is_stored_once() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(900_000).bytes();
    let images = join_all((0..16).map(|_| alice.upload(file.clone()))).await;
    darkroom.holds_only(16, 3).await;
    let gone = join_all(images[1..].iter().map(|image| alice.delete(path(image)))).await;
    assert!(gone.iter().all(|response| response.status() == 204));
    assert!(alice.download(&images[0]).await == file);
}

#[tokio::test]
async fn one_of_many_concurrent_deletions_succeeds() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(Png::of_size(500).bytes()).await;
    let answers = join_all((0..8).map(|_| alice.delete(path(&image)))).await;
    let count = |status: u16| {
        let same = answers.iter().filter(|answer| answer.status() == status);
        same.count()
    };
    assert_eq!((count(204), count(404)), (1, 7));
}

#[tokio::test]
async fn content_that_is_uploaded_while_an_equal_image_is_deleted_is_not_lost() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = Png::of_size(500_000).bytes();
    let mut image = alice.upload(file.clone()).await;
    for _ in 0..30 {
        let (gone, next) = tokio::join!(alice.delete(path(&image)), alice.upload(file.clone()));
        assert_eq!(gone.status(), 204);
        image = next;
        assert!(alice.download(&image).await == file, "{image}");
    }
}
