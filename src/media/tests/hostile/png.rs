//! Malicious PNGs.

use super::{Case, Fate, SECRET, hidden, kept, private, refused};
use crate::media::testing::png_chunk;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const IHDR: &[u8] = &[0, 0, 0, 2, 0, 0, 0, 3, 8, 2, 0, 0, 0];

/// A PNG of 2 by 3 pixels with chunks before and after its data.
pub(super) fn png(before: &[u8], after: &[u8]) -> Vec<u8> {
    headed(IHDR, before, after)
}

fn headed(ihdr: &[u8], before: &[u8], after: &[u8]) -> Vec<u8> {
    let (ihdr, idat) = (png_chunk(b"IHDR", ihdr), png_chunk(b"IDAT", b"data"));
    let iend = png_chunk(b"IEND", b"");
    [SIGNATURE, &ihdr, before, &idat, after, &iend].concat()
}

/// A PNG of this size.
fn sized(width: u32, height: u32) -> Vec<u8> {
    let sides = [width, height].map(u32::to_be_bytes).concat();
    headed(&[&sides[..], &[8, 2, 0, 0, 0]].concat(), b"", b"")
}

/// A chunk whose name was damaged later: the first letter has the other case.
fn lowered(name: &[u8; 4]) -> Vec<u8> {
    let mut chunk = png_chunk(name, b"Title\0data");
    chunk[4] ^= 0x20;
    chunk
}

/// The beginning of a chunk that claims to have this length.
fn claim(name: &[u8; 4], length: u32) -> Vec<u8> {
    [&length.to_be_bytes()[..], name, b"some content"].concat()
}

/// An fcTL with this number, size and position.
fn control(fields: [u32; 5]) -> Vec<u8> {
    let fields = fields.map(u32::to_be_bytes).concat();
    png_chunk(b"fcTL", &[&fields[..], &[0, 1, 0, 10, 0, 0]].concat())
}

fn declare(frames: u32) -> Vec<u8> {
    png_chunk(b"acTL", &[frames.to_be_bytes(), [0; 4]].concat())
}

pub(super) fn cases() -> Vec<Case> {
    [lengths(), crcs(), headers(), animations(), private_chunks()]
        .into_iter()
        .flatten()
        .collect()
}

const MOST: u32 = 0x7FFF_FFFF;

fn lengths() -> Vec<Case> {
    let cut = "ends before it is complete";
    let fixed = "a chunk of fixed length has a different length";
    let header = "a chunk has no valid header";
    let large = "a piece of metadata of 2147483647 bytes";
    let ihdr = [SIGNATURE, &claim(b"IHDR", MOST)].concat();
    let claims = |name, length| png(&claim(name, length), b"");
    vec![
        refused("an IHDR of 2^31 - 1 bytes", ihdr, fixed),
        refused("data of 2^31 - 1 bytes", claims(b"IDAT", MOST), cut),
        refused("data of 2^31 bytes", claims(b"IDAT", 1 << 31), header),
        refused("data of 2^32 - 1 bytes", claims(b"IDAT", u32::MAX), header),
        refused(
            "a length that is 0 with its header added",
            claims(b"tEXt", u32::MAX - 11),
            header,
        ),
        refused("a text of 2^31 - 1 bytes", claims(b"tEXt", MOST), large),
        refused(
            "an Exif block of 2^31 - 1 bytes",
            claims(b"eXIf", MOST),
            large,
        ),
        refused("a profile of 2^31 - 1 bytes", claims(b"iCCP", MOST), large),
        refused(
            "a private chunk of 2^31 - 1 bytes",
            claims(b"prIv", MOST),
            cut,
        ),
        refused(
            "a palette of 2^31 - 1 bytes",
            claims(b"PLTE", MOST),
            "whole number of colours",
        ),
        refused(
            "a palette of 257 colours",
            png(&png_chunk(b"PLTE", &[0; 771]), b""),
            "whole number of colours",
        ),
        refused(
            "a palette without colours",
            png(&png_chunk(b"PLTE", b""), b""),
            "whole number of colours",
        ),
        refused(
            "a name without letters",
            png(&png_chunk(b"\0\0\0\0", b""), b""),
            header,
        ),
        refused(
            "a name with a letter beyond ASCII",
            png(&png_chunk(b"t\xc5Xt", b""), b""),
            header,
        ),
        refused(
            "an IEND with content",
            [&png(b"", b"")[..49], &png_chunk(b"IEND", b"x")].concat(),
            fixed,
        ),
        kept(
            "chunks without content throughout",
            png(
                &png_chunk(b"tIME", b"").repeat(0),
                &png_chunk(b"IDAT", b"").repeat(5000),
            ),
        ),
    ]
}

fn crcs() -> Vec<Case> {
    vec![
        Case(
            "a CRC of zeros",
            png(b"\0\0\0\x05prIvZzyzx\0\0\0\0", b""),
            [Fate::Less; 3],
        ),
        refused(
            "an ancillary name of image data, by one bit",
            [
                SIGNATURE,
                &png_chunk(b"IHDR", IHDR),
                &lowered(b"IDAT"),
                &png_chunk(b"IEND", b""),
            ]
            .concat(),
            "it has no image data",
        ),
        refused(
            "a critical name of a text, by one bit",
            png(&lowered(b"tEXt"), b""),
            "an unknown critical chunk",
        ),
    ]
}

