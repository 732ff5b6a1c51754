//! `DELETE /v1/images/{id}`.

use serde_json::Value;

use crate::support::{Darkroom, Png, content, fixture, path, problem, unique};

#[tokio::test]
async fn a_deleted_image_is_gone_everywhere_and_for_good() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let image = alice.upload(fixture("grey.jpg").bytes).await;
    let response = alice.delete(path(&image)).await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.bytes().await.expect("no body").len(), 0);
    problem(alice.delete(path(&image)).await, 404, "not-found").await;
    problem(alice.get(path(&image)).await, 404, "not-found").await;
    problem(alice.get(content(&image)).await, 404, "not-found").await;
    assert_eq!(alice.head(content(&image)).await.status(), 404);
    assert_eq!(alice.list().await, [] as [Value; 0]);
}

#[tokio::test]
async fn content_that_another_image_shares_is_kept() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = Png::of_size(1_000_000).bytes();
    let first = alice.upload(file.clone()).await;
    let second = alice.upload(file.clone()).await;
    assert_eq!(alice.delete(path(&first)).await.status(), 204);
    assert!(alice.download(&second).await == file);
    problem(alice.get(content(&first)).await, 404, "not-found").await;
    assert_eq!(alice.delete(path(&second)).await.status(), 204);
    problem(alice.get(content(&second)).await, 404, "not-found").await;
}

#[tokio::test]
async fn deleted_content_can_be_uploaded_again() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = fixture("grey.jpg").bytes;
    for _ in 0..3 {
        let image = alice.upload(file).await;
        assert_eq!(alice.download(&image).await, file);
        assert_eq!(alice.delete(path(&image)).await.status(), 204);
    }
}

#[tokio::test]
async fn a_download_in_progress_completes_although_its_image_is_deleted() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let file = Png::of_size(20 << 20).bytes();
    let image = alice.upload(file.clone()).await;
    // This much does not fit into the buffers in between, so the rest is read later.
    let response = alice.get(content(&image)).await;
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    assert!(response.bytes().await.expect("all bytes") == file);
}
