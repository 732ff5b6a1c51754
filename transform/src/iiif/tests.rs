use proptest::prelude::*;

use super::*;
use crate::{FormatChoice, Plan, Presets, Source, Turn};

const LIMITS: Limits = Limits {
    max_side: 8192,
    max_area: 25_000_000,
};

fn resolve(path: &str, image: (u32, u32)) -> Result<Resolved, Error> {
    let parts: Vec<&str> = path.split('/').collect();
    let [region, size, rotation, file] = parts[..] else {
        panic!("{path} has four parts");
    };
    Request::parse(region, size, rotation, file)?.resolved(image, &LIMITS)
}

fn canonical(path: &str, image: (u32, u32)) -> String {
    let resolved = resolve(path, image).unwrap_or_else(|error| panic!("{path}: {error}"));
    resolved.canonical.to_string()
}

/// Paths, their canonical forms, and the transforms that they ask for.
const FORMS: &[(&str, &str, &str)] = &[
    (
        "full/max/0/default.jpg",
        "full/max/0/default.jpg",
        "format=jpeg",
    ),
    (
        "full/600,400/0/color.jpg",
        "full/max/0/default.jpg",
        "format=jpeg",
    ),
    (
        "0,0,600,400/pct:100/360/default.jpg",
        "full/max/0/default.jpg",
        "format=jpeg",
    ),
    (
        "0,0,9999,9999/!700,700/0/default.png",
        "full/max/0/default.png",
        "format=png&anim=0",
    ),
    (
        "full/300,/0/default.jpg",
        "full/300,200/0/default.jpg",
        "w=300&format=jpeg",
    ),
    (
        "full/,200/0/default.jpg",
        "full/300,200/0/default.jpg",
        "w=300&format=jpeg",
    ),
    (
        "full/pct:50/0/default.jpg",
        "full/300,200/0/default.jpg",
        "w=300&format=jpeg",
    ),
    (
        "full/!300,300/0/default.jpg",
        "full/300,200/0/default.jpg",
        "w=300&format=jpeg",
    ),
    (
        "full/^300,200/0/default.jpg",
        "full/300,200/0/default.jpg",
        "w=300&format=jpeg",
    ),
    (
        "full/300,300/0/default.jpg",
        "full/300,300/0/default.jpg",
        "w=300&h=300&fit=squeeze&format=jpeg",
    ),
    (
        "full/^1200,/0/gray.webp",
        "full/^1200,800/0/gray.webp",
        "w=1200&fit=contain&tone=grey&format=webp&anim=0",
    ),
    (
        "square/max/!180/bitonal.png",
        "100,0,400,400/max/!180/bitonal.png",
        "crop=100,0,400,400&flip=v&tone=bitonal&format=png&anim=0",
    ),
    (
        "pct:25,50,50,100/,100/90/default.gif",
        "150,200,300,200/150,100/90/default.gif",
        "w=100&crop=150,200,300,200&rotate=90&format=gif&anim=0",
    ),
    (
        "512,256,256,256/64,64/0/default.avif",
        "512,256,88,144/64,64/0/default.avif",
        "w=64&h=64&fit=squeeze&crop=512,256,88,144&format=avif",
    ),
    (
        "full/^max/0/default.jpg",
        "full/^max/0/default.jpg",
        "w=6123&fit=contain&format=jpeg",
    ),
    (
        "599,399,5,5/max/0/default.jpg",
        "599,399,1,1/max/0/default.jpg",
        "crop=599,399,1,1&format=jpeg",
    ),
];

