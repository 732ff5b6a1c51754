use darkroom_transform::Plan;
use proptest::prelude::*;

use super::*;
use crate::Layout;
use crate::testing::pictures::{Source, flat, graphic, photo};

const RED: [u8; 4] = [220, 30, 30, 255];
const GREEN: [u8; 4] = [30, 200, 30, 255];
const BLUE: [u8; 4] = [30, 30, 220, 255];
const WHITE: [u8; 4] = [255, 255, 255, 255];

/// Four quarters: red and green above blue and white.
fn quarters(width: u32, height: u32) -> Image {
    let mut image = flat(width, height, Layout::Rgb, &[0; 3]);
    for (index, pixel) in image.pixels_mut().chunks_exact_mut(3).enumerate() {
        let (x, y) = (index as u32 % width, index as u32 / width);
        let colour = match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        };
        pixel.copy_from_slice(&colour[..3]);
    }
    image
}

/// The colours of the quarters, row by row.
fn corners(image: &Image) -> [[u8; 4]; 4] {
    let (right, bottom) = (image.width() * 3 / 4, image.height() * 3 / 4);
    let (left, top) = (image.width() / 4, image.height() / 4);
    [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| pixel(image, x, y))
}

fn assert_corners(file: &[u8], expected: [[u8; 4]; 4], what: &str) {
    let found = corners(&picture(file));
    let same = found
        .iter()
        .zip(expected)
        .all(|(one, other)| near(*one, other));
    assert!(same, "{what}: {found:?}");
}

#[test]
fn a_picture_is_upright_whatever_its_exif_says() {
    let upright = [RED, GREEN, BLUE, WHITE];
    for orientation in 1..=8 {
        // How the picture is stored if it is to be turned in this way.
        let turn = Turn::from_exif(orientation).inverse();
        let image = crate::ops::turn::turn(quarters(160, 96), turn, &NoPause);
        let source = Source::new(image).orientation(orientation).jpeg(95);
        for (text, size) in [("format=png", (160, 96)), ("w=80&format=jpeg", (80, 48))] {
            let rendered = derive(&source, text);
            let what = format!("orientation {orientation}, {text}");
            assert_eq!((rendered.width, rendered.height), size, "{what}");
            assert_corners(&rendered.bytes, upright, &what);
            let (info, _) = frames(&rendered.bytes);
            assert_eq!(info.orientation, 1, "it is not turned twice");
        }
    }
}

#[test]
fn flip_and_rotate_follow_orientation() {
    let source = Source::new(quarters(160, 96)).png();
    for (text, expected) in [
        ("flip=h", [GREEN, RED, WHITE, BLUE]),
        ("flip=v", [BLUE, WHITE, RED, GREEN]),
        ("rotate=180", [WHITE, BLUE, GREEN, RED]),
        ("rotate=90", [BLUE, RED, WHITE, GREEN]),
        ("rotate=270", [GREEN, WHITE, RED, BLUE]),
        ("rotate=90&flip=h", [WHITE, GREEN, BLUE, RED]),
        ("rotate=90&w=48", [BLUE, RED, WHITE, GREEN]),
    ] {
        assert_corners(&derive(&source, text).bytes, expected, text);
    }
    // Stored on its side, cut out as people see it, then turned.
    let stored = crate::ops::turn::turn(quarters(160, 96), Turn::new(false, 3), &NoPause);
    let source = Source::new(stored).orientation(6).jpeg(95);
    let rendered = derive(&source, "crop=80,0,80,48&rotate=90&format=png");
    assert_eq!((rendered.width, rendered.height), (48, 80));
    assert_corners(&rendered.bytes, [GREEN; 4], "a crop of the upright picture");
}

#[test]
fn gravity_says_what_stays() {
    let source = png(quarters(200, 100));
    for (text, expected) in [
        ("w=50&h=100&fit=cover&gravity=west", [RED, RED, BLUE, BLUE]),
        (
            "w=50&h=100&fit=cover&gravity=east",
            [GREEN, GREEN, WHITE, WHITE],
        ),
        ("w=50&h=100&fit=cover", [RED, GREEN, BLUE, WHITE]),
        (
            "w=50&h=100&fit=cover&gravity=0.9,0.5",
            [GREEN, GREEN, WHITE, WHITE],
        ),
        (
            "w=100&h=25&fit=cover&gravity=south",
            [BLUE, WHITE, BLUE, WHITE],
        ),
        (
            "w=100&h=25&fit=crop&gravity=north",
            [RED, GREEN, RED, GREEN],
        ),
    ] {
        assert_corners(&derive(&source, text).bytes, expected, text);
    }
}

