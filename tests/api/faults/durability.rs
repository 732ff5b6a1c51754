//! An image that was acknowledged with 201 stays, whatever happens next.

use crate::support::{Darkroom, Png, content, fixture, path, spin_differs};

#[tokio::test]
async fn images_survive_a_restart() {
    let mut darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let large = Png::of_size(2_000_000).bytes();
    let first = alice.upload(fixture("still.avif").bytes).await;
    let second = alice.upload(large.clone()).await;
    let third = alice.upload(fixture("still.gif").bytes).await;
    assert_eq!(alice.delete(path(&third)).await.status(), 204);
    darkroom.stop();
    darkroom.start_again();
    let alice = darkroom.client("alice");
    assert_eq!(alice.download(&first).await, fixture("still.avif").bytes);
    assert!(alice.download(&second).await == large);
    assert_eq!(alice.get(content(&third)).await.status(), 404);
    assert_eq!(alice.list().await, [second, first]);
}

#[tokio::test]
async fn an_image_survives_a_crash_right_after_its_answer() {
    let mut darkroom = Darkroom::start();
    let mut kept = Vec::new();
    for size in [5_000, 600_000, 3_000_000] {
        let file = Png::of_size(size).bytes();
        let image = darkroom.client("alice").upload(file.clone()).await;
        darkroom.kill();
        kept.insert(0, (image, file));
        darkroom.start_again();
    }
    let alice = darkroom.client("alice");
    for (image, file) in &kept {
        assert!(alice.download(image).await == *file);
    }
    let images: Vec<_> = kept.into_iter().map(|(image, _)| image).collect();
    assert_eq!(alice.list().await, images);
}

#[tokio::test]
async fn a_deletion_survives_a_crash_right_after_its_answer() {
    let mut darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("still.gif").bytes).await;
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    darkroom.kill();
    darkroom.start_again();
    let alice = darkroom.client("alice");
    assert_eq!(alice.get(path(&image)).await.status(), 404);
    assert!(alice.list().await.is_empty());
}

#[tokio::test]
async fn a_graceful_end_lets_a_download_in_progress_finish() {
    if spin_differs("it ends immediately") {
        return;
    }
    let mut darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(20 << 20).bytes();
    let image = alice.upload(file.clone()).await;
    let response = alice.get(content(&image)).await;
    let rest = tokio::spawn(response.bytes());
    tokio::task::spawn_blocking(move || darkroom.stop())
        .await
        .expect("it ends");
    assert!(rest.await.expect("a task").expect("all bytes") == file);
}
