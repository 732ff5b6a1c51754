//! Two hosts on the same files.

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::{Client, Darkroom, Png, chore, path};

/// The ids of the images that this host lists.
async fn ids(client: &Client) -> Vec<Value> {
    let images = client.list().await.into_iter();
    images.map(|image| image["id"].clone()).collect()
}

#[tokio::test]
async fn two_hosts_on_the_same_files_serve_and_change_the_same_images() {
    let first = Darkroom::start();
    let second = Darkroom::with().on_stores_of(&first).start();
    let clients = [first.client("alice"), second.client("alice")];
    for round in 0..4 {
        let files: Vec<_> = (0..12)
            .map(|n| Png::of_size(300_000 + 100 * round + n).bytes())
            .collect();
        let uploads = files.iter().zip(clients.iter().cycle());
        let images = join_all(uploads.map(|(file, client)| client.upload(file.clone()))).await;
        assert_eq!(ids(&clients[0]).await, ids(&clients[1]).await);
        // Each host reads and deletes what the other one has written.
        let others = || images.iter().zip(clients.iter().rev().cycle());
        let downloads = join_all(others().map(|(image, client)| client.download(image))).await;
        assert!(downloads == files, "in round {round}");
        let deletions = others()
            .skip(2)
            .map(|(image, client)| client.delete(path(image)));
        for response in join_all(deletions).await {
            assert_eq!(response.status(), 204);
        }
    }
    assert_eq!(ids(&clients[0]).await.len(), 8);
    for darkroom in [&first, &second] {
        let checked = chore(&["fsck", "--url", darkroom.address()], None);
        assert!(checked.succeeded, "{}", checked.text);
    }
}
