//! Each operation in each format, against what the operation does to the pixels themselves.

use super::*;
use crate::Layout;
use crate::ops::resize::{Filter, Part, Scaler};
use crate::ops::{alpha, filter};
use crate::testing::pictures::{Source, graphic, photo};
use crate::testing::psnr;

/// The picture at another size, all of it, decoded whole.
fn scaled(image: &Image, part: (f64, f64, f64, f64), size: (u32, u32)) -> Image {
    let (x, y, width, height) = part;
    let part = Part {
        x,
        y,
        width,
        height,
    };
    let scaled = Scaler::default().resize(image.clone(), part, size, Filter::Sharp, &NoPause);
    scaled.expect("a picture")
}

#[test]
fn each_operation_is_near_to_its_definition_in_each_format() {
    let original = photo(400, 300, Layout::Rgb);
    let source = Source::new(original.clone()).png();
    let whole = (0.0, 0.0, 400.0, 300.0);
    let half = scaled(&original, whole, (200, 150));
    let blurred = |image: &Image, sigma| {
        filter::blur(image.clone(), sigma, &mut Scaler::default(), &NoPause).expect("a picture")
    };
    let references = [
        ("", original.clone()),
        ("w=200", half.clone()),
        (
            "crop=100,50,160,120",
            scaled(&original, (100.0, 50.0, 160.0, 120.0), (160, 120)),
        ),
        (
            "w=100&h=100&fit=cover",
            scaled(&original, (50.0, 0.0, 300.0, 300.0), (100, 100)),
        ),
        ("w=500&fit=contain", scaled(&original, whole, (500, 375))),
        (
            "w=150&h=150&fit=squeeze",
            scaled(&original, whole, (150, 150)),
        ),
        ("w=200&blur=2", blurred(&half, 2.0)),
        ("w=200&blur=20", blurred(&half, 20.0)),
        (
            "w=200&sharpen=1",
            filter::sharpen(half.clone(), 1.0, &NoPause),
        ),
    ];
    for (text, reference) in references {
        let reference = alpha::to_rgba(reference);
        for (format, least) in [("png", 38.0), ("jpeg", 32.0), ("webp", 31.0), ("gif", 27.0)] {
            let text = format!("{text}&format={format}");
            let text = text.trim_start_matches('&');
            let image = picture(&derive(&source, text).bytes);
            let quality = psnr(&image, &reference);
            assert!(quality > least, "{text}: {quality:.1} dB");
        }
    }
}

#[test]
fn quality_buys_fidelity_for_bytes() {
    let original = photo(300, 200, Layout::Rgb);
    let reference = alpha::to_rgba(original.clone());
    let source = Source::new(original).png();
    for (format, least) in [("jpeg", 40.0), ("webp", 38.0), ("png", 33.0), ("gif", 33.0)] {
        let mut last = (0.0, 0);
        for q in [10, 40, 70, 95] {
            let rendered = derive(&source, &format!("format={format}&q={q}"));
            let quality = psnr(&picture(&rendered.bytes), &reference);
            let bytes = rendered.bytes.len();
            assert!(
                quality > last.0 && bytes > last.1,
                "{format}, q {q}: {quality:.1} dB, {bytes}"
            );
            last = (quality, bytes);
        }
        assert!(last.0 > least, "{format}: {last:?}");
    }
}

#[test]
fn a_graphic_stays_exact_and_small() {
    let original = graphic(320, 240, Layout::Rgb);
    let reference = alpha::to_rgba(original.clone());
    let source = Source::new(original).png();
    for format in ["png", "webp", "gif"] {
        let rendered = derive(&source, &format!("format={format}"));
        assert_eq!(picture(&rendered.bytes), reference, "{format}");
        assert!(
            rendered.bytes.len() < 6_000,
            "{format}: {} bytes",
            rendered.bytes.len()
        );
    }
}

#[test]
fn a_photo_is_smaller_as_webp_than_as_jpeg_and_png() {
    let source = Source::new(photo(400, 300, Layout::Rgb)).png();
    let bytes = |format: &str| derive(&source, &format!("format={format}")).bytes.len();
    let (webp, jpeg, png) = (bytes("webp"), bytes("jpeg"), bytes("png"));
    assert!(webp < jpeg && jpeg < png, "{webp} {jpeg} {png}");
}

