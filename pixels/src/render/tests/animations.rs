use super::*;
use crate::Layout;
use crate::encode::{Animation, Settings};
use crate::testing::pictures::{flat, graphic, photo};
use crate::testing::psnr;

/// A file of these frames, encoded by this crate.
fn animated(format: Format, frames: &[(Image, u32)], loop_count: u32) -> Vec<u8> {
    let limits = Limits::default();
    let settings = Settings {
        format,
        quality: None,
        loop_count,
        thrift: 0,
        limits: &limits,
        pause: &NoPause,
    };
    let mut animation = Animation::new(settings).expect("a format with animations");
    for (image, delay) in frames {
        animation.push(image.clone(), *delay).expect("a frame");
    }
    animation.finish().expect("a file")
}

/// A square that moves over a background, which may be transparent.
fn moving(count: u32, background: [u8; 4]) -> Vec<(Image, u32)> {
    let frame = |number: u32| {
        let mut image = flat(120, 80, Layout::Rgba, &background);
        for (index, pixel) in image.pixels_mut().chunks_exact_mut(4).enumerate() {
            let (x, y) = (index as u32 % 120, index as u32 / 120);
            let left = number * 7 % 90;
            if (left..left + 24).contains(&x) && (20..50).contains(&y) {
                pixel.copy_from_slice(&[230, 60, 20, 255]);
            }
        }
        (image, 40 + number % 3 * 50)
    };
    (0..count).map(frame).collect()
}

const FORMATS: [Format; 3] = [Format::Gif, Format::Png, Format::Webp];

#[test]
fn frames_delays_and_loops_survive_in_every_format() {
    for from in FORMATS {
        for to in FORMATS {
            for loop_count in [0, 1, 5] {
                let original = moving(6, [240, 240, 255, 255]);
                let source = animated(from, &original, loop_count);
                let rendered = derive(&source, &format!("w=60&format={to}"));
                let (info, found) = frames(&rendered.bytes);
                let what = format!("{from} to {to}, {loop_count} loops");
                assert_eq!((info.frames, rendered.frames), (6, 6), "{what}");
                assert!(!rendered.frames_dropped, "{what}");
                assert_eq!(info.loop_count, loop_count, "{what}");
                assert_eq!((rendered.width, rendered.height), (60, 40), "{what}");
                for (found, original) in found.iter().zip(&original) {
                    assert_eq!(found.1, original.1, "{what}");
                }
            }
        }
    }
}

