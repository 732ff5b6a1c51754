//! Header boxes before and after an edit.

use super::*;
use crate::media::testing::isobmff::{bx, full, nested, versioned};

fn edited(strip: Option<Strip>, inner: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut content = [&[0; 4], inner].concat();
    Headers::new(strip, &[], &mut Meter::default()).meta(&mut content)?;
    Ok(content.split_off(4))
}

/// Checks that these boxes in `meta` become those, which then stay the same.
fn check(before: &[u8], after: &[u8]) {
    for strip in [Strip::Location, Strip::All] {
        assert_eq!(edited(Some(strip), before), Ok(after.to_vec()));
        assert_eq!(edited(Some(strip), after), Ok(after.to_vec()));
    }
    assert_eq!(edited(None, before), Ok(before.to_vec()));
}

#[test]
fn depth_is_limited_in_nested_boxes() {
    let mut meter = Meter::default();
    let mut headers = Headers::new(None, &[], &mut meter);
    let mut movie = bx(b"trak", &bx(b"mdia", &bx(b"minf", &bx(b"stbl", b""))));
    assert_eq!(headers.boxes(&mut movie, Parent::Movie, 5), Ok(()));
    let deep = "boxes are nested more than eight deep";
    assert_eq!(headers.boxes(&mut movie, Parent::Movie, 4), Err(deep));
}

#[test]
fn a_misplaced_container_is_refused_before_its_content_is_read() {
    let reason = "a box is inside one that cannot contain it";
    for strip in [None, Some(Strip::Location)] {
        assert_eq!(edited(strip, &nested(b"meta", &[0; 4], 2)), Err(reason));
        let mut tracks = nested(b"trak", b"", 8000);
        let answer = Headers::new(strip, &[], &mut Meter::default()).moov(&mut tracks);
        assert_eq!(answer, Err(reason));
    }
}

#[test]
fn unknown_names_become_spaces() {
    let infe = |texts: &[u8]| {
        let entry = [b"\0\x01\0\0mime", texts].concat();
        full(
            b"iinf",
            &[&[0, 1], &versioned(b"infe", 2, &entry)[..]].concat(),
        )
    };
    check(
        &infe(b"at Zzyzx\0application/rdf+xml\0\0Zzyzx"),
        &infe(b"        \0application/rdf+xml\0\0     "),
    );
    check(&infe(b"XMP\0text/zzyzx\0"), &infe(b"XMP\0          \0"));
    let stays = infe(b"Color\0application/rdf+xml\0\0");
    check(&stays, &stays);
    let wide = |name: &[u8]| {
        let entry = [b"\0\0\0\x01\0\0av01", name].concat();
        let infe = versioned(b"infe", 3, &entry);
        versioned(b"iinf", 1, &[&[0, 0, 0, 1], &infe[..]].concat())
    };
    check(&wide(b"Zzyzx\0"), &wide(b"     \0"));
    let hdlr = |name: &[u8]| full(b"hdlr", &[&[0; 20], name].concat());
    check(&hdlr(b"Zzyzx\0"), &hdlr(b"     \0"));
    check(&hdlr(b"PictureHandler\0"), &hdlr(b"PictureHandler\0"));
    check(&hdlr(b""), &hdlr(b""));
}

#[test]
fn unneeded_properties_keep_only_their_number() {
    let list = |boxes: &[Vec<u8>]| bx(b"iprp", &bx(b"ipco", &boxes.concat()));
    let needed = full(b"ispe", &[0; 8]);
    let profile = bx(b"colr", b"profZzyzx");
    let before = list(&[
        bx(b"uuid", &[7; 40]),
        needed.clone(),
        full(b"udes", b"en\0at Zzyzx\0\0\0"),
        full(b"altt", b"at Zzyzx\0en\0"),
        bx(b"colr", b"ZzyzZzyzx"),
        profile.clone(),
        bx(b"free", b"Zzyzx"),
    ]);
    let after = list(&[
        bx(b"free", &[0; 40]),
        needed,
        bx(b"free", &[0; 18]),
        bx(b"free", &[0; 16]),
        bx(b"free", &[0; 9]),
        profile,
        bx(b"free", &[0; 5]),
    ]);
    check(&before, &after);
}

