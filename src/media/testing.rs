//! Makes small valid images for tests, here and in integration tests. The files follow the
//! formats' specifications alone, so a test that reads them back checks against the
//! specifications and not against an encoder.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
#[cfg(test)]
pub(super) mod hostile;
#[cfg(test)]
pub(crate) mod isobmff;
pub mod parts;
#[cfg(any(test, feature = "fuzzing"))]
pub mod pixels;

use parts::PNG_SIGNATURE;
pub(super) use parts::{png_chunk, riff_chunk, segment};

/// A PNG of grey pixels, `width` by `height`.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    // Every row is preceded by the number of its filter, 0.
    let row = usize::try_from(width).expect("a row fits into memory") + 1;
    let rows = usize::try_from(height).expect("the rows fit into memory");
    let pixels: Vec<u8> = (0..row * rows)
        .map(|index| if index % row == 0 { 0 } else { 0x80 })
        .collect();
    let ihdr = [
        width.to_be_bytes().as_slice(),
        &height.to_be_bytes(),
        &[8, 0, 0, 0, 0],
    ]
    .concat();
    [
        PNG_SIGNATURE,
        &png_chunk(b"IHDR", &ihdr),
        &png_chunk(b"IDAT", &zlib_stored(&pixels)),
        &png_chunk(b"IEND", &[]),
    ]
    .concat()
}

/// An incompressible PNG of exactly `total` bytes, which must be at least [`MIN_PNG_SIZE`].
/// It has one pixel; the rest is image data after the end of the compressed stream, which
/// stripping keeps and decoders ignore.
pub fn png_of_size(total: usize) -> Vec<u8> {
    assert!(
        total >= MIN_PNG_SIZE,
        "a PNG has at least {MIN_PNG_SIZE} bytes"
    );
    let mut file = png(1, 1);
    let end = file.split_off(file.len() - 12);
    file.extend(png_chunk(
        b"IDAT",
        &noise(total - file.len() - end.len() - 12),
    ));
    file.extend(end);
    file
}

/// The minimum size that [`png_of_size`] can make.
pub const MIN_PNG_SIZE: usize = 100;

/// A GIF of `frames` frames of one colour, `width` by `height`.
pub fn gif(width: u16, height: u16, frames: u16) -> Vec<u8> {
    let [across, down] = [width.to_le_bytes(), height.to_le_bytes()].map(|side| side.to_vec());
    let screen = [&across[..], &down].concat();
    // Four colours: the minimum for which codes have the three bits used below.
    let colours = [[0x20; 3], [0x60; 3], [0xA0; 3], [0xE0; 3]].concat();
    let mut file = [b"GIF89a", &screen[..], &[0xA1, 0, 0], &colours].concat();
    if frames > 1 {
        file.extend(b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0");
    }
    for frame in 0..frames {
        file.extend(b"!\xf9\x04\0\x0a\0\0\0");
        file.extend([b",\0\0\0\0", &screen[..], &[0, 2]].concat());
        let pixels = u32::from(width) * u32::from(height);
        let codes = lzw(pixels, frame % 4);
        for block in codes.chunks(255) {
            file.push(u8::try_from(block.len()).expect("255 at most"));
            file.extend(block);
        }
        file.push(0);
    }
    file.push(b';');
    file
}

/// A baseline JPEG of grey pixels, `width` by `height`.
pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let [h, v] = [height.to_be_bytes(), width.to_be_bytes()];
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    // One code of one bit for each table: a difference of 0 for DC, end of block for AC.
    let code = |class: u8| [&[class, 1], &[0; 15][..], &[0]].concat();
    let mut bits = Bits::default();
    (0..blocks).for_each(|_| bits.push(0, 2));
    // Padding consists of ones, and Bits would pad with zeros.
    let padding = bits.count.wrapping_neg() % 8;
    bits.push((1 << padding) - 1, padding);
    let reversed = bits.bytes.iter().map(|byte| byte.reverse_bits());
    [
        &[0xFF, 0xD8][..],
        &segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        &segment(0xDB, &[&[0], &[1; 64][..]].concat()),
        &segment(0xC0, &[&[8], &h[..], &v, &[1, 1, 0x11, 0]].concat()),
        &segment(0xC4, &code(0x00)),
        &segment(0xC4, &code(0x10)),
        &segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        &reversed.collect::<Vec<u8>>(),
        &[0xFF, 0xD9],
    ]
    .concat()
}