#[test]
fn auto_gravity_finds_the_subject() {
    let mut image = flat(300, 100, Layout::Rgb, &[128, 132, 136]);
    for (index, pixel) in image.pixels_mut().chunks_exact_mut(3).enumerate() {
        let (x, y) = (index as u32 % 300, index as u32 / 300);
        if x.abs_diff(240).pow(2) + y.abs_diff(50).pow(2) < 900 {
            pixel.copy_from_slice(&[198, 145, 112]);
        }
    }
    for orientation in [1, 3, 6, 8] {
        let turn = Turn::from_exif(orientation).inverse();
        let stored = crate::ops::turn::turn(image.clone(), turn, &NoPause);
        let source = Source::new(stored).orientation(orientation).jpeg(95);
        let text = "w=50&h=50&fit=cover&gravity=auto&format=png";
        let found = picture(&derive(&source, text).bytes);
        let middle = pixel(&found, 25, 25);
        assert!(
            near(middle, [198, 145, 112, 255]),
            "orientation {orientation}: {middle:?}"
        );
    }
}

#[test]
fn padding_is_transparent_where_the_format_can_else_white() {
    let source = png(flat(40, 20, Layout::Rgb, &[10, 20, 30]));
    let at = |text: &str, x, y| pixel(&picture(&derive(&source, text).bytes), x, y);
    let pad = "w=100&h=60&fit=pad";
    assert_eq!(at(&format!("{pad}&format=png"), 2, 2)[3], 0);
    assert_eq!(at(&format!("{pad}&format=gif"), 2, 2)[3], 0);
    assert_eq!(at(&format!("{pad}&format=webp"), 2, 2)[3], 0);
    assert!(near(at(&format!("{pad}&format=jpeg"), 2, 2), WHITE));
    for format in ["png", "gif", "webp", "jpeg"] {
        let text = format!("{pad}&background=00ff00&format={format}");
        assert!(near(at(&text, 2, 2), [0, 255, 0, 255]), "{format}");
        assert!(near(at(&text, 50, 30), [10, 20, 30, 255]), "{format}");
        let corner = format!("{text}&gravity=northwest");
        assert!(near(at(&corner, 4, 4), [10, 20, 30, 255]), "{format}");
    }
}

#[test]
fn every_pixel_of_the_edge_is_the_picture() {
    // A reduced decoding whose last pixels stand for a part of the others.
    for (width, height) in [(803, 601), (801, 799), (1009, 411)] {
        let source = Source::new(flat(width, height, Layout::Rgb, &[200, 40, 90])).jpeg(95);
        let image = picture(&derive(&source, "w=97&format=png").bytes);
        for (x, y) in (0..image.width()).flat_map(|x| (0..image.height()).map(move |y| (x, y))) {
            assert!(
                near(pixel(&image, x, y), [200, 40, 90, 255]),
                "{x},{y} of {width}×{height}"
            );
        }
    }
}

#[test]
fn a_window_lies_where_it_lies_at_full_size() {
    // What a reduced decoding gives is where the pixels of the source are.
    let mut image = flat(1000, 500, Layout::Rgb, &[255; 3]);
    for (index, pixel) in image.pixels_mut().chunks_exact_mut(3).enumerate() {
        if index as u32 % 1000 >= 600 {
            pixel.copy_from_slice(&[0; 3]);
        }
    }
    let source = Source::new(image).jpeg(95);
    for (text, edge) in [
        ("w=100", 60),
        ("crop=500,0,500,500&w=100", 20),
        ("crop=10,0,990,500&w=99", 59),
        ("w=50&h=50&fit=cover&gravity=0.6,0", 25),
    ] {
        let image = picture(&derive(&source, &format!("{text}&format=png")).bytes);
        let light = |x| pixel(&image, x, image.height() / 2)[0];
        assert!(
            light(edge - 2) > 215 && light(edge + 1) < 40,
            "{text}: {}",
            light(edge)
        );
        let balance = u32::from(light(edge - 1)) + u32::from(light(edge));
        assert!((205..=305).contains(&balance), "{text}: {balance}");
    }
}

