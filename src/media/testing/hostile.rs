//! Files that are made to be costly: as many of the smallest parts as fit into a length, or
//! parts that all refer to the same bytes. `cargo xtask bench` measures their cost; tests
//! check that they behave like every other file.

use super::parts::{PNG_SIGNATURE, iso_box, png_chunk, riff_chunk, segment};

/// A description, and the file.
pub(crate) type File = (&'static str, Vec<u8>);

/// One file of each kind, about `length` bytes long, which must be at least 1,000.
pub(crate) fn files(length: usize) -> Vec<File> {
    let mut files = jpegs(length);
    files.extend(pngs(length));
    files.extend(gifs(length));
    files.extend(webps(length));
    files.extend(avifs(length));
    files
}

/// Repeats a part up to `length`.
fn fill(length: usize, part: &[u8]) -> Vec<u8> {
    part.repeat(length / part.len())
}

/// Parts made from consecutive numbers, up to `length`.
fn numbered(length: usize, part: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let mut all = Vec::with_capacity(length);
    for number in 0.. {
        let part = part(number);
        if all.len() + part.len() > length {
            break;
        }
        all.extend(part);
    }
    all
}

/// The maximum length of a JPEG segment here.
const SEGMENT: usize = 65_000;

/// Segments that are as full as possible.
fn segments(length: usize, marker: u8, head: &[u8], content: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() + head.len() + 100 < length {
        let room = (length - all.len()).min(SEGMENT) - head.len() - 4;
        all.extend(segment(marker, &[head, &content(room)].concat()));
    }
    all
}

/// An Exif block all of whose entries are texts that refer to the same bytes: all of them.
fn exif_of_the_same_bytes(length: usize) -> Vec<u8> {
    let all = u32::try_from(length).expect("short");
    let entries = numbered(length - 14, |number| {
        let tag = u16::try_from(0x8000 + number).expect("few");
        let text = [0, 2];
        [
            &tag.to_be_bytes(),
            &text[..],
            &(all - 8).to_be_bytes(),
            &8_u32.to_be_bytes(),
        ]
        .concat()
    });
    let count = u16::try_from(entries.len() / 12).expect("few");
    [
        b"MM\0\x2a\0\0\0\x08",
        &count.to_be_bytes()[..],
        &entries,
        &[0; 4],
    ]
    .concat()
}

/// An XMP packet with as many attributes as fit.
fn xmp_of_attributes(length: usize) -> Vec<u8> {
    const HEAD: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
        xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description xmlns:a=\"a\"";
    const TAIL: &str = "/></rdf:RDF></x:xmpmeta>";
    let room = length.saturating_sub(HEAD.len() + TAIL.len());
    let attributes = numbered(room, |number| format!(" a:n{number:x}=\"\"").into_bytes());
    [HEAD.as_bytes(), &attributes, TAIL.as_bytes()].concat()
}

/// An XMP packet with as many nested elements as fit.
fn xmp_of_elements(length: usize) -> Vec<u8> {
    let depth = length / 7;
    ["<a>".repeat(depth), "</a>".repeat(depth)]
        .concat()
        .into_bytes()
}

/// Segments that each contain a byte of an extended XMP packet.
fn xmp_in_parts(length: usize) -> Vec<u8> {
    const PREFIX: &[u8] = b"http://ns.adobe.com/xmp/extension/\0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let count = length / (PREFIX.len() + 13);
    let packet = [b"<a", &fill(count, b" b=''")[..], b"/>"].concat();
    let total = u32::try_from(packet.len()).expect("short").to_be_bytes();
    let bytes = packet.iter().zip(0_u32..);
    let part = |(byte, at): (&u8, u32)| [PREFIX, &total, &at.to_be_bytes(), &[*byte]].concat();
    bytes.flat_map(|byte| segment(0xE1, &part(byte))).collect()
}

const XMP_IN_JPEG: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// A JPEG of one block, with parts before its tables and in its scan.
fn jpeg(before: &[u8], scan: &[u8]) -> Vec<u8> {
    jpeg_of_side(8, before, &[&[0x3F][..], scan].concat())
}

/// A JPEG of this width and height, with parts before its tables, and with this scan.
fn jpeg_of_side(side: u16, before: &[u8], scan: &[u8]) -> Vec<u8> {
    let [high, low] = side.to_be_bytes();
    // One code of one bit for each table: a difference of 0 for DC, end of block for AC.
    let code = |class: u8| segment(0xC4, &[&[class, 1], &[0; 15][..], &[0]].concat());
    [
        &[0xFF, 0xD8],
        before,
        &segment(0xDB, &[&[0], &[1; 64][..]].concat()),
        &segment(0xC0, &[8, high, low, high, low, 1, 1, 0x11, 0]),
        &code(0x00),
        &code(0x10),
        &segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        scan,
        &[0xFF, 0xD9],
    ]
    .concat()
}

fn jpegs(length: usize) -> Vec<File> {
    let before = |parts: Vec<u8>| jpeg(&parts, &[]);
    let photoshop = b"8BIM\x04\x04\0\0\0\0\0\0";
    let of = |marker, head: &[u8], content: &dyn Fn(usize) -> Vec<u8>| {
        before(segments(length, marker, head, content))
    };
    vec![
        (
            "jpeg: Exif of the same bytes",
            of(0xE1, b"Exif\0\0", &exif_of_the_same_bytes),
        ),
        (
            "jpeg: XMP of attributes",
            of(0xE1, XMP_IN_JPEG, &xmp_of_attributes),
        ),
        (
            "jpeg: XMP of elements",
            of(0xE1, XMP_IN_JPEG, &xmp_of_elements),
        ),
        ("jpeg: XMP in parts", before(xmp_in_parts(length))),
        (
            "jpeg: Photoshop of empty resources",
            of(0xED, b"Photoshop 3.0\0", &|room| fill(room, photoshop)),
        ),
        (
            "jpeg: empty comments",
            before(fill(length, &segment(0xFE, b""))),
        ),
        (
            "jpeg: empty Exif",
            before(fill(length, &segment(0xE1, b"Exif\0\0"))),
        ),
        ("jpeg: fill bytes", before(fill(length, b"\xFF"))),
        (
            "jpeg: fill bytes in a scan",
            jpeg(&[], &fill(length, b"\xFF")),
        ),
        (
            "jpeg: stuffed bytes in a scan",
            jpeg(&[], &fill(length, b"\xFF\0")),
        ),
        (
            "jpeg: codes of one bit",
            jpeg_of_side(7000, &[], &fill(length, b"\0")),
        ),
        (
            "jpeg: restarts",
            jpeg(
                &[],
                &numbered(length, |at| vec![0xFF, 0xD0 + (at % 8) as u8]),
            ),
        ),
    ]
}

/// A PNG of one grey pixel, with chunks before its pixels and after them.
pub(crate) fn png(before: &[u8], after: &[u8]) -> Vec<u8> {
    let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
    // zlib, one stored block: no filter, black.
    let pixels = [0x78, 1, 1, 2, 0, 0xFD, 0xFF, 0, 0, 0, 2, 0, 1];
    let [header, pixels] = [png_chunk(b"IHDR", &header), png_chunk(b"IDAT", &pixels)];
    [
        PNG_SIGNATURE,
        &header,
        before,
        &pixels,
        after,
        &png_chunk(b"IEND", &[]),
    ]
    .concat()
}

fn pngs(length: usize) -> Vec<File> {
    let before = |chunk: Vec<u8>| png(&fill(length, &chunk), &[]);
    let long = |head: &[u8], content: Vec<u8>| {
        let name = if head.is_empty() { b"eXIf" } else { b"iTXt" };
        png(&png_chunk(name, &[head, &content].concat()), &[])
    };
    let xmp = b"XML:com.adobe.xmp\0\0\0\0\0";
    let exif = exif_of_the_same_bytes(length.min(SEGMENT));
    vec![
        ("png: empty chunks", before(png_chunk(b"drKm", b""))),
        (
            "png: empty chunks after the pixels",
            png(&[], &fill(length, &png_chunk(b"drKm", b""))),
        ),
        (
            "png: empty pixels",
            png(&[], &fill(length, &png_chunk(b"IDAT", b""))),
        ),
        (
            "png: many eXIf",
            before(png_chunk(b"eXIf", b"MM\0\x2a\0\0\0\x08\0\0\0\0\0\0")),
        ),
        ("png: Exif of the same bytes", long(b"", exif)),
        ("png: small texts", before(png_chunk(b"tEXt", b"a\0"))),
        (
            "png: XMP of attributes",
            long(xmp, xmp_of_attributes(length)),
        ),
        ("png: XMP of elements", long(xmp, xmp_of_elements(length))),
    ]
}

/// A GIF of one pixel, with blocks before it, and with these sub-blocks of codes.
fn gif(before: &[u8], codes: &[u8]) -> Vec<u8> {
    let screen = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF";
    let frame = b",\0\0\0\0\x01\0\x01\0\0\x02";
    [screen, before, frame, codes, b"\0;"].concat()
}

fn gifs(length: usize) -> Vec<File> {
    let codes = b"\x02\x44\x01";
    let blocks = |head: &[u8]| [b"!", head, &fill(length, b"\x01a"), b"\0"].concat();
    vec![
        (
            "gif: comment of 1-byte sub-blocks",
            gif(&blocks(b"\xFE"), codes),
        ),
        (
            "gif: codes in 1-byte sub-blocks",
            gif(&[], &[&codes[..], &fill(length, b"\x01\x05")].concat()),
        ),
        (
            "gif: XMP of 1-byte sub-blocks",
            gif(&blocks(b"\xFF\x0BXMP DataXMP"), codes),
        ),
        ("gif: empty comments", gif(&fill(length, b"!\xFE\0"), codes)),
        (
            "gif: empty control blocks",
            gif(&fill(length, b"!\xF9\x04\0\x0A\0\0\0"), codes),
        ),
    ]
}

/// A WebP of one pixel, with chunks after it.
fn webp(after: &[u8]) -> Vec<u8> {
    // Flags for Exif and XMP; then the sides minus one.
    let head = riff_chunk(b"VP8X", &[0x0C, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let pixel = riff_chunk(b"VP8L", &[0x2F, 0, 0, 0, 0, 0x88, 0x88, 0x08]);
    riff_chunk(b"RIFF", &[b"WEBP", &head[..], &pixel, after].concat())
}

fn webps(length: usize) -> Vec<File> {
    let exif = exif_of_the_same_bytes(length.min(SEGMENT));
    vec![
        (
            "webp: empty chunks",
            webp(&fill(length, &riff_chunk(b"drKm", b""))),
        ),
        (
            "webp: empty Exif",
            webp(&fill(length, &riff_chunk(b"EXIF", b""))),
        ),
        (
            "webp: Exif of the same bytes",
            webp(&riff_chunk(b"EXIF", &exif)),
        ),
        (
            "webp: XMP of attributes",
            webp(&riff_chunk(b"XMP ", &xmp_of_attributes(length))),
        ),
    ]
}

/// A box with a version and flags of 0.
fn full(name: &[u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    iso_box(name, &[&[version, 0, 0, 0], content].concat())
}

/// A number of 16 bits.
fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes()
}

/// Boxes inside each other, 8 bytes each.
fn nested(length: usize, name: &[u8; 4]) -> Vec<u8> {
    let sizes = (1..=length / 8)
        .rev()
        .map(|left| u32::try_from(left * 8).expect("short"));
    sizes
        .flat_map(|size| [size.to_be_bytes(), *name].concat())
        .collect()
}

/// An AVIF with additional boxes in its `meta`, and others after that.
fn avif(meta: &[&[u8]], after: &[u8]) -> Vec<u8> {
    let kind = iso_box(b"ftyp", b"avif\0\0\0\0avifmif1");
    let handler = full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let properties = [
        full(b"ispe", 0, &[0, 0, 0, 1, 0, 0, 0, 1]),
        iso_box(b"av1C", b"\x81\0\x0C\0"),
    ];
    let container = iso_box(b"ipco", &properties.concat());
    let association = full(b"ipma", 0, &[0, 0, 0, 1, 0, 1, 2, 1, 0x82]);
    let described = iso_box(b"iprp", &[container, association].concat());
    let primary = full(b"pitm", 0, &[0, 1]);
    let all = [&handler, &primary, &described, &meta.concat()[..]].concat();
    [kind, full(b"meta", 0, &all), after.to_vec()].concat()
}

/// `iinf` of the picture, which is item 1, and of Exif items numbered from 2 on.
fn items(others: usize) -> Vec<u8> {
    let entry = |number: usize, kind: &[u8; 4]| {
        full(
            b"infe",
            2,
            &[&short(number), &[0, 0], &kind[..], &[0]].concat(),
        )
    };
    let entries = (2..others + 2).map(|number| entry(number, b"Exif"));
    let entries = [entry(1, b"av01")]
        .into_iter()
        .chain(entries)
        .collect::<Vec<_>>();
    full(
        b"iinf",
        0,
        &[&short(entries.len())[..], &entries.concat()].concat(),
    )
}

/// `iloc`, version 1: the extents of each item in `idat`.
fn locations(extents: &[Vec<(u32, u32)>]) -> Vec<u8> {
    let mut content = [&[0x44, 0][..], &short(extents.len())].concat();
    for (item, extents) in extents.iter().enumerate() {
        content.extend([short(item + 1), [0, 1], [0, 0], short(extents.len())].concat());
        for (offset, size) in extents {
            content.extend([offset.to_be_bytes(), size.to_be_bytes()].concat());
        }
    }
    full(b"iloc", 1, &content)
}

fn avifs(length: usize) -> Vec<File> {
    let data = |size: usize| iso_box(b"idat", &vec![0; size]);
    let (size, half) = (u32::try_from(length / 2).expect("short"), length / 2);
    let picture = vec![(0, 16)];
    // Each refers to all of the data again.
    let overlapping = |each: usize, items: usize| {
        let extents = vec![vec![(0, size); each]; items];
        locations(&[vec![picture.clone()], extents].concat())
    };
    let (many, items_of_one) = (half / 8, half / 37);
    let pictured = [
        items(0),
        locations(std::slice::from_ref(&picture)),
        data(16),
    ]
    .concat();
    let boxed = |name| avif(&[&pictured], &fill(length, &iso_box(name, b"")));
    vec![
        (
            "avif: an item of overlapping extents",
            avif(&[&items(1), &overlapping(many, 1), &data(half)], &[]),
        ),
        (
            "avif: items that overlap",
            avif(
                &[
                    &items(items_of_one),
                    &overlapping(1, items_of_one),
                    &data(half),
                ],
                &[],
            ),
        ),
        (
            "avif: a huge iloc",
            avif(&[&items(0), &overlapping(0, length / 8), &data(16)], &[]),
        ),
        (
            "avif: nested boxes in meta",
            avif(&[&pictured, &nested(length, b"ipco")], &[]),
        ),
        (
            "avif: nested boxes",
            avif(&[&pictured], &nested(length, b"moov")),
        ),
        ("avif: empty boxes", boxed(b"free")),
        (
            "avif: empty boxes in meta",
            avif(&[&pictured, &fill(length, &iso_box(b"free", b""))], &[]),
        ),
        ("avif: empty mdat", boxed(b"mdat")),
    ]
}
