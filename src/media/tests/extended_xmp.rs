//! Extended XMP in several segments, from which what describes appended data is removed.

use super::policy as small_policy;
use crate::media::testing::fuzz::{policy, run};
use crate::media::testing::{self, pixels, segment};
use crate::media::{Inspector, Policy, Strip, Trailing};
use crate::model::Kind;

const PREFIX: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// A packet that describes a motion photo, and has other properties too, and the same packet
/// as it is to be stored.
fn packet() -> (Vec<u8>, Vec<u8>) {
    let with = |text: &str, blank: bool| match blank {
        true => " ".repeat(text.len()),
        false => text.to_owned(),
    };
    let [sent, stored] = [false, true].map(|blank| {
        let attribute = with("o:VideoLength='9'", blank);
        let element = with("<GCamera:MotionPhoto>1</GCamera:MotionPhoto>", blank);
        let directory = with(
            "<c:Directory xmlns:c='http://ns.google.com/photos/1.0/container/'>\
             <c:Item/></c:Directory>",
            blank,
        );
        format!(
            "<D {attribute} xmlns:o='http://ns.oplus.com/photos/1.0/camera/' GDepth:Data='QUJD'>\
             {element}<City>Zzyzx</City>{directory}</D>"
        )
        .into_bytes()
    });
    (sent, stored)
}

/// A segment with a part of a packet.
fn part(digest: u8, length: usize, offset: usize, content: &[u8]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).expect("short").to_be_bytes();
    let head = [PREFIX, &[digest; 32], &number(length), &number(offset)].concat();
    segment(0xE1, &[&head, content].concat())
}

/// The parts of a packet that is cut into pieces of this length.
fn parts(digest: u8, packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    let pieces = packet.chunks(size).enumerate();
    pieces
        .map(|(index, piece)| part(digest, packet.len(), index * size, piece))
        .collect()
}

/// A JPEG with these segments before its tables.
fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut file = testing::jpeg(8, 8);
    file.splice(2..2, segments.concat());
    file
}

/// What is stored of a JPEG if nothing but the description of what is cut off is removed.
fn stored(file: &[u8]) -> Vec<u8> {
    let outcome = run(&policy(None), [file]);
    assert!(outcome.answer.is_ok());
    let again = run(&policy(None), [&outcome.stored[..]]);
    assert!(again == outcome, "a second edit changes more");
    let seen = |file: &[u8]| pixels::decode(Kind::Jpeg, file).expect("a picture");
    assert!(seen(file) == seen(&outcome.stored), "the pixels change");
    outcome.stored
}

#[test]
fn properties_are_removed_wherever_a_packet_is_cut() {
    let (sent, expect) = packet();
    for at in 1..sent.len() {
        let cut = |packet: &[u8]| {
            let (head, tail) = packet.split_at(at);
            [
                part(b'A', packet.len(), 0, head),
                part(b'A', packet.len(), at, tail),
            ]
        };
        assert!(stored(&jpeg(&cut(&sent))) == jpeg(&cut(&expect)), "{at}");
    }
    for size in 1..40 {
        let file = jpeg(&parts(b'A', &sent, size));
        let expect = jpeg(&parts(b'A', &expect, size));
        assert!(stored(&file) == expect, "{size}");
        for push in [1, 2, 3, 50, 1000] {
            let outcome = run(&policy(None), file.chunks(push));
            assert!(outcome.stored == expect, "{size}, {push}");
        }
    }
}

#[test]
fn properties_are_removed_from_a_jpeg_without_an_end() {
    let (sent, expect) = packet();
    let [file, expect] = [sent, expect].map(|packet| jpeg(&parts(b'A', &packet, 100)));
    let open = file.strip_suffix(b"\xff\xd9").expect("an end");
    assert!(run(&policy(None), [open]).stored == expect);
}

#[test]
fn parts_may_come_in_any_order_and_among_others() {
    let (sent, expect) = packet();
    let arranged = |packet: &[u8]| {
        let [a, b] = [parts(b'A', packet, 50), parts(b'B', packet, 70)];
        let comment = [
            segment(0xFE, b"a comment"),
            segment(0xE2, b"ICC_PROFILE\0\x01\x01"),
        ];
        let standard = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<a City='Zzyzx'/>");
        let mut all: Vec<Vec<u8>> = a.into_iter().rev().chain(b).chain(comment).collect();
        // A fixed order that is none.
        all.sort_by_key(|segment| crc32fast::hash(segment.get(..70).unwrap_or(segment)));
        all.insert(2, standard);
        jpeg(&all)
    };
    assert!(stored(&arranged(&sent)) == arranged(&expect));
    // The index of the parts that follow EOI goes from between them.
    let [first, second] = <[_; 2]>::try_from(parts(b'A', &sent, 200)).expect("two");
    let file = jpeg(&[first, segment(0xE2, b"MPF\0II"), second]);
    assert!(stored(&file) == jpeg(&parts(b'A', &expect, 200)));
}

