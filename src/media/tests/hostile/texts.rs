//! XMP packets, and Photoshop resources with IPTC, in a JPEG.

use super::jpeg::jpeg;
use super::{Case, Fate, SECRET, hidden, private};
use crate::media::testing::segment;

pub(super) fn cases() -> Vec<Case> {
    [packets(), disguises(), links(), resources()]
        .into_iter()
        .flatten()
        .collect()
}

/// A JPEG with this packet.
fn xmp(packet: impl AsRef<[u8]>) -> Vec<u8> {
    let content = [b"http://ns.adobe.com/xap/1.0/\0", packet.as_ref()].concat();
    jpeg(&segment(0xE1, &content), b"")
}

fn packets() -> Vec<Case> {
    let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    let wide = |order: fn(u16) -> [u8; 2], mark: &[u8]| {
        let text = "<a City='Zzyzx'/>".encode_utf16().flat_map(order);
        xmp([mark, &text.collect::<Vec<u8>>()].concat())
    };
    let bomb = "<!DOCTYPE a [<!ENTITY b 'Zzyzx'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><a>&c;</a>";
    vec![
        hidden("entities in entities", xmp(bomb)),
        hidden(
            "an external entity",
            xmp("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///Zzyzx'>]><a>&b;</a>"),
        ),
        private("elements 32 deep", xmp(deep(32))),
        hidden("elements 33 deep", xmp(deep(33))),
        hidden("elements 5,000 deep", xmp(deep(5000))),
        hidden("elements that are never closed", xmp("<a>".repeat(5000))),
        hidden("end tags without start tags", xmp("</a>".repeat(1000))),
        hidden(
            "elements that are closed in the wrong order",
            xmp("<a><City>Zzyzx</a></City>"),
        ),
        hidden(
            "a packet in big-endian UTF-16",
            wide(u16::to_be_bytes, b"\xfe\xff"),
        ),
        hidden(
            "a packet in little-endian UTF-16",
            wide(u16::to_le_bytes, b"\xff\xfe"),
        ),
        hidden(
            "a packet in UTF-16 without a mark",
            wide(u16::to_be_bytes, b""),
        ),
        hidden(
            "an encoding that hides text",
            xmp("<?xml version='1.0' encoding='UTF-7'?><a>+Zzyzx-</a>"),
        ),
        hidden(
            "two declarations",
            xmp("<?xml version='1.0'?><?xml encoding='UTF-7'?><a>Zzyzx</a>"),
        ),
        hidden(
            "a declaration of 300 bytes",
            xmp(format!("<?xml {}?><a>Zzyzx</a>", " ".repeat(300))),
        ),
        hidden("a zero in the middle", xmp("<a>\0<City>Zzyzx</City></a>")),
    ]
}

fn disguises() -> Vec<Case> {
    let long = format!("<a {}='Zzyzx'/>", "x".repeat(129));
    vec![
        hidden(
            "a comment that might end where it begins",
            xmp("<!--><![CDATA[--><a City='Zzyzx'/><!--]]>-->"),
        ),
        hidden(
            "an instruction that might end where it begins",
            xmp("<?><![CDATA[?><a City='Zzyzx'/><?]]>?>"),
        ),
        hidden(
            "a section that is not CDATA",
            xmp("<![IGNORE[<a City='Zzyzx'/>]]>"),
        ),
        hidden("a prefix of a prefix", xmp("<a b:c:City='Zzyzx'/>")),
        hidden(
            "a prefix that declares prefixes",
            xmp("<a xmlns:b:City='Zzyzx'/>"),
        ),
        hidden("a name in capitals", xmp("<a CITY='Zzyzx'/>")),
        hidden("a name of 129 bytes", xmp(long)),
        hidden(
            "a name that contains a known one",
            xmp("<a mySubLocation2='Zzyzx'/>"),
        ),
        hidden(
            "a greater-than sign in a value",
            xmp("<a b='>' City='Zzyzx'/>"),
        ),
        hidden(
            "the other quote in a value",
            xmp("<a b='\"' City=\"Zzyzx'\"/>"),
        ),
        hidden("a value without an end", xmp("<a City='Zzyzx/>")),
        hidden("a value without quotes", xmp("<a City=Zzyzx/>")),
        hidden(
            "a less-than sign in a value",
            xmp("<a b='<' City='Zzyzx'/>"),
        ),
        hidden(
            "an end of a comment in a value",
            xmp("<a b='-->' City='Zzyzx'/>"),
        ),
        hidden(
            "a location in a location that is closed once",
            xmp("<a><City><City>Zzyzx</City>Zzyzx</City></a>"),
        ),
        private("a location in a comment", xmp("<!-- City --><a/>")),
        private("a location in a value", xmp("<a b='City'/>")),
    ]
}

