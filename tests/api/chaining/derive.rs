//! The component that derives images, called by another one.

use super::Relay;
use crate::support::{Darkroom, FIXTURES, fixture};

#[tokio::test]
async fn every_type_is_derived_to_every_type_and_accepted_again() {
    let darkroom = Darkroom::with().with_guests().start();
    let (relay, client) = (Relay::of(&darkroom), darkroom.client("alice"));
    for fixture in FIXTURES {
        for (format, is_animated) in [
            ("jpeg", false),
            ("png", true),
            ("gif", true),
            ("webp", true),
            ("avif", false),
        ] {
            let case = format!("{} to {format}", fixture.name);
            let to = format!("derive/render?w=40&h=30&fit=squeeze&format={format}");
            let response = relay.post(&to, fixture.bytes).await;
            if fixture.content_type == "image/avif" && fixture.frames > 1 && format == "avif" {
                // The sequence would become a still without a word.
                assert_eq!(response.status(), 501, "{case}");
                continue;
            }
            assert_eq!(response.status(), 200, "{case}");
            let derived = response.bytes().await.expect("a whole body");
            let kind = format!("image/{format}");
            let image = client.upload(derived).await;
            assert_eq!(image["content_type"], kind, "{case}");
            assert_eq!(
                (&image["width"], &image["height"]),
                (&40.into(), &30.into()),
                "{case}"
            );
            let frames = if is_animated { fixture.frames } else { 1 };
            assert_eq!(image["frames"], frames, "{case}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_derived_is_refused_with_a_reason() {
    let darkroom = Darkroom::with().with_guests().start();
    let relay = Relay::of(&darkroom);
    let png = fixture("alpha.png").bytes;
    for (to, source, status, reason) in [
        ("derive/render?w=10", &png[..40], 422, "cannot be decoded"),
        ("derive/render?w=9000&fit=contain", png, 413, "8192"),
        ("derive/render?w=0", png, 400, "w"),
        ("derive/other", png, 400, "/render"),
    ] {
        let response = relay.post(to, source).await;
        assert_eq!(response.status(), status, "{to}");
        let text = response.text().await.expect("a text");
        assert!(text.contains(reason), "{to}: {text}");
    }
    assert_eq!(relay.get("derive/render?w=1").await.status(), 405);
}
