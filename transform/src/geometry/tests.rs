use proptest::prelude::*;

use super::*;
use crate::{Format, ParseError};

fn source((width, height): (u32, u32), orientation: u8) -> Source {
    Source {
        width,
        height,
        orientation: Turn::from_exif(orientation),
        format: Format::Jpeg,
        frames: 1,
        has_alpha: false,
        plain: true,
    }
}

fn transform(text: &str) -> Transform {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let request: Result<_, ParseError> = crate::Request::parse(pairs, &crate::Presets::default());
    request
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .transform
}

fn plan(text: &str, stored: (u32, u32), orientation: u8) -> Plan {
    let source = source(stored, orientation);
    let plan = Plan::new(&transform(text), &source, &Limits::default());
    plan.unwrap_or_else(|error| panic!("{text} of {stored:?}: {error}"))
}

/// `4×3` as numbers.
fn size(text: &str) -> (u32, u32) {
    let (width, height) = text.split_once('×').expect("two sides");
    let side = |text: &str| text.parse().expect("a number");
    (side(width), side(height))
}

#[test]
fn each_fit_gives_the_size_that_the_contract_says() {
    let fits = ["scale-down", "contain", "cover", "crop", "pad", "squeeze"];
    // The picture, the box, and the result of each fit.
    for row in [
        "400×300 200×200 200×150 200×150 200×200 200×200 200×200 200×200",
        "300×400 200×200 150×200 150×200 200×200 200×200 200×200 200×200",
        "100×50 200×200 100×50 200×100 200×200 50×50 200×200 200×200",
        "400×100 200×200 200×50 200×50 200×200 100×100 200×200 200×200",
        // Exactly the box, and one pixel more and less.
        "200×200 200×200 200×200 200×200 200×200 200×200 200×200 200×200",
        "201×200 200×200 200×199 200×199 200×200 200×200 200×200 200×200",
        "199×200 200×200 199×200 199×200 200×200 199×199 200×200 200×200",
        // 100 × 3 / 8 = 37.5 becomes 38; 100 × 33 / 90 = 36.67 becomes 37.
        "800×300 100×100 100×38 100×38 100×100 100×100 100×100 100×100",
        "90×33 100×50 90×33 100×37 100×50 66×33 100×50 100×50",
        // Never less than one pixel.
        "4000×1 10×10 10×1 10×1 10×10 1×1 10×10 10×10",
        "1×1 8192×1 1×1 1×1 8192×1 1×1 8192×1 8192×1",
        "1080×1920 333×777 333×592 333×592 333×777 333×777 333×777 333×777",
    ] {
        let sizes: Vec<_> = row.split(' ').map(size).collect();
        let (width, height) = sizes[1];
        for (fit, expected) in fits.into_iter().zip(&sizes[2..]) {
            let text = format!("w={width}&h={height}&fit={fit}");
            assert_eq!(
                plan(&text, sizes[0], 1).canvas,
                *expected,
                "{text} of {row}"
            );
        }
    }
}

#[test]
fn with_one_side_the_other_follows_the_ratio() {
    for (text, size, expected) in [
        ("w=300", (4000, 3000), (300, 225)),
        ("h=300", (4000, 3000), (400, 300)),
        ("w=333", (4000, 3000), (333, 250)),
        ("w=500", (333, 250), (333, 250)),
        ("h=500", (333, 250), (333, 250)),
        ("w=500&fit=contain", (333, 250), (500, 375)),
        ("h=500&fit=cover", (333, 250), (666, 500)),
        ("w=500&fit=squeeze", (333, 250), (500, 375)),
        ("w=500&fit=crop", (333, 250), (333, 250)),
        ("w=500&fit=pad", (333, 250), (500, 375)),
        ("w=100&fit=pad", (333, 250), (100, 75)),
        ("w=3", (1000, 1), (3, 1)),
        ("w=8192", (100, 1000), (100, 1000)),
        ("w=150&dpr=2", (4000, 3000), (300, 225)),
        ("w=101&dpr=1.5", (4000, 3000), (152, 114)),
        ("w=100&dpr=2", (150, 150), (150, 150)),
        ("", (4000, 3000), (4000, 3000)),
    ] {
        assert_eq!(plan(text, size, 1).canvas, expected, "{text} of {size:?}");
    }
}

#[test]
fn orientation_crop_and_rotation_come_before_the_box() {
    for (text, stored, orientation, expected) in [
        ("", (400, 300), 6, (300, 400)),
        ("w=150", (400, 300), 6, (150, 200)),
        ("w=150", (400, 300), 3, (150, 113)),
        ("w=150", (400, 300), 5, (150, 200)),
        ("w=150&rotate=90", (400, 300), 1, (150, 200)),
        ("w=150&rotate=90", (400, 300), 8, (150, 113)),
        ("w=150&flip=h", (400, 300), 1, (150, 113)),
        ("crop=10,20,100,50", (400, 300), 1, (100, 50)),
        ("crop=10,20,100,50", (400, 300), 6, (100, 50)),
        ("crop=10,20,100,50&rotate=270", (400, 300), 6, (50, 100)),
        ("crop=10,20,100,50&rotate=270&w=25", (400, 300), 1, (25, 50)),
        (
            "crop=50%,0,50%,100%&h=100&fit=contain",
            (401, 300),
            1,
            (67, 100),
        ),
        ("crop=290,0,100,50", (400, 300), 6, (10, 50)),
    ] {
        let canvas = plan(text, stored, orientation).canvas;
        assert_eq!(
            canvas, expected,
            "{text} of {stored:?}, orientation {orientation}"
        );
    }
}