#[test]
fn transparency_is_kept_and_its_hidden_colours_are_not_seen() {
    // Opaque red in the middle of transparent green.
    let mut pixels = Vec::new();
    for (x, y) in (0..64_i32).flat_map(|y| (0..64_i32).map(move |x| (x, y))) {
        let inside = (x - 32).pow(2) + (y - 32).pow(2) < 400;
        pixels.extend(if inside {
            [220, 20, 20, 255]
        } else {
            [0, 255, 0, 0]
        });
    }
    let source = png(Image::of(64, 64, Layout::Rgba, pixels));
    for format in ["png", "webp", "gif"] {
        for text in ["w=32", "w=100&fit=contain", "blur=2", "sharpen=3"] {
            let image = picture(&derive(&source, &format!("{text}&format={format}")).bytes);
            let (mut seen, mut clear) = (0, 0);
            for pixel in image.pixels().chunks_exact(4) {
                let green = i32::from(pixel[1]) - i32::from(pixel[0]);
                assert!(pixel[3] < 32 || green < 0, "{text} as {format}: {pixel:?}");
                seen += usize::from(pixel[3] > 250);
                clear += usize::from(pixel[3] < 5);
            }
            assert!(
                seen > 150 && clear > 200,
                "{text} as {format}: {seen}, {clear}"
            );
        }
    }
}

#[test]
fn alpha_in_webp_is_exact() {
    let image = photo(120, 80, Layout::Rgba);
    let source = png(image.clone());
    let found = picture(&derive(&source, "format=webp&q=60").bytes);
    let alphas = |image: &Image| {
        image
            .pixels()
            .chunks_exact(4)
            .map(|p| p[3])
            .collect::<Vec<_>>()
    };
    assert_eq!(alphas(&found), alphas(&image));
}

#[test]
fn avif_looks_like_its_picture() {
    let original = photo(160, 120, Layout::Rgb);
    let source = Source::new(original.clone()).png();
    let whole = (0.0, 0.0, 160.0, 120.0);
    for (text, reference) in [
        ("format=avif", original.clone()),
        ("w=81&format=avif&q=80", scaled(&original, whole, (81, 61))),
    ] {
        let quality = psnr(
            &picture(&derive(&source, text).bytes),
            &alpha::to_rgba(reference),
        );
        assert!(quality > 30.0, "{text}: {quality:.1} dB");
    }
    let clear = png(photo(64, 48, Layout::Rgba));
    let found = picture(&derive(&clear, "format=avif&q=90").bytes);
    let reference = picture(&clear);
    let alphas = found
        .pixels()
        .iter()
        .zip(reference.pixels())
        .skip(3)
        .step_by(4);
    let worst = alphas.map(|(one, other)| one.abs_diff(*other)).max();
    assert!(worst < Some(24), "{worst:?}");
}

#[test]
fn avif_has_its_size_and_its_budget() {
    let source = Source::new(photo(120, 80, Layout::Rgb)).png();
    let rendered = derive(&source, "w=60&format=avif");
    assert_eq!(
        (rendered.width, rendered.height, rendered.format),
        (60, 40, Format::Avif)
    );
    // The property of the picture's size (ISO/IEC 23008-12, section 6.5.3).
    let size: Vec<u8> = [60_u32, 40]
        .iter()
        .flat_map(|side| side.to_be_bytes())
        .collect();
    let ispe = [b"ispe\0\0\0\0".to_vec(), size].concat();
    assert!(
        rendered
            .bytes
            .windows(ispe.len())
            .any(|window| window == ispe)
    );
    let limits = Limits {
        max_avif_pixels: 2399,
        ..Limits::default()
    };
    let over = render(&source, &transform("w=60&format=avif"), &limits, &NoPause);
    assert!(
        matches!(over, Err(Error::TooCostly { needed: 2400, .. })),
        "{over:?}"
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let source = Source::new(photo(200, 150, Layout::Rgb)).png();
    for format in ["jpeg", "png", "png&q=60", "webp", "gif", "avif"] {
        let text = format!("w=90&h=90&fit=cover&gravity=auto&format={format}");
        assert_eq!(derive(&source, &text), derive(&source, &text), "{text}");
    }
}

/// Counts how often others may run.
#[derive(Default)]
struct Counter(std::cell::Cell<u32>);

impl crate::Pause for Counter {
    fn pause(&self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn others_may_run_all_along() {
    let source = Source::new(photo(400, 300, Layout::Rgb)).jpeg(80);
    // Once a row, or once a block of 16 × 16, of the result.
    for (text, least) in [
        ("format=jpeg", 300),
        ("format=webp", 25 * 19),
        ("format=jpeg&blur=3", 900),
        ("format=jpeg&rotate=90", 700),
        ("format=png&w=500&h=500&fit=pad", 300),
    ] {
        let counter = Counter::default();
        let rendered = render(&source, &transform(text), &Limits::default(), &counter);
        assert!(rendered.is_ok());
        assert!(counter.0.get() >= least, "{text}: {}", counter.0.get());
    }
}
