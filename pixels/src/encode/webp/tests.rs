use super::*;
use crate::testing::pictures::{graphic, photo};
use crate::{Limits, NoPause};
use darkroom_transform::Format;

fn encoded(image: Image, quality: Option<u8>) -> Vec<u8> {
    let limits = Limits::default();
    let settings = Settings {
        format: Format::Webp,
        quality,
        loop_count: 0,
        thrift: 0,
        limits: &limits,
        pause: &NoPause,
    };
    encode(image, &settings).expect("a file")
}

/// The kinds of the chunks of a file, and their lengths.
fn chunks(file: &[u8]) -> Vec<(String, usize)> {
    let mut rest = &file[12..];
    let mut chunks = Vec::new();
    while let Some((head, data)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes(head[4..].try_into().expect("four bytes")) as usize;
        chunks.push((String::from_utf8_lossy(&head[..4]).into_owned(), length));
        rest = &data[length.next_multiple_of(2).min(data.len())..];
    }
    chunks
}

fn kinds(file: &[u8]) -> Vec<String> {
    chunks(file).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn a_photo_is_lossy_and_a_graphic_lossless() {
    assert_eq!(kinds(&encoded(photo(90, 70, Layout::Rgb), None)), ["VP8 "]);
    assert_eq!(
        kinds(&encoded(graphic(90, 70, Layout::Rgb), None)),
        ["VP8L"]
    );
    assert_eq!(
        kinds(&encoded(photo(90, 70, Layout::Rgba), None)),
        ["VP8X", "ALPH", "VP8 "]
    );
}

#[test]
fn a_file_says_how_long_it_is() {
    for (width, height) in [(1, 1), (2, 1), (1, 7), (17, 16), (33, 65)] {
        for layout in [Layout::Grey, Layout::GreyAlpha, Layout::Rgb, Layout::Rgba] {
            let file = encoded(photo(width, height, layout), Some(50));
            let length = u32::from_le_bytes(file[4..8].try_into().expect("four bytes"));
            assert_eq!(length as usize + 8, file.len());
            let body: usize = chunks(&file)
                .iter()
                .map(|(_, n)| 8 + n.next_multiple_of(2))
                .sum();
            assert_eq!(body + 12, file.len());
        }
    }
}

#[test]
fn qualities_grow() {
    let scaled: Vec<u8> = (1..=100).map(scale).collect();
    assert!(scaled.is_sorted());
    assert_eq!((scaled[0], scaled[79], scaled[99]), (3, 85, 100));
}