#[test]
fn a_window_is_found_in_the_stored_picture() {
    // A corner of the upright picture is one corner of the stored one.
    for (orientation, x, y) in [
        (1, 0, 0),
        (2, 390, 0),
        (3, 390, 295),
        (4, 0, 295),
        (5, 0, 0),
        (6, 0, 290),
        (7, 395, 290),
        (8, 395, 0),
    ] {
        let plan = plan("crop=0,0,10,5", (400, 300), orientation);
        let sides = Turn::from_exif(orientation).size((10, 5));
        let expected = Rect {
            x,
            y,
            width: sides.0,
            height: sides.1,
        };
        assert_eq!(plan.crop, expected, "orientation {orientation}");
        assert_eq!((plan.window.x, plan.window.y), (x.into(), y.into()));
        assert_eq!(plan.turn, Turn::from_exif(orientation));
    }
    for (gravity, x, y) in [
        ("center", 50.0, 0.0),
        ("west", 0.0, 0.0),
        ("north", 50.0, 0.0),
        ("southeast", 100.0, 0.0),
        ("0.4,0.1", 10.0, 0.0),
        ("0.1,0.9", 0.0, 0.0),
        ("auto", 50.0, 0.0),
    ] {
        let plan = plan(
            &format!("w=100&h=100&fit=cover&gravity={gravity}"),
            (400, 300),
            1,
        );
        assert_eq!((plan.window.x, plan.window.y), (x, y), "{gravity}");
        assert_eq!((plan.window.width, plan.window.height), (300.0, 300.0));
        assert!(plan.cuts_off());
    }
}

#[test]
fn a_padded_picture_lies_where_gravity_says() {
    for (gravity, offset) in [
        ("center", (25, 50)),
        ("northwest", (0, 0)),
        ("southeast", (50, 100)),
        ("0.1,0.25", (5, 25)),
    ] {
        let text = format!("w=150&h=200&fit=pad&gravity={gravity}");
        let plan = plan(&text, (100, 100), 1);
        assert_eq!(plan.offset, offset, "{gravity}");
        assert_eq!((plan.scaled, plan.canvas), ((100, 100), (150, 200)));
        assert!(!plan.cuts_off());
    }
}

#[test]
fn a_result_over_the_limit_is_refused() {
    let new = |text, size| Plan::new(&transform(text), &source(size, 1), &Limits::default());
    let too_large = |actual| {
        Err(PlanError::TooLarge {
            limit: 8192,
            actual,
        })
    };
    assert_eq!(new("w=8193", (10, 10)), too_large(8193));
    assert_eq!(new("w=4097&dpr=2", (10, 10)), too_large(8194));
    assert_eq!(new("w=100&h=9000&fit=pad", (10, 10)), too_large(9000));
    assert_eq!(new("w=8000&fit=contain", (10, 11)), too_large(8800));
    assert_eq!(
        new("w=99999999999&fit=contain", (1, 2)),
        too_large(1_000_000_000)
    );
    assert_eq!(new("", (9000, 10)), too_large(9000));
    assert!(new("w=8192&h=8192&fit=cover", (10, 10)).is_ok());
    assert!(new("w=8192", (9000, 9000)).is_ok());
    let outside = PlanError::CropOutside {
        width: 10,
        height: 20,
    };
    assert_eq!(new("crop=10,0,5,5", (10, 20)), Err(outside));
}

#[test]
fn a_decoder_may_give_a_smaller_picture() {
    for (text, orientation, oversampling, expected) in [
        ("w=300", 1, 1, (300, 225)),
        ("w=300", 1, 2, (600, 450)),
        ("w=300", 6, 2, (800, 600)),
        ("w=3000", 1, 2, (4000, 3000)),
        ("crop=0,0,1000,1000&w=300", 1, 1, (1200, 900)),
        ("w=300&h=300&fit=cover", 1, 1, (400, 300)),
        ("w=8000&fit=contain", 1, 2, (4000, 3000)),
        ("w=1", 1, 1, (1, 1)),
    ] {
        let plan = plan(text, (4000, 3000), orientation);
        let source = source((4000, 3000), orientation);
        let size = plan.source_at_least(&source, f64::from(oversampling));
        assert_eq!(size, expected, "{text}");
    }
}