/// A JPEG with a part of an extended packet of this length.
fn extended(length: usize, part: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).expect("short").to_be_bytes();
    let head = [
        &b"http://ns.adobe.com/xmp/extension/\0"[..],
        &[b'A'; 32],
        &length,
        &[0; 4],
    ];
    jpeg(&segment(0xE1, &[&head.concat()[..], part].concat()), b"")
}

/// Properties that describe what follows the picture and is cut off.
fn links() -> Vec<Case> {
    let all = |name, file| Case(name, file, [Fate::Less; 3]);
    let motion = "<a xmlns:c='http://ns.google.com/photos/1.0/camera/' c:MotionPhoto='1'/>";
    let parts = "<a><Container:Directory><b>Zzyzx</b></Container:Directory></a>";
    vec![
        all("a motion photo", xmp(motion)),
        all("a directory of parts", xmp(parts)),
        all("a gain map", xmp("<a hdrgm:Version='1.0'/>")),
        all(
            "a directory of parts in extended XMP",
            extended(parts.len(), parts.as_bytes()),
        ),
        hidden(
            "a directory of parts in a part of extended XMP",
            extended(parts.len() + 1, parts.as_bytes()),
        ),
        hidden(
            "a packet that is not XML and has a directory",
            xmp("<a><Container:Directory>Zzyzx"),
        ),
    ]
}

/// A JPEG with these resources.
fn photoshop(resources: &[&[u8]]) -> Vec<u8> {
    let content = [b"Photoshop 3.0\0", &resources.concat()[..]].concat();
    jpeg(&segment(0xED, &content), b"")
}

/// The beginning of a resource that claims to have this length.
fn resource(id: u16, length: u32) -> Vec<u8> {
    [
        b"8BIM",
        &id.to_be_bytes()[..],
        b"\0\0",
        &length.to_be_bytes(),
    ]
    .concat()
}

fn resources() -> Vec<Case> {
    let of = |id: u16, data: &[u8]| {
        let length = u32::try_from(data.len()).expect("short");
        let padding = &[0][..data.len() % 2];
        photoshop(&[&resource(id, length), data, padding])
    };
    let iptc = |head: &[u8]| of(0x0404, &[b"\x1c\x02\x5a", head, SECRET].concat());
    let claims = |length: u32| photoshop(&[&resource(0x03ED, length), SECRET]);
    let city = [b"\x1c\x02\x5a\0\x05", SECRET].concat();
    let length = u32::try_from(city.len()).expect("short");
    let twice = [&resource(0x0404, length)[..], &city].concat();
    vec![
        hidden("a resource of 2^32 - 1 bytes", claims(u32::MAX)),
        hidden("a resource of 2^31 bytes", claims(1 << 31)),
        hidden(
            "a resource that is a byte longer than the segment",
            claims(6),
        ),
        hidden(
            "a name of 255 bytes that are not there",
            photoshop(&[b"8BIM\x04\x04\xffname", SECRET]),
        ),
        hidden(
            "an unknown signature",
            photoshop(&[b"8BIX\x04\x04\0\0\0\0\0\0", SECRET]),
        ),
        private(
            "a resource of an odd length without padding",
            photoshop(&[&resource(0x03ED, 3), b"dpi"]),
        ),
        private(
            "5,000 empty resources",
            photoshop(&[&resource(0x03ED, 0).repeat(5000)]),
        ),
        private(
            "resources in a resource",
            photoshop(&[
                &resource(0x03ED, 24),
                &resource(0x03ED, 12),
                &resource(0x03ED, 0),
            ]),
        ),
        hidden("a city", iptc(b"\0\x05")),
        hidden("a city with a length of no bytes", iptc(b"\x80\0")),
        hidden(
            "a city whose length is 2^32 - 1",
            iptc(b"\x80\x04\xff\xff\xff\xff"),
        ),
        hidden(
            "a city whose length is 2^64 - 1",
            iptc(b"\x80\x08\xff\xff\xff\xff\xff\xff\xff\xff"),
        ),
        hidden(
            "a city whose length has 72 bits",
            iptc(b"\x80\x09\x01\0\0\0\0\0\0\0\x05"),
        ),
        hidden("a city with a length of 32,767 bytes", iptc(b"\xff\xff")),
        hidden(
            "a city whose length has leading zeros",
            iptc(b"\x80\x07\0\0\0\0\0\0\x05"),
        ),
        hidden("a second IPTC", photoshop(&[&twice, &twice])),
        hidden("malformed IPTC", of(0x0404, SECRET)),
        hidden(
            "a city after zeros",
            of(0x0404, &[&[0; 9][..], &city].concat()),
        ),
        hidden("a thumbnail", of(0x040C, SECRET)),
        hidden("Exif in a resource", of(0x0422, SECRET)),
    ]
}