#[test]
fn every_form_has_one_canonical_path_and_one_transform() {
    for &(path, expected, transform) in FORMS {
        let resolved = resolve(path, (600, 400)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(resolved.canonical.to_string(), expected, "{path}");
        assert_eq!(resolved.transform.to_string(), transform, "{path}");
        assert_eq!(resolve(expected, (600, 400)), Ok(resolved), "{expected}");
    }
}

#[test]
fn what_is_no_request_is_refused_by_its_part() {
    let outside = Error::RegionOutside {
        width: 600,
        height: 400,
    };
    let enlarged = |width, height| Error::Enlarged { width, height };
    for (path, error) in [
        ("Full/max/0/default.jpg", Error::Region),
        ("1,2,3/max/0/default.jpg", Error::Region),
        ("1,2,3,4,5/max/0/default.jpg", Error::Region),
        ("0,0,0,10/max/0/default.jpg", Error::Region),
        ("-1,0,5,5/max/0/default.jpg", Error::Region),
        ("1.5,0,5,5/max/0/default.jpg", Error::Region),
        ("pct:0,0,0,10/max/0/default.jpg", Error::Region),
        ("pct:0,0,1e1,10/max/0/default.jpg", Error::Region),
        ("600,0,5,5/max/0/default.jpg", outside),
        ("pct:0,100,5,5/max/0/default.jpg", outside),
        ("full/full/0/default.jpg", Error::Size),
        ("full/,/0/default.jpg", Error::Size),
        ("full/!,/0/default.jpg", Error::Size),
        ("full/!5,/0/default.jpg", Error::Size),
        ("full/0,5/0/default.jpg", Error::Size),
        ("full/5/0/default.jpg", Error::Size),
        ("full/^/0/default.jpg", Error::Size),
        ("full/!^5,5/0/default.jpg", Error::Size),
        ("full/pct:0/0/default.jpg", Error::TooSmall),
        ("full/pct:0.1/0/default.jpg", Error::TooSmall),
        ("full/pct:101/0/default.jpg", enlarged(600, 400)),
        ("full/601,/0/default.jpg", enlarged(600, 400)),
        ("full/,401/0/default.jpg", enlarged(600, 400)),
        ("full/600,401/0/default.jpg", enlarged(600, 400)),
        ("0,0,10,10/11,/0/default.jpg", enlarged(10, 10)),
        ("full/^9000,/0/default.jpg", Error::TooLong { limit: 8192 }),
        (
            "full/^8000,8000/0/default.jpg",
            Error::TooManyPixels { limit: 25_000_000 },
        ),
        ("full/max/22.5/default.jpg", Error::Rotation),
        ("full/max/361/default.jpg", Error::Rotation),
        ("full/max/450/default.jpg", Error::Rotation),
        ("full/max/-90/default.jpg", Error::Rotation),
        ("full/max/!/default.jpg", Error::Rotation),
        ("full/max/0/native.jpg", Error::Quality),
        ("full/max/0/grey.jpg", Error::Quality),
        ("full/max/0/default.jpeg", Error::Format),
        ("full/max/0/default.tif", Error::Format),
        ("full/max/0/default.", Error::Format),
        ("full/max/0/default", Error::File),
    ] {
        assert_eq!(resolve(path, (600, 400)), Err(error), "{path}");
    }
}

#[test]
fn a_picture_inside_of_a_box_is_not_enlarged() {
    assert_eq!(
        canonical("full/!2000,3000/0/default.jpg", (100, 100)),
        "full/max/0/default.jpg"
    );
    assert_eq!(
        canonical("full/^!200,300/0/default.jpg", (100, 100)),
        "full/^200,200/0/default.jpg"
    );
}

#[test]
fn max_is_within_the_limits() {
    for (image, size) in [
        ((8192, 3000), (8192, 3000)),
        ((10_000, 1000), (8192, 819)),
        ((10_000, 5000), (7071, 3535)),
        ((5000, 10_000), (3535, 7071)),
        ((65_535, 1), (8192, 1)),
        ((6000, 6000), (5000, 5000)),
    ] {
        assert_eq!(LIMITS.largest(image, false), size, "{image:?}");
    }
    assert_eq!(LIMITS.largest((1, 1), true), (5000, 5000));
    assert_eq!(LIMITS.largest((1, 65_535), true), (1, 8192));
}

proptest! {
    #[test]
    fn the_result_has_the_size_that_is_promised(
        image in (1..20_000_u32, 1..20_000_u32),
        region in prop_oneof![
            Just("full".to_owned()),
            Just("square".to_owned()),
            "[0-9]{1,4},[0-9]{1,4},[1-9][0-9]{0,3},[1-9][0-9]{0,3}",
            "pct:[0-9]{1,2},[0-9]{1,2}\\.[0-9],[1-9][0-9]{0,1},[1-9][0-9]{0,2}",
        ],
        size in prop_oneof![
            Just("max".to_owned()),
            Just("^max".to_owned()),
            "\\^?[1-9][0-9]{0,3},",
            "\\^?,[1-9][0-9]{0,3}",
            "\\^?!?[1-9][0-9]{0,3},[1-9][0-9]{0,3}",
            "\\^?pct:[1-9][0-9]?(\\.[0-9]{1,3})?",
        ],
        rotation in "!?(0|90|180|270)",
        file in "(default|color|gray|bitonal)\\.(jpg|png|gif|webp|avif)",
    ) {
        let request = Request::parse(&region, &size, &rotation, &file).expect("a request");
        if let Ok(resolved) = request.resolved(image, &LIMITS) {
            // The canonical path asks for the same.
            let path = resolved.canonical.to_string();
            prop_assert_eq!(resolve(&path, image), Ok(resolved));
            // The transform is one that is read as it is written.
            let text = resolved.transform.to_string();
            prop_assert_eq!(text.parse(), Ok(resolved.transform));
            // The size in the path is that of the result, before it is turned.
            let source = Source {
                width: image.0,
                height: image.1,
                orientation: Turn::NONE,
                format: crate::Format::Jpeg,
                frames: 1,
                has_alpha: false,
                plain: false,
            };
            let limits = crate::Limits { max_side: LIMITS.max_side };
            let plan = Plan::new(&resolved.transform, &source, &limits).expect("a plan");
            prop_assert_eq!(plan.canvas, resolved.transform.turn().size(plan.scaled));
            prop_assert!(LIMITS.check(plan.scaled).is_ok());
            let exact = path.split('/').nth(1).expect("a size").trim_start_matches('^').to_owned();
            if exact != "max" {
                prop_assert_eq!(exact, format!("{},{}", plan.scaled.0, plan.scaled.1));
            }
            // What is guessed without the size of the image is right for canonical paths of parts.
            let parts: Vec<&str> = path.split('/').collect();
            let again = Request::parse(parts[0], parts[1], parts[2], parts[3]).expect("a request");
            if let Some(likely) = again.likely(&LIMITS) {
                prop_assert_eq!(likely, resolved.transform);
            }
        }
    }

    #[test]
    fn no_path_panics(parts in prop::array::uniform4("[0-9a-z,.:!^]{0,12}|.{0,12}"), image in (1..u32::MAX, 1..u32::MAX)) {
        let [region, size, rotation, file] = &parts;
        if let Ok(request) = Request::parse(region, size, rotation, file) {
            let _ = (request.resolved(image, &LIMITS), request.likely(&LIMITS));
        }
    }

    #[test]
    fn a_query_that_asks_for_the_same_is_the_same_transform(
        image in (1..3000_u32, 1..3000_u32),
        width in 1..3000_u32,
    ) {
        let width = width.min(image.0);
        let path = format!("full/{width},/0/default.jpg");
        let resolved = resolve(&path, image).expect("a request");
        let width = width.to_string();
        let query = [("w", width.as_str()), ("format", "jpeg")];
        let asked = crate::Request::parse(query, &Presets::default()).expect("a transform");
        prop_assert_eq!(resolved.transform.format(), FormatChoice::Exactly(crate::Format::Jpeg));
        if resolved.transform.size().is_some() {
            prop_assert_eq!(resolved.transform, asked.transform);
        }
    }
}
