//! Uploads that end at any byte.

use futures_util::{StreamExt as _, stream};

use crate::support::{Darkroom, Raw, fixture};

const FORM: &str = "Content-Type: multipart/form-data; boundary=cut";

/// A form with one small image and a tag.
fn form() -> Vec<u8> {
    let head = b"--cut\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\ncats\r\n\
        --cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.gif\"\r\n\
        Content-Type: image/gif\r\n\r\n";
    let image = fixture("still.gif").bytes;
    [&head[..], image, b"\r\n--cut--\r\n"].concat()
}

#[tokio::test]
async fn a_form_that_is_truncated_at_any_byte_leaves_nothing() {
    let mut darkroom = Darkroom::start();
    let form = form();
    // The last two bytes only end the line of the closing boundary.
    let cuts = 0..form.len() - 2;
    let (server, whole) = (&darkroom, &form);
    let cut_at = |cut: usize| async move {
        // First with the length of the whole form, and a connection that ends before it; then with
        // the length of the part that is sent, so that the form itself is incomplete.
        let announced = format!("Content-Length: {}", whole.len());
        let mut gone = Raw::connect(server).await;
        gone.begin_upload("alice", &[FORM, &announced]).await;
        gone.send(&whole[..cut]).await;
        drop(gone);
        let mut short = Raw::connect(server).await;
        let announced = format!("Content-Length: {cut}");
        let lines = [FORM, &announced, "Connection: close"];
        short.begin_upload("alice", &lines).await;
        short.send(&whole[..cut]).await;
        let answer = short.response().await;
        assert_eq!(answer.status, 400, "cut at {cut}: {}", answer.text);
    };
    stream::iter(cuts).for_each_concurrent(16, cut_at).await;
    darkroom.holds_only(0, 0).await;
    let mut raw = Raw::connect(&darkroom).await;
    let announced = format!("Content-Length: {}", form.len());
    raw.begin_upload("alice", &[FORM, &announced]).await;
    raw.send(&form).await;
    assert_eq!(raw.response().await.status, 201);
    darkroom.ends_with(1, 1);
}
