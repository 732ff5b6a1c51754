//! Two hosts of one deployment, with one catalog and one blob store.

use super::upload::Upload;
use super::{CHUNK, Stage};
use crate::support::{Darkroom, Png, send};

#[tokio::test]
async fn each_of_two_hosts_goes_on_with_the_uploads_of_the_other() {
    const PIECE: usize = 150_000;
    let stage = Stage::start();
    let other = Darkroom::with()
        .variable("late_write_seconds", 1)
        .variable("delete_grace_seconds", 1)
        .on_stores_of(&stage.darkroom)
        .start();
    let mut files = Vec::new();
    // Pieces from both in turn, with the last from either.
    for size in [2 * CHUNK + 7, 1_234_567, 1_400_000] {
        let file = Png::of_size(size).bytes();
        let here = Upload::of_length(&stage.alice, size).await;
        let there = here.from(&other.client("alice"));
        let hosts = [&here, &there];
        for (index, piece) in file.chunks(PIECE).enumerate() {
            let host = hosts[index % 2];
            assert_eq!(host.offset().await, index * PIECE);
            host.accept(index * PIECE, piece).await;
        }
        files.push(file);
    }
    // Of the same piece at both, one is stored.
    let file = Png::of_size(1_000_000).bytes();
    let here = Upload::of_length(&stage.alice, file.len()).await;
    let there = here.from(&other.client("alice"));
    for from in (0..file.len()).step_by(200_000) {
        let piece = file.slice(from..from + 200_000);
        let (one, two) = tokio::join!(
            send(here.append(from, piece.clone())),
            send(there.append(from, piece))
        );
        let mut statuses = [one.status().as_u16(), two.status().as_u16()];
        statuses.sort_unstable();
        // The last piece of an upload that is complete may be sent again.
        let is_last = from + 200_000 == file.len();
        let expected = if is_last { [204, 204] } else { [204, 409] };
        assert_eq!(statuses, expected, "from {from}");
    }
    files.push(file);
    stage.holds_only(&files).await;
}