#[test]
fn every_frame_looks_as_it_did_also_where_it_is_transparent() {
    for background in [[240, 240, 255, 255], [0, 0, 0, 0]] {
        let original = moving(9, background);
        for from in FORMATS {
            let source = animated(from, &original, 0);
            for to in FORMATS {
                let rendered = derive(&source, &format!("w=60&format={to}"));
                let (_, found) = frames(&rendered.bytes);
                for (number, ((found, _), (original, _))) in found.iter().zip(&original).enumerate()
                {
                    let still = png(original.clone());
                    let expected = picture(&derive(&still, &format!("w=60&format={to}")).bytes);
                    let shown = |image: &Image| {
                        let white = darkroom_transform::Background::WHITE;
                        let image = image.clone();
                        to_rgba(crate::ops::canvas::on_background(image, white, &NoPause))
                    };
                    let quality = psnr(&shown(found), &shown(&expected));
                    assert!(
                        quality > 25.0,
                        "{from} to {to}, frame {number}: {quality:.1} dB"
                    );
                    let clear = |image: &Image| {
                        image
                            .pixels()
                            .chunks_exact(4)
                            .filter(|pixel| pixel[3] < 128)
                            .count()
                    };
                    let difference = clear(found).abs_diff(clear(&expected));
                    assert!(
                        difference < 40,
                        "{from} to {to}, frame {number}: {difference}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_gif_does_not_grow_when_its_box_shrinks() {
    let photos = |number: u32| {
        let image = photo(200, 150, Layout::Rgba);
        let part = crate::ops::resize::Part {
            x: f64::from(number),
            y: f64::from(number) / 2.0,
            width: 160.0,
            height: 120.0,
        };
        let scaled = crate::ops::resize::Scaler::default();
        let filter = crate::ops::resize::Filter::Sharp;
        let mut scaled = scaled;
        let mut image = scaled
            .resize(image, part, (160, 120), filter, &NoPause)
            .expect("a picture");
        image
            .pixels_mut()
            .chunks_exact_mut(4)
            .for_each(|pixel| pixel[3] = 255);
        (image, 50)
    };
    let graphics = |number: u32| {
        let mut image = to_rgba(graphic(160, 120, Layout::Rgb));
        for (index, pixel) in image.pixels_mut().chunks_exact_mut(4).enumerate() {
            if index as u32 % 160 / 8 == number {
                pixel.copy_from_slice(&[255, 255, 255, 255]);
            }
        }
        (image, 50)
    };
    let sources = [
        moving(20, [240, 240, 255, 255]),
        moving(20, [0, 0, 0, 0]),
        (0..12).map(photos).collect(),
        (0..20).map(graphics).collect(),
    ];
    for (number, original) in sources.iter().enumerate() {
        let source = animated(Format::Gif, original, 0);
        let (width, _) = (original[0].0.width(), 0);
        for side in [width, width - 1, width * 3 / 4, width / 2, width / 4] {
            let rendered = derive(&source, &format!("w={side}"));
            let (before, after) = (source.len(), rendered.bytes.len());
            assert!(
                after <= before,
                "source {number}, {side} wide: {before} became {after}"
            );
            assert_eq!(rendered.frames as usize, original.len());
        }
    }
}

#[test]
fn a_still_of_an_animation_is_its_first_frame() {
    let source = animated(Format::Gif, &moving(5, [240, 240, 255, 255]), 0);
    let first = pixel(&picture(&derive(&source, "anim=0&format=png").bytes), 5, 30);
    assert_eq!(first, [230, 60, 20, 255]);
    for text in [
        "anim=0",
        "format=jpeg",
        "format=jpeg&w=30",
        "anim=0&format=webp",
        "format=avif",
    ] {
        let rendered = derive(&source, text);
        assert_eq!(
            (rendered.frames, rendered.frames_dropped),
            (1, true),
            "{text}"
        );
    }
}

#[test]
fn budgets_of_frames_and_pixels_hold() {
    let source = animated(Format::Gif, &moving(5, [0, 0, 0, 255]), 0);
    let with = |limits: Limits, text: &str| render(&source, &transform(text), &limits, &NoPause);
    let few_frames = Limits {
        max_frames: 4,
        ..Limits::default()
    };
    let few_pixels = Limits {
        max_pixels: 120 * 80 * 5 - 1,
        ..Limits::default()
    };
    for limits in [few_frames, few_pixels] {
        assert!(matches!(with(limits, "w=60"), Err(Error::TooCostly { .. })));
        assert!(
            with(limits, "w=60&anim=0").is_ok(),
            "the first frame is within the budget"
        );
    }
}

#[test]
fn one_frame_that_lasts_and_nothing_that_changes_are_kept() {
    let image = flat(30, 20, Layout::Rgba, &[9, 99, 199, 255]);
    let original = [(image.clone(), 100), (image.clone(), 70_000), (image, 10)];
    for format in FORMATS {
        let source = animated(format, &original, 0);
        let rendered = derive(&source, "w=15");
        let (info, found) = frames(&rendered.bytes);
        assert_eq!(info.frames, 3, "{format}");
        let delays: Vec<u32> = found.iter().map(|(_, delay)| *delay).collect();
        assert_eq!(delays, [100, 70_000, 10], "{format}");
        assert!(
            rendered.bytes.len() < 500,
            "{format}: {}",
            rendered.bytes.len()
        );
    }
}
