use proptest::prelude::*;

use super::*;
use crate::Format;

fn read(query: &str) -> Result<Transform, ParseError> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Request::parse(pairs, &Presets::default()).map(|request| request.transform)
}

#[test]
fn two_spellings_of_one_transform_have_one_text() {
    for (query, canonical) in [
        ("", ""),
        ("h=20&w=10", "w=10&h=20"),
        ("w=0300", "w=300"),
        ("w=100&dpr=2", "w=200"),
        ("w=101&h=3&dpr=1.5", "w=152&h=5"),
        ("w=333&dpr=1.3333333730697632", "w=444"),
        ("dpr=2", ""),
        (
            "w=9&fit=scale-down&gravity=center&anim=1&format=source&sharpen=0",
            "w=9",
        ),
        (
            "w=9&h=9&fit=cover&gravity=0.50,0",
            "w=9&h=9&fit=cover&gravity=north",
        ),
        (
            "w=9&h=9&fit=cover&gravity=.25,1.0",
            "w=9&h=9&fit=cover&gravity=0.25,1",
        ),
        (
            "w=9&h=9&fit=cover&gravity=auto",
            "w=9&h=9&fit=cover&gravity=auto",
        ),
        ("w=9&h=9&fit=pad&gravity=auto", "w=9&h=9&fit=pad"),
        (
            "w=9&h=9&fit=pad&gravity=south",
            "w=9&h=9&fit=pad&gravity=south",
        ),
        ("w=9&h=9&gravity=south", "w=9&h=9"),
        ("gravity=auto", ""),
        ("w=9&fit=cover&gravity=north", "w=9&fit=contain"),
        ("h=9&fit=squeeze", "h=9&fit=contain"),
        ("h=9&fit=crop", "h=9"),
        ("h=9&fit=pad", "h=9&fit=pad"),
        ("fit=scale-down", ""),
        ("crop=0,0,100%,100%", ""),
        ("crop=0%,00,100.0%,100%", ""),
        ("crop=10.50%,5,50%,007", "crop=10.5%25,5,50%25,7"),
        ("rotate=180&flip=hv", ""),
        ("flip=hv", "rotate=180"),
        ("flip=h&rotate=180", "flip=v"),
        ("flip=v&rotate=90", "rotate=270&flip=h"),
        ("flip=hv&rotate=270", "rotate=90"),
        ("blur=2.50", "blur=2.5"),
        ("background=FFFFFFff", "background=ffffff"),
        ("background=12345600", ""),
        ("background=AbCdEf80", "background=abcdef80"),
        ("format=jpeg&background=ffffff", "format=jpeg"),
        (
            "format=webp&background=ffffff",
            "background=ffffff&format=webp",
        ),
        ("format=jpeg&q=80", "format=jpeg"),
        ("q=80", "q=80"),
        ("format=png&q=80", "format=png&q=80"),
        ("format=avif&anim=0", "format=avif"),
        ("format=gif&anim=0", "format=gif&anim=0"),
        ("utm_source=x&w=5&width=7", "w=5"),
    ] {
        let transform = read(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(transform.to_string(), canonical, "{query}");
        assert_eq!(transform.is_empty(), canonical.is_empty(), "{query}");
    }
}

#[test]
fn a_wrong_value_names_its_parameter_and_what_was_expected() {
    for (parameter, wrong) in [
        ("w", &["", "0", "-5", "1.5", "auto", "5px", "0x5"][..]),
        ("h", &["", "0", "5 "]),
        ("dpr", &["", "0.5", "4.01", "2x", "NaN", "1e0", "-1"]),
        ("fit", &["", "Cover", "fill", "inside"]),
        (
            "gravity",
            &["", "up", "0.5", "0.5,1.1", "-0.1,0", "0,0,0", "a,b"],
        ),
        ("crop", &["", "1,2,3", "0,0,0,5", "0,0,101%,5"]),
        ("rotate", &["", "0", "45", "360", "-90", "90.0"]),
        ("flip", &["", "x", "vh", "H"]),
        ("blur", &["", "0", "0.29", "100.1"]),
        ("sharpen", &["", "-1", "10.1"]),
        (
            "background",
            &["", "fff", "#ffffff", "ffffff0", "gggggg", "+fffff", "white"],
        ),
        ("format", &["", "jpg", "bmp", "WEBP", "jxl"]),
        ("q", &["", "0", "101", "80.5", "high"]),
        ("anim", &["", "2", "true"]),
    ] {
        for value in wrong {
            let query = [(parameter, *value)];
            let error = Request::parse(query, &Presets::default()).expect_err(value);
            assert!(
                matches!(error, ParseError::Value { .. }),
                "{parameter}={value}: {error}"
            );
            assert_eq!(error.parameter(), Some(parameter));
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("the parameter `{parameter}` must be ")),
                "{text}"
            );
        }
    }
}