fn fit() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&["scale-down", "contain", "cover", "crop", "pad", "squeeze"][..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_result_has_the_size_that_the_contract_says(
        size in (1..90_u32, 1..90_u32),
        bounds in (1..70_u32, 1..70_u32),
        fit in fit(),
        orientation in 1..=8_u8,
        rotate in proptest::option::of(1..=3_u16),
        dpr in proptest::sample::select(&["1", "1.5", "2"][..]),
        formats in (0..3_usize, 0..4_usize),
        extra in proptest::sample::select(
            &["", "&blur=1", "&sharpen=2", "&crop=10%,0,50%,90%", "&background=11223380"][..],
        ),
    ) {
        let image = graphic(size.0, size.1, Layout::Rgb);
        let source = Source::new(image).orientation(orientation);
        let source = [source.jpeg(80), source.png(), source.webp()][formats.0].clone();
        let format = ["jpeg", "png", "webp", "gif"][formats.1];
        let rotate = rotate.map(|quarters| format!("&rotate={}", quarters * 90)).unwrap_or_default();
        let text = format!(
            "w={}&h={}&fit={fit}&dpr={dpr}&format={format}{rotate}{extra}",
            bounds.0, bounds.1,
        );
        let info = decode::open(&source, &Limits::default()).expect("a file").info().clone();
        let plan = Plan::new(
            &transform(&text),
            &super::super::source(&info),
            &darkroom_transform::Limits::default(),
        );
        let rendered = derive(&source, &text);
        let image = picture(&rendered.bytes);
        let canvas = plan.expect("a plan").canvas;
        prop_assert_eq!((image.width(), image.height()), canvas, "{}", &text);
        prop_assert_eq!((rendered.width, rendered.height), canvas, "{}", &text);
    }
}

#[test]
fn a_large_source_has_the_same_size_by_every_way() {
    let image = photo(1203, 907, Layout::Rgb);
    let source = Source::new(image);
    for file in [source.jpeg(80), source.png(), source.webp()] {
        for (text, size) in [
            ("w=300", (300, 226)),
            ("w=150", (150, 113)),
            ("h=100", (133, 100)),
            ("w=333&h=333&fit=cover", (333, 333)),
            ("w=601", (601, 453)),
        ] {
            let rendered = derive(&file, &format!("{text}&format=jpeg"));
            let image = picture(&rendered.bytes);
            assert_eq!((image.width(), image.height()), size, "{text}");
        }
    }
}

#[test]
fn tiles_meet_without_a_seam() {
    let image = photo(360, 240, Layout::Rgb);
    let source = Source::new(image);
    // Whole pictures in JPEG have another decoder than parts, unless they are reduced.
    let png = [(1, 60), (2, 60), (3, 40), (4, 30)];
    for (file, sizes) in [
        (source.png(), &png[..]),
        (source.jpeg(92), &[(4, 30), (6, 20)]),
    ] {
        for &(reduced, tile) in sizes {
            let width = 360 / reduced;
            let whole = picture(&derive(&file, &format!("w={width}&format=png")).bytes);
            for (column, row) in [(0, 0), (1, 0), (2, 1), (1, 2), (2, 3)] {
                let (x, y) = (column * tile, row * tile);
                if x + tile > whole.width() || y + tile > whole.height() {
                    continue;
                }
                let side = tile * reduced;
                let (left, top) = (x * reduced, y * reduced);
                let text = format!("crop={left},{top},{side},{side}&w={tile}&format=png");
                let part = picture(&derive(&file, &text).bytes);
                assert_eq!((part.width(), part.height()), (tile, tile));
                for (at_x, at_y) in (0..tile * tile).map(|at| (at % tile, at / tile)) {
                    let (one, other) =
                        (pixel(&part, at_x, at_y), pixel(&whole, x + at_x, y + at_y));
                    let off = one
                        .iter()
                        .zip(other)
                        .map(|(one, other)| one.abs_diff(other));
                    assert!(
                        off.max() <= Some(1),
                        "{text} at {at_x}, {at_y}: {one:?}, {other:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn tones_have_no_colours_in_any_format() {
    let source = Source::new(photo(64, 48, Layout::Rgb)).png();
    for format in ["jpeg", "png", "gif", "webp", "avif"] {
        for tone in ["grey", "bitonal"] {
            let derived = derive(&source, &format!("w=32&tone={tone}&format={format}"));
            let image = picture(&derived.bytes);
            for pixel in image.pixels().chunks_exact(4) {
                let [red, green, blue, _] = pixel else {
                    continue;
                };
                let spread = red.max(green).max(blue) - red.min(green).min(blue);
                assert!(spread <= 6, "{format}, {tone}: {pixel:?}");
                let extreme = *green <= 60 || *green >= 195;
                assert!(
                    tone == "grey" || extreme || format == "jpeg",
                    "{format}: {pixel:?}"
                );
            }
        }
    }
}
