use darkroom_transform::{Presets, Request};
use proptest::prelude::*;

use super::*;
use crate::Layout;
use crate::testing::pictures::{Source, photo};
use crate::testing::{Noise, damage};

fn sources() -> Vec<Vec<u8>> {
    let image = photo(64, 48, Layout::Rgb);
    let still = Source::new(image.clone()).orientation(6);
    let still = [still.jpeg(80), still.png(), still.webp()];
    let gif = derive(&still[1], "format=gif").bytes;
    still.into_iter().chain([gif]).collect()
}

fn queries() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let number = |most: u32| (1..most).prop_map(|number| number.to_string());
    let option = |name, value: BoxedStrategy<String>| {
        proptest::option::of(value).prop_map(move |value| value.map(|value| (name, value)))
    };
    let pairs = vec![
        option("w", number(200).boxed()),
        option("h", number(200).boxed()),
        option("fit", "scale-down|contain|cover|crop|pad|squeeze".boxed()),
        option("gravity", "auto|north|0\\.[0-9],0\\.[0-9]".boxed()),
        option("crop", "[0-9],[0-9]{1,2}%,[1-9]%,[1-9][0-9]".boxed()),
        option("rotate", "90|180|270".boxed()),
        option("flip", "h|v|hv".boxed()),
        option("blur", "1|0\\.5|9|80".boxed()),
        option("sharpen", "[0-9]|10".boxed()),
        option("background", "[0-9a-f]{6}|[0-9a-f]{8}".boxed()),
        option("format", "jpeg|png|webp|gif|auto|source".boxed()),
        option("q", number(101).boxed()),
    ];
    pairs.prop_map(|pairs| pairs.into_iter().flatten().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_transform_of_any_source_gives_an_image_or_an_error(
        query in queries(),
        number in 0..4_usize,
        seed in proptest::option::of(any::<u64>()),
    ) {
        let pairs = query.iter().map(|(name, value)| (*name, value.as_str()));
        let Ok(request) = Request::parse(pairs, &Presets::default()) else {
            return Ok(());
        };
        let source = &sources()[number];
        let source = seed.map_or_else(|| source.clone(), |seed| damage(source, seed));
        let limits = Limits {
            max_pixels: 1_000_000,
            max_memory: 64 << 20,
            ..Limits::default()
        };
        if let Ok(rendered) = render(&source, &request.transform, &limits, &NoPause) {
            let again = decode::open(&rendered.bytes, &Limits::default()).expect("a file");
            prop_assert_eq!(again.info().width, rendered.width);
            prop_assert_eq!(again.info().height, rendered.height);
        }
    }
}

/// 2,000 files of each format, most of them damaged, by as many transforms.
#[test]
fn no_damaged_file_breaks_a_promise() {
    const FILES: [(&str, [&[u8]; 4]); 5] = [
        (
            "JPEG",
            [
                include_bytes!("../../../../tests/fixtures/baseline-rotated.jpg"),
                include_bytes!("../../../../tests/fixtures/progressive.jpg"),
                include_bytes!("../../../../tests/fixtures/grey.jpg"),
                include_bytes!("../../../../tests/fixtures/private.jpg"),
            ],
        ),
        (
            "PNG",
            [
                include_bytes!("../../../../tests/fixtures/alpha.png"),
                include_bytes!("../../../../tests/fixtures/palette.png"),
                include_bytes!("../../../../tests/fixtures/animated.png"),
                include_bytes!("../../../../tests/fixtures/private.png"),
            ],
        ),
        (
            "GIF",
            [
                include_bytes!("../../../../tests/fixtures/still.gif"),
                include_bytes!("../../../../tests/fixtures/animated.gif"),
                include_bytes!("../../../../tests/fixtures/private.gif"),
                include_bytes!("../../../../fuzz/seeds/pixels_render/turned.gif"),
            ],
        ),
        (
            "WebP",
            [
                include_bytes!("../../../../tests/fixtures/lossy.webp"),
                include_bytes!("../../../../tests/fixtures/lossless.webp"),
                include_bytes!("../../../../tests/fixtures/animated.webp"),
                include_bytes!("../../../../tests/fixtures/private.webp"),
            ],
        ),
        (
            "AVIF",
            [
                include_bytes!("../../../../tests/fixtures/rotated.avif"),
                include_bytes!("../../../../tests/fixtures/animated.avif"),
                include_bytes!("../../../../tests/fixtures/rotated-animated.avif"),
                include_bytes!("../../../tests/fixtures/420-premultiplied.avif"),
            ],
        ),
    ];
    for (format, files) in FILES {
        let mut noise = Noise::new(format.len() as u64);
        let mut derived = 0;
        for (seed, source) in (0..2_000).zip(files.iter().cycle()) {
            let mut file = damage(source, seed);
            // Small boxes, so that many are tried.
            file.extend([noise.byte() % 64, noise.byte() % 64]);
            file.extend([0; 4].map(|_| noise.byte()));
            derived += u32::from(crate::render::fuzz::any(&file));
        }
        assert!(derived > 200, "{format}: {derived} were derived");
    }
}

#[test]
fn limits_of_the_result_hold() {
    let source = Source::new(photo(64, 48, Layout::Rgb)).png();
    let limits = Limits {
        max_side: 100,
        ..Limits::default()
    };
    let with = |text: &str, limits: &Limits| render(&source, &transform(text), limits, &NoPause);
    let over = with("w=101", &limits);
    assert_eq!(
        over,
        Err(Error::TooLarge {
            side: 101,
            limit: 100
        })
    );
    let outside = with("crop=64,0,5,5", &limits);
    assert_eq!(
        outside,
        Err(Error::CropOutside {
            width: 64,
            height: 48
        })
    );
    let little = Limits {
        max_memory: 4 << 20,
        ..Limits::default()
    };
    assert!(matches!(
        with("w=4000&fit=contain", &little),
        Err(Error::TooCostly { .. })
    ));
    let wide = Limits {
        max_side: 100_000,
        ..Limits::default()
    };
    let too_wide = with("w=20000&h=2&fit=squeeze&format=webp", &wide);
    assert_eq!(
        too_wide,
        Err(Error::TooLarge {
            side: 20_000,
            limit: 16_383
        })
    );
}
