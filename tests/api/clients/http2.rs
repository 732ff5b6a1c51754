//! HTTP/2 without TLS, as a proxy in front may use it.

use crate::support::{Darkroom, Png, content, fixture, header, path, unique};

#[tokio::test]
async fn images_are_uploaded_and_downloaded_over_http2() {
    let alice = Darkroom::shared().client(&unique("alice")).over_http2();
    let large = Png::of_size(3_000_000).bytes();
    let first = alice.upload(fixture("animated.gif").bytes).await;
    let second = alice.upload(large.clone()).await;
    let response = alice.get(content(&first)).await;
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert_eq!(header(&response, "content-type"), "image/gif");
    assert_eq!(
        response.bytes().await.expect("a body"),
        fixture("animated.gif").bytes
    );
    let downloads = (0..8).map(|_| alice.download(&second));
    for body in futures_util::future::join_all(downloads).await {
        assert!(body == large);
    }
    assert_eq!(alice.delete(path(&first)).await.status(), 204);
    assert_eq!(alice.list().await, [second]);
}
