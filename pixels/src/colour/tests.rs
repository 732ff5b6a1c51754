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
        let coding = Coding {
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
