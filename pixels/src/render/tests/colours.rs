use super::*;
use crate::Layout;
use crate::testing::pictures::{Source, flat, inks_profile, photo};
use crate::testing::psnr;
use moxcms::ColorProfile;

fn profile(profile: &ColorProfile) -> Vec<u8> {
    profile.encode().expect("a profile")
}

/// The colour of a picture of one colour, stored with a profile.
fn shown(colour: [u8; 3], icc: &[u8], format: &str) -> [u8; 4] {
    let image = flat(64, 48, Layout::Rgb, &colour);
    let source = Source::new(image).icc(icc);
    let file = if format == "png" {
        source.png()
    } else {
        source.jpeg(100)
    };
    pixel(&picture(&derive(&file, "w=32&format=png").bytes), 16, 12)
}

/// The same in floating point: linear light, a matrix, sRGB (IEC 61966-2-1).
fn by_definition(colour: [u8; 3], gamma: fn(f64) -> f64, matrix: [[f64; 3]; 3]) -> [u8; 4] {
    let linear = colour.map(|value| gamma(f64::from(value) / 255.0));
    let row = |row: [f64; 3]| {
        let sum: f64 = row
            .iter()
            .zip(linear)
            .map(|(factor, value)| factor * value)
            .sum();
        let sum = sum.clamp(0.0, 1.0);
        let encoded = if sum <= 0.003_130_8 {
            sum * 12.92
        } else {
            1.055 * sum.powf(1.0 / 2.4) - 0.055
        };
        (encoded * 255.0).round() as u8
    };
    [row(matrix[0]), row(matrix[1]), row(matrix[2]), 255]
}