/// The result of the contract's table, computed again with the rules of the table alone.
fn expected(fit: Fit, shown: (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    let [w, h, bw, bh] = [shown.0, shown.1, bounds.0, bounds.1].map(u64::from);
    let rounded = |n: u64, d: u64| (((2 * n + d) / (2 * d)).max(1)) as u32;
    // The ratio of the picture, limited by the width or by the height of the box.
    let inside = if bw * h <= bh * w {
        (bounds.0, rounded(h * bw, w))
    } else {
        (rounded(w * bh, h), bounds.1)
    };
    let fits = w <= bw && h <= bh;
    match fit {
        Fit::ScaleDown if fits => shown,
        Fit::ScaleDown | Fit::Contain => inside,
        Fit::Cover | Fit::Pad | Fit::Squeeze => bounds,
        Fit::Crop if bw <= w && bh <= h => bounds,
        Fit::Crop if bw * h > w * bh => (shown.0, rounded(w * bh, bw)),
        Fit::Crop => (rounded(h * bw, bh), shown.1),
    }
}

fn fits() -> impl Strategy<Value = Fit> {
    prop_oneof![
        Just(Fit::ScaleDown),
        Just(Fit::Contain),
        Just(Fit::Cover),
        Just(Fit::Crop),
        Just(Fit::Pad),
        Just(Fit::Squeeze),
    ]
}

fn sides() -> impl Strategy<Value = u32> {
    prop_oneof![1..20_u32, 1..500_u32, 1..8193_u32]
}

proptest! {
    #[test]
    fn a_size_is_what_the_contract_says(
        fit in fits(),
        stored in (sides(), sides()),
        orientation in 1..=8_u8,
        quarters in 0..4_u16,
        bounds in (sides(), sides()),
    ) {
        let rotate = [String::new(), format!("&rotate={}", quarters * 90)];
        let rotate = &rotate[usize::from(quarters > 0)];
        let text = format!("w={}&h={}&fit={}{rotate}", bounds.0, bounds.1, fit.name());
        let turn = Turn::from_exif(orientation).then(transform(&text).turn());
        let canvas = plan(&text, stored, orientation).canvas;
        prop_assert_eq!(canvas, expected(fit, turn.size(stored), bounds), "{}", text);
    }

    #[test]
    fn a_window_lies_in_the_picture(
        fit in fits(),
        stored in (sides(), sides()),
        orientation in 1..=8_u8,
        bounds in (sides(), sides()),
        gravity in (0..=100_u8, 0..=100_u8),
        crop in proptest::option::of((0..60_u8, 0..60_u8, 1..=100_u8, 1..=100_u8)),
    ) {
        let crop = crop.map(|(x, y, w, h)| format!("&crop={x}%,{y}%,{w}%,{h}%"));
        let text = format!(
            "w={}&h={}&fit={}&gravity={},{}{}",
            bounds.0, bounds.1, fit.name(),
            f64::from(gravity.0) / 100.0, f64::from(gravity.1) / 100.0,
            crop.unwrap_or_default(),
        );
        let plan = plan(&text, stored, orientation);
        let (window, crop) = (plan.window, plan.crop);
        let slop = 1e-6;
        prop_assert!(crop.x + crop.width <= stored.0 && crop.y + crop.height <= stored.1);
        prop_assert!(window.width > 0.0 && window.height > 0.0);
        prop_assert!(window.x >= f64::from(crop.x) - slop && window.y >= f64::from(crop.y) - slop);
        prop_assert!(window.x + window.width <= f64::from(crop.x + crop.width) + slop);
        prop_assert!(window.y + window.height <= f64::from(crop.y + crop.height) + slop);
        let turned = plan.turn.size(plan.scaled);
        prop_assert!(plan.offset.0 + turned.0 <= plan.canvas.0);
        prop_assert!(plan.offset.1 + turned.1 <= plan.canvas.1);
        let at_least = plan.source_at_least(&source(stored, orientation), 2.0);
        prop_assert!(at_least.0 <= stored.0 && at_least.1 <= stored.1);
    }

    #[test]
    fn no_transform_of_any_source_panics(
        text in "(w=[1-9][0-9]{0,10})?(&h=[1-9][0-9]{0,10})?&(fit=cover|fit=pad|fit=crop)?&crop=[0-9]{1,10},[0-9]{1,3}%,[1-9][0-9]{0,9},[1-9]%",
        width in 1..=u32::MAX,
        height in 1..=u32::MAX,
        orientation: u8,
        max_side in 1..=u32::MAX,
    ) {
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        if let Ok(request) = crate::Request::parse(pairs, &crate::Presets::default()) {
            let source = source((width, height), orientation);
            let plan = Plan::new(&request.transform, &source, &Limits { max_side });
            if let Ok(plan) = plan {
                let at_least = plan.source_at_least(&source, f64::MAX);
                prop_assert!(at_least.0 <= width && at_least.1 <= height);
                prop_assert!(plan.canvas.0.max(plan.canvas.1) <= max_side);
                prop_assert!(plan.canvas.0.min(plan.canvas.1) >= 1);
            }
        }
    }
}