#[test]
fn references_to_other_files_are_emptied() {
    let source = |content: &[u8]| {
        let entries = [&[0, 0, 0, 1], &full(b"url ", content)[..]].concat();
        bx(b"dinf", &full(b"dref", &entries))
    };
    check(&source(b"file:///Zzyzx\0"), &source(&[0; 14]));
}

#[test]
fn times_go_with_all_metadata() {
    let movie = |version: u8, time: u8, length: usize| {
        let fields = [vec![time; length], vec![9; 20]].concat();
        let of = |name: &[u8; 4]| versioned(name, version, &fields);
        let track = bx(b"trak", &[of(b"tkhd"), bx(b"mdia", &of(b"mdhd"))].concat());
        [of(b"mvhd"), track].concat()
    };
    for (version, length) in [(0, 8), (1, 16)] {
        for (strip, left) in [(Strip::Location, 7), (Strip::All, 0)] {
            let mut edited = movie(version, 7, length);
            assert_eq!(
                Headers::new(Some(strip), &[], &mut Meter::default()).moov(&mut edited),
                Ok(())
            );
            assert!(
                edited == movie(version, left, length),
                "{version}, {strip:?}"
            );
        }
    }
}

#[test]
fn the_name_of_a_compressor_is_cleared_unless_it_is_the_reference() {
    let movie = |name: &[u8], property: &[u8]| {
        let mut fields = vec![9; DESCRIPTION];
        fields[42..74].fill(0);
        fields[42..42 + name.len()].copy_from_slice(name);
        let entry = bx(b"av01", &[&fields, property].concat());
        let stsd = full(b"stsd", &[&[0, 0, 0, 1], &entry[..]].concat());
        bx(b"trak", &bx(b"mdia", &bx(b"minf", &bx(b"stbl", &stsd))))
    };
    let check = |mut before: Vec<u8>, after: Vec<u8>| {
        let mut meter = Meter::default();
        let headers = Headers::new(Some(Strip::Location), &[], &mut meter);
        assert_eq!(headers.moov(&mut before), Ok(()));
        assert!(before == after);
    };
    let maker = bx(b"uuid", &[7; 16]);
    let empty = bx(b"free", &[0; 16]);
    check(movie(b"\x05Zzyzx", &maker), movie(b"", &empty));
    let known = movie(b"\x0aAOM Coding", &empty);
    check(known.clone(), known);
    check(movie(b"\x0aAOM Coding\0Zzyzx", b""), movie(b"", b""));
}

#[test]
fn overlong_boxes_are_refused_at_every_level() {
    let outside = "a box extends beyond the box that contains it";
    let long = |name: &[u8; 4]| [&100u32.to_be_bytes()[..], name].concat();
    let inside = |outer: &[u8; 4], name: &[u8; 4]| bx(outer, &long(name));
    for strip in [None, Some(Strip::Location)] {
        for meta in [
            long(b"free"),
            bx(b"iprp", &inside(b"ipco", b"ispe")),
            inside(b"iprp", b"ipma"),
            full(b"iinf", &[&[0, 1], &long(b"infe")[..]].concat()),
            bx(
                b"dinf",
                &full(b"dref", &[&[0; 4], &long(b"url ")[..]].concat()),
            ),
        ] {
            assert_eq!(edited(strip, &meta), Err(outside));
        }
        for movie in [
            long(b"mvhd"),
            inside(b"trak", b"tkhd"),
            bx(b"trak", &inside(b"edts", b"elst")),
            bx(b"trak", &bx(b"mdia", &inside(b"minf", b"vmhd"))),
        ] {
            let mut movie = movie;
            assert_eq!(
                Headers::new(strip, &[], &mut Meter::default()).moov(&mut movie),
                Err(outside)
            );
        }
    }
}