fn srgb_to_linear(value: f64) -> f64 {
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

const P3_TO_SRGB: [[f64; 3]; 3] = [
    [1.224_940, -0.224_940, 0.0],
    [-0.042_057, 1.042_057, 0.0],
    [-0.019_638, -0.078_636, 1.098_274],
];

const ADOBE_TO_SRGB: [[f64; 3]; 3] = [
    [1.398_36, -0.398_36, 0.0],
    [0.0, 1.0, 0.0],
    [0.0, -0.042_929, 1.042_929],
];

#[test]
fn wide_colours_become_srgb_and_not_dull() {
    let p3 = profile(&ColorProfile::new_display_p3());
    let adobe = profile(&ColorProfile::new_adobe_rgb());
    for colour in [
        [200, 90, 60],
        [90, 180, 80],
        [60, 70, 190],
        [128, 128, 128],
        [240, 200, 180],
    ] {
        for format in ["png", "jpeg"] {
            let found = shown(colour, &p3, format);
            let expected = by_definition(colour, srgb_to_linear, P3_TO_SRGB);
            assert!(
                close(found, expected),
                "P3 {colour:?}: {found:?}, not {expected:?}"
            );
            let found = shown(colour, &adobe, format);
            let expected = by_definition(colour, |value| value.powf(563.0 / 256.0), ADOBE_TO_SRGB);
            assert!(
                close(found, expected),
                "Adobe RGB {colour:?}: {found:?}, not {expected:?}"
            );
        }
    }
    // The red that was missing: P3 taken for sRGB would stay 200.
    assert!(shown([200, 90, 60], &p3, "png")[0] > 208);
}

fn close(one: [u8; 4], other: [u8; 4]) -> bool {
    one.iter()
        .zip(other)
        .all(|(one, other)| one.abs_diff(other) <= 3)
}

#[test]
fn srgb_and_damaged_profiles_change_nothing() {
    let colour = [201, 99, 33];
    let srgb = profile(&ColorProfile::new_srgb());
    for icc in [&srgb[..], b"no profile", &[0; 200], &srgb[..300]] {
        assert_eq!(shown(colour, icc, "png"), [201, 99, 33, 255]);
    }
}

#[test]
fn a_profile_of_grey_is_applied_to_grey() {
    let icc = profile(&ColorProfile::new_gray_with_gamma(1.0));
    let source = Source::new(flat(40, 40, Layout::Grey, &[128])).icc(&icc);
    let found = pixel(&picture(&derive(&source.png(), "w=20").bytes), 9, 9);
    // Half of the light is 188 in sRGB.
    assert!(close(found, [188, 188, 188, 255]), "{found:?}");
}

#[test]
fn red_ink_is_red_with_and_without_a_profile() {
    // Magenta and yellow.
    let red = flat(64, 64, Layout::Cmyk, &[0, 255, 255, 0]);
    let cyan = flat(64, 64, Layout::Cmyk, &[255, 0, 0, 0]);
    let black = flat(64, 64, Layout::Cmyk, &[0, 0, 0, 255]);
    let paper = flat(64, 64, Layout::Cmyk, &[0, 0, 0, 0]);
    for icc in [None, Some(inks_profile())] {
        let shown = |image: &Image| {
            let mut source = Source::new(image.clone());
            if let Some(icc) = &icc {
                source = source.icc(icc);
            }
            pixel(
                &picture(&derive(&source.jpeg(95), "w=30&format=png").bytes),
                15,
                15,
            )
        };
        let [r, g, b, _] = shown(&red);
        assert!(r > 180 && g < 60 && b < 60, "red: {r} {g} {b}");
        let [r, g, b, _] = shown(&cyan);
        assert!(r < 80 && g > 120 && b > 150, "cyan: {r} {g} {b}");
        assert!(shown(&black)[..3].iter().all(|value| *value < 60));
        assert!(shown(&paper)[..3].iter().all(|value| *value > 240));
    }
}

#[test]
fn inks_are_scaled_as_the_colours_that_they_print() {
    // Stripes of cyan and of black: their mean has no red, but that of their inks prints some.
    let stripes = [[255, 0, 0, 0], [0, 0, 0, 255]];
    let pixels = stripes.as_flattened().repeat(64 * 32);
    let source = Source::new(Image::of(64, 64, Layout::Cmyk, pixels)).jpeg(100);
    let scaled = picture(&derive(&source, "w=32&format=png").bytes);
    let [red, green, blue, _] = pixel(&scaled, 16, 16);
    assert!(red < 25 && green.abs_diff(128) < 12 && blue.abs_diff(128) < 12);
}

#[test]
fn what_is_transparent_is_white_and_not_black_in_jpeg() {
    let clear = png(flat(40, 30, Layout::Rgba, &[0, 0, 0, 0]));
    let half = png(flat(40, 30, Layout::Rgba, &[0, 0, 255, 128]));
    let grey = png(flat(40, 30, Layout::GreyAlpha, &[0, 0]));
    let shown = |source: &[u8], text: &str| pixel(&picture(&derive(source, text).bytes), 10, 10);
    assert!(near(shown(&clear, "format=jpeg"), [255; 4]));
    assert!(near(shown(&grey, "format=jpeg&w=20"), [255; 4]));
    assert!(near(shown(&half, "format=jpeg"), [127, 127, 255, 255]));
    assert!(near(
        shown(&half, "format=jpeg&background=ff0000"),
        [127, 0, 128, 255]
    ));
    assert!(near(
        shown(&clear, "format=jpeg&background=00ff0080"),
        [127, 255, 127, 255]
    ));
    assert!(near(
        shown(&clear, "format=png&background=00ff00"),
        [0, 255, 0, 255]
    ));
    assert_eq!(shown(&clear, "format=png")[3], 0);
}

#[test]
fn a_derived_image_of_a_derived_one_does_not_drift() {
    let p3 = profile(&ColorProfile::new_display_p3());
    let source = Source::new(photo(200, 150, Layout::Rgb)).icc(&p3);
    let first = derive(&source.png(), "w=100&format=png").bytes;
    assert_eq!(derive(&first, "w=100&format=png").bytes, first);
    for format in ["jpeg", "webp"] {
        let first = derive(&source.png(), &format!("w=100&format={format}")).bytes;
        let mut last = first.clone();
        for _ in 0..8 {
            last = derive(&last, &format!("w=100&format={format}")).bytes;
        }
        let (first, last) = (picture(&first), picture(&last));
        let quality = psnr(&first, &last);
        assert!(quality > 32.0, "{format}: {quality:.1} dB");
        let mean = |image: &Image, channel: usize| {
            let values = image.pixels().iter().skip(channel).step_by(4);
            values.map(|value| f64::from(*value)).sum::<f64>() / 15_000.0
        };
        for channel in 0..3 {
            let drift = (mean(&first, channel) - mean(&last, channel)).abs();
            assert!(drift < 1.5, "{format}, channel {channel}: {drift:.2}");
        }
    }
}
