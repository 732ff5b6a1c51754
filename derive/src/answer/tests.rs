use darkroom_pixels::NoPause;
use darkroom_transform::Placeholder;
use darkroom_transform::exchange::{MAX_PIXELS, MAX_SIDE, WITH_PLACEHOLDER};

use super::{Request, Response};

/// A GIF of one pixel.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

fn answer(target: &str, headers: &[(&str, &str)], source: &[u8]) -> Response {
    let header = |name: &str| {
        headers
            .iter()
            .find(|(of, _)| *of == name)
            .map(|(_, is)| *is)
    };
    match Request::read(target, header) {
        Ok(request) => request.answer(source, &NoPause),
        Err(response) => response,
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let found = response.headers.iter().find(|(of, _)| *of == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn a_derived_image_has_its_type_and_its_size() {
    let response = answer("/render?w=4&h=2&fit=squeeze&format=png", &[], GIF);
    assert_eq!((response.status, response.content_type), (200, "image/png"));
    let size = ["darkroom-width", "darkroom-height", "darkroom-frames"];
    let size = size.map(|name| header(&response, name));
    assert_eq!(size, [Some("4"), Some("2"), Some("1")]);
    assert!(response.body.starts_with(b"\x89PNG"));
}

#[test]
fn a_placeholder_comes_alone_or_with_a_derived_image() {
    let alone = answer("/placeholder", &[], GIF);
    let text = String::from_utf8(alone.body).expect("text");
    let placeholder = Placeholder::parse(&text).expect("a placeholder");
    assert_eq!((alone.status, placeholder.color()), (200, "#ff0000"));
    let with = answer("/render?w=1", &[(WITH_PLACEHOLDER, "1")], GIF);
    assert_eq!(header(&with, WITH_PLACEHOLDER), Some(text.as_str()));
    let without = answer("/render?w=1", &[], GIF);
    assert_eq!(header(&without, WITH_PLACEHOLDER), None);
    assert_eq!(with.body, without.body);
}

#[test]
fn refusals_name_their_kind_and_the_limit() {
    type Headers = &'static [(&'static str, &'static str)];
    const NONE: Headers = &[];
    const NO_PIXELS: Headers = &[(MAX_PIXELS, "0")];
    const SMALL: Headers = &[(MAX_SIDE, "8")];
    const NEGATIVE: Headers = &[(MAX_SIDE, "-1")];
    /// The frame headers of JPEGs that decoders do not know: 12 bits, arithmetic coding, and pictures
    /// in layers.
    const JPEGS: [&[u8]; 3] = [
        b"\xFF\xD8\xFF\xC1\0\x0b\x0c\0\x01\0\x01\x01\x01\x11\0",
        b"\xFF\xD8\xFF\xC9\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0",
        b"\xFF\xD8\xFF\xDE\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0",
    ];
    let cut = &GIF[..6];
    for (target, headers, source, status, kind, limit) in [
        ("/render?w=1", NONE, cut, 422, "undecodable", None),
        ("/render?w=1", NONE, JPEGS[0], 501, "unsupported", None),
        ("/render?w=1", NONE, JPEGS[1], 501, "unsupported", None),
        ("/render?w=1", NONE, JPEGS[2], 501, "unsupported", None),
        ("/render?w=1", NO_PIXELS, GIF, 422, "too-costly", Some("0")),
        (
            "/render?w=9&fit=contain",
            SMALL,
            GIF,
            413,
            "too-large",
            Some("8"),
        ),
        ("/render?w=x", NONE, GIF, 400, "malformed", None),
        ("/render?w=1", NEGATIVE, GIF, 400, "malformed", None),
        ("/", NONE, GIF, 400, "malformed", None),
    ] {
        let response = answer(target, headers, source);
        assert_eq!(response.status, status, "{target}");
        assert_eq!(
            header(&response, "darkroom-refusal"),
            Some(kind),
            "{target}"
        );
        assert_eq!(header(&response, "darkroom-limit"), limit, "{target}");
        assert!(!response.body.is_empty(), "{target}");
    }
}