fn headers() -> Vec<Case> {
    let pixels = "more than the 50000000 allowed";
    let side = "a side is longer than the format allows";
    let methods = "an invalid method or colour type";
    let fields = |rest: [u8; 5]| headed(&[&[0, 0, 0, 2, 0, 0, 0, 3][..], &rest].concat(), b"", b"");
    vec![
        refused("an IHDR without width", sized(0, 3), "no pixels"),
        refused("an IHDR without height", sized(2, 0), "no pixels"),
        refused("a width of 2^31 - 1", sized(MOST, 1), pixels),
        refused("a width of 2^31", sized(1 << 31, 1), side),
        refused("a height of 2^32 - 1", sized(1, u32::MAX), side),
        refused("sides whose product is 2^32", sized(65_536, 65_536), pixels),
        refused("sides whose product is 2^62", sized(MOST, MOST), pixels),
        refused("a depth of 255", fields([255, 2, 0, 0, 0]), methods),
        refused("a colour type of 255", fields([8, 255, 0, 0, 0]), methods),
        refused("a compression of 255", fields([8, 2, 255, 0, 0]), methods),
        refused("an interlacing of 255", fields([8, 2, 0, 0, 255]), methods),
        refused(
            "a second IHDR",
            png(&png_chunk(b"IHDR", IHDR), b""),
            "a second IHDR",
        ),
        refused(
            "an IHDR of 12 bytes",
            headed(&IHDR[..12], b"", b""),
            "a chunk of fixed length has a different length",
        ),
        refused(
            "an IHDR of 14 bytes",
            headed(&[IHDR, b"\0"].concat(), b"", b""),
            "a chunk of fixed length has a different length",
        ),
    ]
}

fn animations() -> Vec<Case> {
    let order = "the chunks of the animation are out of order";
    let beyond = "a frame extends beyond the canvas";
    let placed = |area: [u32; 4]| {
        let [width, height, x, y] = area;
        png(
            &[declare(1), control([0, width, height, x, y])].concat(),
            b"",
        )
    };
    let numbered = |number: u32| png(&[declare(1), control([number, 2, 3, 0, 0])].concat(), b"");
    let data = |content: &[u8]| {
        png(
            &declare(1),
            &[control([0, 2, 3, 0, 0]), png_chunk(b"fdAT", content)].concat(),
        )
    };
    vec![
        refused(
            "an animation of 2^31 - 1 frames",
            png(&declare(MOST), b""),
            "2147483647 frames are more",
        ),
        refused(
            "an animation of 1,001 frames",
            png(&declare(1001), b""),
            "1001 frames are more",
        ),
        kept(
            "an acTL of 2^32 - 1 frames, which is ignored",
            png(&declare(u32::MAX), b""),
        ),
        refused(
            "a frame whose position and width wrap around",
            placed([2, 3, u32::MAX - 1, 0]),
            beyond,
        ),
        refused(
            "a frame whose position and height wrap around",
            placed([2, 3, 0, u32::MAX - 2]),
            beyond,
        ),
        refused(
            "a frame of 2^32 - 1 by 2^32 - 1",
            placed([u32::MAX; 4]),
            beyond,
        ),
        refused("a frame of no width", placed([0, 3, 0, 0]), beyond),
        refused("a first number of 2^32 - 1", numbered(u32::MAX), order),
        refused(
            "data whose number is 2^32 - 1",
            data(b"\xff\xff\xff\xffdata"),
            order,
        ),
        refused(
            "data without a number",
            data(b"123"),
            "a frame's data has no sequence number",
        ),
        refused(
            "data of an animation before the still image",
            png(&[declare(1), png_chunk(b"fdAT", &[0; 8])].concat(), b""),
            "does not belong to a frame",
        ),
        refused(
            "a frame whose data never arrives",
            png(&declare(1), &control([0, 2, 3, 0, 0])),
            "has no data",
        ),
    ]
}

fn private_chunks() -> Vec<Case> {
    let of = |name: &[u8; 4], head: &[u8]| png(&png_chunk(name, &[head, SECRET].concat()), b"");
    let turned = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let twice = [
        png_chunk(b"eXIf", turned),
        png_chunk(b"eXIf", &[&turned[..], SECRET].concat()),
    ]
    .concat();
    let long = [&[b'k'; 80][..], b"\0", SECRET].concat();
    vec![
        hidden("a private chunk", of(b"prIv", b"")),
        hidden(
            "a private chunk after the data",
            png(b"", &png_chunk(b"mkBS", SECRET)),
        ),
        hidden("a public chunk that is not registered", of(b"sEcR", b"")),
        hidden("an extension of a GIF", of(b"gIFx", b"XMP DataXMP")),
        hidden("content credentials in a PNG", of(b"caBX", b"")),
        hidden("compressed Exif", of(b"zxIf", b"\0")),
        hidden("a text without a keyword", of(b"tEXt", b"\0")),
        hidden("a text of nothing but a keyword", of(b"tEXt", b"")),
        hidden(
            "a keyword of 80 bytes",
            png(&png_chunk(b"tEXt", &long), b""),
        ),
        hidden(
            "a keyword with a space before it",
            of(b"tEXt", b" Location\0"),
        ),
        hidden(
            "a packet in a text of another kind",
            of(b"zTXt", b"XML:com.adobe.xmp\0\0"),
        ),
        hidden("a second Exif block", png(&twice, b"")),
        private("a comment", png(&png_chunk(b"tEXt", b"Comment\0none"), b"")),
        kept(
            "chunks of the picture",
            png(
                &[
                    png_chunk(b"gAMA", &[0; 4]),
                    png_chunk(b"cICP", &[0; 4]),
                    png_chunk(b"sRGB", b"\0"),
                ]
                .concat(),
                b"",
            ),
        ),
    ]
}