#[test]
fn packets_that_are_not_complete_stay() {
    let (sent, expect) = packet();
    let (length, size) = (sent.len(), 100);
    let all = parts(b'A', &sent, size);
    let good = parts(b'B', &sent, size);
    let last = all.len() - 1;
    let without = |index: usize| {
        let mut some = all.clone();
        some.remove(index);
        some
    };
    let with = |index: usize, part: Vec<u8>| {
        let mut some = all.clone();
        some[index] = part;
        some
    };
    let piece = &sent[size..2 * size];
    for (name, broken) in [
        ("no first part", without(0)),
        ("no middle part", without(1)),
        ("no last part", without(last)),
        ("a part twice", [&all[..], &all[1..2]].concat()),
        ("a gap", with(1, part(b'A', length, size + 1, piece))),
        ("an overlap", with(1, part(b'A', length, size - 1, piece))),
        (
            "an extreme offset",
            with(1, part(b'A', length, 0xFFFF_FFFF, piece)),
        ),
        (
            "another packet's part",
            with(1, part(b'C', length, size, piece)),
        ),
        (
            "another length",
            with(1, part(b'A', length + 1, size, piece)),
        ),
        (
            "an extreme length",
            parts(b'A', &sent, size)
                .into_iter()
                .map(|mut part| {
                    let at = 4 + PREFIX.len() + 32;
                    part[at..at + 4].fill(0xFF);
                    part
                })
                .collect(),
        ),
        ("an empty part", vec![part(b'A', 5, 0, b"")]),
        ("not XML", parts(b'A', b"<a hdrgm:Version=''><b>", 9)),
    ] {
        let file = jpeg(&broken);
        assert!(stored(&file) == file, "{name}");
        // Another packet beside it is edited.
        let file = jpeg(&[&broken[..], &good].concat());
        let expect = jpeg(&[&broken[..], &parts(b'B', &expect, size)].concat());
        assert!(stored(&file) == expect, "{name}");
    }
}

#[test]
fn a_seed_has_a_packet_in_two_parts() {
    let (sent, expect) = packet();
    let [seed, expect] = [&sent, &expect].map(|packet| jpeg(&parts(b'A', packet, 130)));
    let file = include_bytes!("../../../fuzz/seeds/media/extended-xmp-in-parts.jpg");
    assert!(file[..] == seed && stored(file) == expect);
}

#[test]
fn packets_stay_if_nothing_is_cut_off_and_go_if_metadata_is_stripped() {
    let (sent, _) = packet();
    let file = jpeg(&parts(b'A', &sent, 100));
    let keeps = Policy {
        trailing: Trailing::Reject,
        ..policy(None)
    };
    assert!(run(&keeps, [&file[..]]).stored == file);
    for strip in [Strip::Location, Strip::All] {
        assert!(run(&policy(Some(strip)), [&file[..]]).stored == jpeg(&[]));
    }
}

/// A packet of about this length that begins with a motion photo and ends with one.
fn long(length: usize) -> [Vec<u8>; 2] {
    let motion = "GCamera:MotionPhoto='1'";
    [motion, &" ".repeat(motion.len())].map(|motion| {
        let data = "QUJD".repeat(length / 4);
        format!("<D {motion} GDepth:Data='{data}' {motion}/>").into_bytes()
    })
}

#[test]
fn no_more_is_held_than_a_piece_of_metadata_may_have() {
    let policy = small_policy();
    let most = usize::try_from(policy.max_metadata_bytes).expect("short");
    for (length, is_edited) in [(most - 1000, true), (most, false), (1 << 20, false)] {
        let [sent, blank] = long(length);
        let [sent, blank] = [sent, blank].map(|packet| jpeg(&parts(b'A', &packet, 30_000)));
        let mut inspector = Inspector::new(policy.clone());
        for piece in sent.chunks(1000) {
            super::push(&mut inspector, piece).expect("good so far");
            assert!(inspector.held() <= 3 * most, "{length}");
        }
        let expect = if is_edited { &blank } else { &sent };
        assert!(run(&policy, [&sent[..]]).stored == *expect, "{length}");
    }
}

#[test]
fn the_work_on_a_packet_grows_with_its_length_only() {
    let elements = [
        "   <crs:WhiteBalance>As Shot</crs:WhiteBalance>\n",
        "    <rdf:li>0, 0</rdf:li>\n",
    ];
    for (element, size) in elements
        .into_iter()
        .flat_map(|element| [(element, 1000), (element, 60_000)])
    {
        let units = [100_000, 200_000, 400_000, 800_000].map(|length| {
            let elements = element.repeat(length / element.len());
            let packet = format!("<D hdrgm:Version='1'>{elements}</D>").into_bytes();
            let file = jpeg(&parts(b'A', &packet, size));
            let mut inspector = Inspector::new(policy(None));
            super::push(&mut inspector, &file).expect("a picture");
            let (units, passed, _) = inspector.work();
            (units, passed)
        });
        for (units, passed) in units {
            assert!(units <= 12 * passed, "{units} units for {passed} bytes");
        }
        let [(first, _), .., (last, _)] = units;
        assert!(last <= 8 * first, "{units:?}");
    }
}