#[test]
fn parameters_that_do_not_go_together_are_refused() {
    for fit in ["contain", "cover", "crop", "pad", "squeeze"] {
        let error = read(&format!("fit={fit}&dpr=2"));
        assert_eq!(error, Err(ParseError::FitWithoutBox), "{fit}");
    }
    for parameter in ["w", "q", "anim"] {
        let error = read(&format!("{parameter}=1&{parameter}=1"));
        assert_eq!(error, Err(ParseError::Repeated { parameter }));
    }
}

#[test]
fn a_side_too_large_for_any_limit_is_not_a_wrong_value() {
    for query in [
        "w=99999999999999999999",
        "w=1000000000&dpr=4",
        "w=300000000&dpr=4",
    ] {
        let transform = read(query).expect("a transform");
        assert_eq!(transform.to_string(), "w=1000000000", "{query}");
    }
}

#[test]
fn a_text_is_read_only_if_all_of_it_is_known() {
    for wrong in [
        "w", "w=5&", "&w=5", "preset=a", "width=5", "w=5&x=1", "?w=5",
    ] {
        assert_eq!(wrong.parse::<Transform>(), Err(ParseError::Text), "{wrong}");
    }
    assert_eq!("".parse(), Ok(Transform::default()));
    let crop: Transform = "crop=1%,2%25,3%,4".parse().expect("a transform");
    assert_eq!(crop.to_string(), "crop=1%25,2%25,3%25,4");
}

fn value(parameter: &'static str) -> BoxedStrategy<String> {
    let decimal = |most: f64| (0.0..most).prop_map(|number| format!("{number:.4}"));
    match parameter {
        "w" | "h" => (1..9000_u32).prop_map(|side| side.to_string()).boxed(),
        "dpr" => (1.0..4.0_f64).prop_map(|ratio| ratio.to_string()).boxed(),
        "fit" => "scale-down|contain|cover|crop|pad|squeeze".boxed(),
        "gravity" => prop_oneof![
            "auto|center|(north|south)(east|west)?|east|west",
            (decimal(1.0), decimal(1.0)).prop_map(|(x, y)| format!("{x},{y}")),
        ]
        .boxed(),
        "crop" => {
            "([0-9]{1,4}|[0-9]{1,2}(\\.[0-9]{1,8})?%)(,([1-9][0-9]{0,4}|[1-9][0-9]?%)){3}".boxed()
        }
        "rotate" => "90|180|270".boxed(),
        "flip" => "h|v|hv".boxed(),
        "blur" => (0.3..100.0_f64).prop_map(|sigma| sigma.to_string()).boxed(),
        "sharpen" => decimal(10.0).boxed(),
        "background" => "[0-9a-fA-F]{6}([0-9a-fA-F]{2})?".boxed(),
        "format" => "source|auto|jpeg|png|webp|avif|gif".boxed(),
        "q" => (1..=100_u8).prop_map(|quality| quality.to_string()).boxed(),
        _ => "0|1".boxed(),
    }
}

/// Parameters and values, in any order.
fn queries() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let names: Vec<_> = NAMES.into_iter().filter(|name| *name != "preset").collect();
    let count = names.len();
    let chosen = proptest::sample::subsequence(names, 0..=count).prop_shuffle();
    chosen.prop_flat_map(|names| {
        let pairs: Vec<_> = names
            .into_iter()
            .map(|name| (Just(name), value(name)))
            .collect();
        pairs
    })
}

proptest! {
    #[test]
    fn a_canonical_text_is_read_back(query in queries()) {
        let pairs = query.iter().map(|(name, value)| (*name, value.as_str()));
        if let Ok(request) = Request::parse(pairs.clone(), &Presets::default()) {
            let text = request.transform.to_string();
            prop_assert_eq!(text.parse(), Ok(request.transform), "{}", text);
            // In a query, an entity tag (RFC 9110) and a key, nothing has to be escaped.
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"=&%,.-".contains(&byte);
            prop_assert!(text.bytes().all(plain), "{}", text);
            let reversed: Vec<_> = pairs.collect();
            let reversed = reversed.into_iter().rev();
            prop_assert_eq!(Request::parse(reversed, &Presets::default()), Ok(request));
        }
    }

    #[test]
    fn any_text_is_a_transform_or_an_error(
        text in ".{0,60}|([a-z]{1,10}=[0-9a-z%,.-]{0,20}&?){0,5}",
        name in 0..NAMES.len(),
        value in ".{0,30}|[0-9.,%-]{0,30}",
    ) {
        if let Ok(transform) = text.parse::<Transform>() {
            prop_assert_eq!(transform.to_string().parse(), Ok(transform));
        }
        let query = [(NAMES[name], value.as_str())];
        if let Err(error) = Request::parse(query, &Presets::default()) {
            prop_assert_eq!(error.parameter(), Some(NAMES[name]));
        }
    }
}

#[test]
fn defaults_of_a_format_are_those_it_documents() {
    for format in Format::ALL {
        let Some(quality) = format.default_quality() else {
            continue;
        };
        let asked = read(&format!("format={format}&q={quality}")).expect("a transform");
        assert_eq!(
            asked,
            read(&format!("format={format}")).expect("a transform")
        );
    }
}
