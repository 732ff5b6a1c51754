//! AVIF files that once ended an instance or kept it from answering: sizes that overflow 32 bits,
//! nested boxes, and metadata that refers to the same bytes thousands of times.

use crate::support::{Darkroom, created, fixture, problem};

fn bx(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).expect("small");
    [&size.to_be_bytes(), &name[..], content].concat()
}

/// A valid image with the content of its `meta` box changed.
fn with_meta(change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let still = fixture("still.avif").bytes;
    let at = still.windows(4).position(|name| name == b"meta");
    let at = at.expect("a meta box") - 4;
    let size = u32::from_be_bytes(*still[at..].first_chunk().expect("a size"));
    let end = at + usize::try_from(size).expect("small");
    let meta = bx(b"meta", &change(&still[at + 8..end]));
    [&still[..at], &meta, &still[end..]].concat()
}

fn nested(name: &[u8; 4], depth: u32) -> Vec<u8> {
    let boxes = (1..=depth).rev().map(|left| {
        let size = left * 12;
        [&size.to_be_bytes()[..], name, &[0; 4]].concat()
    });
    boxes.collect::<Vec<_>>().concat()
}

/// Thousands of Exif items in `idat`, all of which refer to the same 64 kB.
fn overlapping() -> Vec<u8> {
    let full = |name: &[u8; 4], version: u8, content: &[u8]| {
        bx(name, &[&[version, 0, 0, 0], content].concat())
    };
    let picture = [&[0, 1, 0, 1, 0, 0, 0, 1][..], &[0, 0, 0, 0, 0, 0, 0, 8]].concat();
    let exif = [0, 0, 0, 0, 0, 1, 0, 0].repeat(4000);
    let count = 4000u16.to_be_bytes();
    let exif = [&[0, 2, 0, 1, 0, 0][..], &count, &exif].concat();
    let places = [&[0x44, 0, 0, 2][..], &picture, &exif].concat();
    let entry = |number: u8, kind: &[u8; 4]| {
        full(b"infe", 2, &[&[0, number, 0, 0], &kind[..], b"\0"].concat())
    };
    let entries = [&[0, 2][..], &entry(1, b"av01"), &entry(2, b"Exif")].concat();
    let size = full(b"ispe", 0, &[0, 0, 0, 8, 0, 0, 0, 8]);
    let properties = [
        bx(b"ipco", &size),
        full(b"ipma", 0, &[0, 0, 0, 1, 0, 1, 1, 1]),
    ];
    with_meta(|_| {
        [
            vec![0; 4],
            full(b"pitm", 0, &[0, 1]),
            full(b"iloc", 1, &places),
            full(b"iinf", 0, &entries),
            bx(b"iprp", &properties.concat()),
            bx(b"idat", &vec![0; 65_544]),
        ]
        .concat()
    })
}

#[tokio::test]
async fn no_avif_ends_an_instance_or_keeps_it_from_answering() {
    let wrapping = include_bytes!("../../../fuzz/seeds/media/box-beyond-meta.avif").to_vec();
    let in_itself = with_meta(|content| [content, &nested(b"meta", 8000)].concat());
    for strip in ["gps", "all", "none"] {
        let darkroom = Darkroom::with().variable("strip_metadata", strip).start();
        let client = darkroom.client("mallory");
        for bytes in [&wrapping, &in_itself] {
            problem(client.send(bytes.clone()).await, 422, "undecodable-image").await;
        }
        let overlapping = client.send(overlapping()).await;
        if strip == "none" {
            created(overlapping).await;
        } else {
            problem(overlapping, 422, "undecodable-image").await;
        }
        client.upload(fixture("still.avif").bytes).await;
    }
}
