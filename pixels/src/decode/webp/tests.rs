//! WebP against what was encoded.

use crate::NoPause;
use crate::decode::{Format, Wanted, shrink};
use crate::testing::{FULL, picture, psnr_of, read};
use crate::{Frame, Image, Layout, Limits};

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = &[0][..content.len() % 2];
    let length = (content.len() as u32).to_le_bytes();
    [&name[..], &length, content, padding].concat()
}

/// Encodes a picture without loss, with metadata.
fn lossless(image: &Image) -> Vec<u8> {
    let colours = match image.layout() {
        Layout::Rgba => image_webp::ColorType::Rgba8,
        _ => image_webp::ColorType::Rgb8,
    };
    let mut file = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut file);
    encoder.set_icc_profile(vec![5; 100]);
    encoder
        .set_exif_metadata(b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0".to_vec());
    encoder
        .encode(image.pixels(), image.width(), image.height(), colours)
        .unwrap();
    file
}

#[test]
fn what_is_coded_without_loss_comes_out_as_it_went_in() {
    for layout in [Layout::Rgb, Layout::Rgba] {
        let image = picture(33, 21, layout);
        let (info, frames) = read(&lossless(&image), &FULL);
        assert_eq!(
            (info.format, info.width, info.height),
            (Format::Webp, 33, 21)
        );
        assert_eq!((info.orientation, info.icc), (8, Some(vec![5; 100])));
        assert_eq!(
            (info.has_alpha, info.frames, info.loop_count),
            (layout.has_alpha(), 1, 1)
        );
        assert_eq!(
            frames,
            [Frame {
                image,
                shrink: 1.into(),
                delay: 0
            }]
        );
    }
}

#[test]
fn lossy_pictures_and_animations_are_decoded() {
    let (info, frames) = read(
        include_bytes!("../../../../tests/fixtures/lossy.webp"),
        &FULL,
    );
    assert_eq!((info.width, info.height, frames.len()), (120, 90, 1));
    let animated = include_bytes!("../../../../tests/fixtures/animated.webp");
    let (info, frames) = read(animated, &FULL);
    assert_eq!((info.frames, info.loop_count, frames.len()), (5, 0, 5));
    assert!(frames.iter().all(|frame| frame.delay == 80));
    assert_ne!(frames[0].image, frames[4].image);
    let (_, first) = read(
        animated,
        &Wanted {
            first_frame_only: true,
            ..FULL
        },
    );
    assert_eq!(first[..], frames[..1]);
    // Without its last bytes, the last frame.
    let (_, cut) = read(&animated[..animated.len() - 60], &FULL);
    assert_eq!(cut[..], frames[..4]);
}

#[test]
fn frames_are_disposed_of_to_transparency() {
    let image = |side: u32, colour: [u8; 4]| {
        let pixels = colour.repeat((side * side) as usize);
        let mut file = Vec::new();
        let encoder = image_webp::WebPEncoder::new(&mut file);
        encoder
            .encode(&pixels, side, side, image_webp::ColorType::Rgba8)
            .unwrap();
        file.split_off(12)
    };
    let frame = |side: u8, colour: [u8; 4], flags: u8| {
        let head = [
            0,
            0,
            0,
            0,
            0,
            0,
            side - 1,
            0,
            0,
            side - 1,
            0,
            0,
            40,
            0,
            0,
            flags,
        ];
        chunk(b"ANMF", &[&head[..], &image(side.into(), colour)].concat())
    };
    // The canvas has 4 x 4 pixels, alpha and frames; the colour that it states is ignored.
    let body = [
        chunk(b"VP8X", &[0x12, 0, 0, 0, 3, 0, 0, 3, 0, 0]),
        chunk(b"ANIM", &[9, 9, 9, 255, 2, 0]),
        frame(4, [255, 0, 0, 255], 1),
        frame(2, [0, 0, 255, 255], 0),
    ]
    .concat();
    let file = chunk(b"RIFF", &[b"WEBP", &body[..]].concat());
    let (info, frames) = read(&file, &FULL);
    assert_eq!((info.frames, info.loop_count, info.has_alpha), (2, 2, true));
    assert_eq!(frames[0].image.pixels(), [255, 0, 0, 255].repeat(16));
    let row = [[0, 0, 255, 255], [0, 0, 255, 255], [0; 4], [0; 4]].concat();
    assert_eq!(
        frames[1].image.pixels(),
        [row.repeat(2), vec![0; 32]].concat()
    );
    assert_eq!(frames[1].delay, 40);
}

#[test]
fn pictures_are_reduced() {
    let image = picture(120, 90, Layout::Rgb);
    let (_, frames) = read(
        &lossless(&image),
        &Wanted {
            at_least: (30, 20),
            ..FULL
        },
    );
    assert_eq!((frames[0].shrink, frames[0].image.width()), (4.into(), 30));
    let whole = shrink::shrink(image, 4, &Limits::default(), &NoPause).unwrap();
    assert!(psnr_of(frames[0].image.pixels(), whole.pixels()) > 90.0);
}