/// A JPEG like that of [`jpeg`], with an Exif block that contains `orientation`.
pub fn jpeg_with_orientation(width: u16, height: u16, orientation: u8) -> Vec<u8> {
    let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
    let exif = [b"Exif\0\0", &tiff[..], &[orientation, 0, 0, 0, 0, 0, 0]].concat();
    let mut file = jpeg(width, height);
    file.splice(2..2, segment(0xE1, &exif));
    file
}

/// A lossless WebP of one colour, `width` by `height`, at most 16384 each.
pub fn webp(width: u16, height: u16) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0x2F, 8);
    bits.push(u32::from(width) - 1, 14);
    bits.push(u32::from(height) - 1, 14);
    // No alpha, version 0; no transform, no colour cache, no further codes.
    bits.push(0, 1 + 3 + 1 + 1 + 1);
    // Green, red, blue, alpha, distance: each has a single symbol, 0, of no bits.
    (0..5).for_each(|_| bits.push(1, 4));
    let stream = bits.bytes;
    let mut content = riff_chunk(b"VP8L", &stream);
    content.splice(0..0, *b"WEBP");
    riff_chunk(b"RIFF", &content)
}

/// An AVIF still of one colour, 3 by 2.
pub fn avif() -> Vec<u8> {
    let digits = AVIF.split_ascii_whitespace().collect::<String>();
    (0..digits.len() / 2)
        .map(|index| u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16))
        .collect::<Result<_, _>>()
        .expect("hexadecimal digits")
}

const AVIF: &str = "
00000020667479706176696600000000617669666d6966316d6961664d413142000000eb6d657461
000000000000002168646c7200000000000000007069637400000000000000000000000000000000
0e7069746d0000000000010000001e696c6f63000000004400000100010000000100000113000000
240000002869696e660000000000010000001a696e6665020000000001000061763031436f6c6f72
000000006a697072700000004b6970636f0000001469737065000000000000000300000002000000
107069786900000000030808080000000c6176314381000c0000000013636f6c726e636c78000100
0d0006800000001769706d610000000000000001000104010283040000002c6d64617412000a0818
042b4404341a1032161d8787859ddc71c702c0000090358e3c7c85d24be455
";

/// A zlib stream (RFC 1950) of stored deflate blocks (RFC 1951 §3.2.4).
fn zlib_stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xFFFF).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("65535 at most");
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (a + b) % 65521)
    });
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

/// LZW codes of three bits each: a clear code before every two pixels keeps the table from
/// growing to a size at which codes get longer.
fn lzw(pixels: u32, colour: u16) -> Vec<u8> {
    const CLEAR: u32 = 4;
    const END: u32 = 5;
    let mut bits = Bits::default();
    for pixel in 0..pixels {
        if pixel % 2 == 0 {
            bits.push(CLEAR, 3);
        }
        bits.push(colour.into(), 3);
    }
    bits.push(CLEAR, 3);
    bits.push(END, 3);
    bits.bytes
}

/// Incompressible bytes, always the same (xorshift64*).
fn noise(count: usize) -> Vec<u8> {
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let words = std::iter::repeat_with(move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes()
    });
    words.flatten().take(count).collect()
}

/// Bits in the order of GIF and WebP: from the lowest up.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, width: u32) {
        for bit in 0..width {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let set = u8::from(value >> bit & 1 == 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= set << (self.count % 8);
            }
            self.count += 1;
        }
    }
}
