//! The parts of files: chunks, segments and boxes. Uses nothing but the standard library, so
//! that `cargo xtask bench` can make the same files.

/// The signature of a PNG.
pub const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A chunk of a PNG.
pub fn png_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a chunk is shorter than 4 GB");
    let crc = !content
        .iter()
        .fold(name.iter().fold(u32::MAX, crc_step), crc_step);
    [
        &length.to_be_bytes(),
        &name[..],
        content,
        &crc.to_be_bytes(),
    ]
    .concat()
}

fn crc_step(crc: u32, byte: &u8) -> u32 {
    const TABLE: [u32; 256] = crc_table();
    let [low, ..] = crc.to_le_bytes();
    (crc >> 8) ^ TABLE[usize::from(low ^ byte)]
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut entry = 0;
    let mut number: u32 = 0;
    while entry < 256 {
        let mut crc = number;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[entry] = crc;
        entry += 1;
        number += 1;
    }
    table
}

/// A segment of a JPEG.
pub fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).expect("a segment is shorter than 64 kB");
    [&[0xFF, marker], &length.to_be_bytes()[..], content].concat()
}

/// A chunk of a RIFF file, such as a WebP.
pub fn riff_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a chunk is shorter than 4 GB");
    let padding = &[0][..content.len() % 2];
    [&name[..], &length.to_le_bytes(), content, padding].concat()
}

/// A box of an AVIF.
pub fn iso_box(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).expect("a box is shorter than 4 GB");
    [&size.to_be_bytes(), &name[..], content].concat()
}
