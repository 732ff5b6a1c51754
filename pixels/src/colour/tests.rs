use super::*;
use crate::NoPause;
use crate::testing::pictures::{flat, inks_profile};
use darkroom_transform::Format;

fn info(icc: Option<Vec<u8>>, coding: Option<Coding>) -> Info {
    Info {
        format: Format::Png,
        width: 1,
        height: 1,
        orientation: 1,
        icc,
        coding,
        has_alpha: false,
        frames: 1,
        loop_count: 1,
    }
}

fn converted(image: Image, icc: Option<Vec<u8>>, coding: Option<Coding>) -> Image {
    Converter::new(&info(icc, coding))
        .to_srgb(image, &NoPause)
        .expect("a picture")
}

#[test]
fn alpha_passes_by() {
    let p3 = ColorProfile::new_display_p3().encode().expect("a profile");
    let image = flat(70, 70, Layout::Rgba, &[200, 90, 60, 77]);
    let found = converted(image, Some(p3.clone()), None);
    let pixel = &found.pixels()[4 * 4800..][..4];
    assert!(pixel[0] > 208 && pixel[3] == 77, "{pixel:?}");
    let grey = converted(flat(3, 3, Layout::GreyAlpha, &[100, 7]), Some(p3), None);
    assert_eq!(
        grey.layout(),
        Layout::GreyAlpha,
        "grey is grey in Display P3"
    );
}

#[test]
fn a_profile_for_other_channels_is_not_applied() {
    let rgb = ColorProfile::new_display_p3().encode().expect("a profile");
    let ink = flat(2, 2, Layout::Cmyk, &[0, 255, 255, 0]);
    assert_eq!(converted(ink, Some(rgb), None).pixels()[..3], [255, 0, 0]);
    let image = flat(2, 2, Layout::Rgb, &[200, 90, 60]);
    assert_eq!(converted(image.clone(), Some(inks_profile()), None), image);
}

#[test]
fn code_points_stand_for_a_profile() {
    let image = flat(2, 2, Layout::Rgb, &[200, 90, 60]);
    let coded = |primaries, transfer| {
        let coding = Coding::Points {
            primaries,
            transfer,
        };
        converted(image.clone(), None, Some(coding))
    };
    assert_eq!(coded(1, 13), image, "BT.709 with the curve of sRGB is sRGB");
    assert_eq!(coded(2, 2), image, "unspecified is sRGB");
    assert_eq!(coded(77, 200), image, "reserved is sRGB");
    assert!(
        coded(12, 13).pixels()[0] > 208,
        "Display P3 has a stronger red"
    );
}

#[test]
fn numbers_stand_for_a_profile() {
    const SRGB: [(u32, u32); 4] = [
        (31_270, 32_900),
        (64_000, 33_000),
        (30_000, 60_000),
        (15_000, 6_000),
    ];
    let image = flat(2, 2, Layout::Rgb, &[200, 128, 60]);
    let measured = |image: &Image, gamma, chromaticities| {
        let coding = Coding::Measured {
            gamma,
            chromaticities,
        };
        converted(image.clone(), None, Some(coding))
    };
    assert_eq!(measured(&image, None, Some(SRGB)), image);
    let assert_near = |found: &Image, expected: [u8; 3], tolerance: u8| {
        let pixel = &found.pixels()[..3];
        let near = |(one, other): (&u8, &u8)| one.abs_diff(*other) <= tolerance;
        assert!(
            pixel.iter().zip(&expected).all(near),
            "{pixel:?}, not {expected:?}"
        );
    };
    // Linear light.
    assert_near(&measured(&image, Some(100_000), None), [229, 188, 133], 1);
    // 1/2.2 is nearly the curve of sRGB, but in shadows.
    let close = measured(&image, Some(45_455), Some(SRGB));
    assert_near(&close, [200, 128, 60], 3);
    // Display P3 has a stronger red, and grey stays grey.
    let p3 = [SRGB[0], (68_000, 32_000), (26_500, 69_000), SRGB[3]];
    assert!(measured(&image, None, Some(p3)).pixels()[0] > 208);
    let grey = flat(2, 2, Layout::Grey, &[128]);
    assert_eq!(measured(&grey, None, Some(p3)), grey);
    assert_near(&measured(&grey, Some(100_000), Some(p3)), [188; 3], 1);
    // What cannot be is ignored.
    for (gamma, red) in [
        (0, (0, 0)),
        (u32::MAX, (u32::MAX, 5)),
        (1, (90_000, 20_000)),
    ] {
        let nonsense = [SRGB[0], red, SRGB[2], SRGB[3]];
        assert_eq!(measured(&image, Some(gamma), Some(nonsense)), image);
    }
    // The colours lie on a line, so that there is no way back.
    measured(&image, None, Some([SRGB[0], SRGB[1], SRGB[1], SRGB[1]]));
}

#[test]
fn without_a_profile_inks_are_on_white_paper() {
    for (ink, light) in [
        ([0, 0, 0, 0], [255, 255, 255]),
        ([255, 0, 0, 0], [0, 255, 255]),
        ([0, 255, 255, 0], [255, 0, 0]),
        ([0, 0, 0, 255], [0, 0, 0]),
        ([0, 0, 0, 128], [127, 127, 127]),
        ([128, 0, 0, 128], [63, 127, 127]),
    ] {
        let found = converted(flat(1, 1, Layout::Cmyk, &ink), None, None);
        assert_eq!(found.pixels(), light, "{ink:?}");
    }
}
