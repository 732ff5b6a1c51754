//! The container of WebP (RFC 9649, section 2).

use crate::encode::changes::Area;

/// How the pixels of a picture are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bitstream {
    Lossy,
    Lossless,
}

/// The data of a picture.
pub(super) struct Picture {
    pub(super) bitstream: Bitstream,
    pub(super) data: Vec<u8>,
    /// The chunk of alpha, of a lossy picture.
    pub(super) alpha: Option<Vec<u8>>,
}

impl Picture {
    /// About how many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.data.len() + self.alpha.as_ref().map_or(0, Vec::len)
    }

    fn write(&self, file: &mut Vec<u8>) {
        if let Some(alpha) = &self.alpha {
            chunk(file, b"ALPH", alpha);
        }
        let kind = match self.bitstream {
            Bitstream::Lossy => b"VP8 ",
            Bitstream::Lossless => b"VP8L",
        };
        chunk(file, kind, &self.data);
    }
}

const ALPHA: u8 = 0x10;
const ANIMATION: u8 = 0x02;

/// A file with one picture.
pub(super) fn still(picture: &Picture, width: u32, height: u32) -> Vec<u8> {
    let mut chunks = Vec::new();
    if picture.alpha.is_some() {
        extended(&mut chunks, ALPHA, (width, height));
    }
    picture.write(&mut chunks);
    riff(&chunks)
}

/// A file with frames.
pub(super) fn animation(
    frames: &[u8],
    size: (u32, u32),
    has_alpha: bool,
    loop_count: u32,
) -> Vec<u8> {
    let mut chunks = Vec::new();
    let alpha = if has_alpha { ALPHA } else { 0 };
    extended(&mut chunks, alpha | ANIMATION, size);
    let loops = u16::try_from(loop_count).unwrap_or(u16::MAX);
    // Behind the frames: nothing.
    let [low, high] = loops.to_le_bytes();
    chunk(&mut chunks, b"ANIM", &[0, 0, 0, 0, low, high]);
    chunks.extend(frames);
    riff(&chunks)
}

/// A frame that replaces what was in its area.
pub(super) fn frame(frames: &mut Vec<u8>, picture: &Picture, area: Area, delay: u32) {
    /// Not blended with what was there, and left there.
    const FLAGS: u8 = 0x02;
    const LONGEST: u32 = 0xff_ffff;

    let mut data = Vec::new();
    let numbers = [
        area.x / 2,
        area.y / 2,
        area.width - 1,
        area.height - 1,
        delay.min(LONGEST),
    ];
    for number in numbers {
        data.extend(&number.to_le_bytes()[..3]);
    }
    data.push(FLAGS);
    picture.write(&mut data);
    chunk(frames, b"ANMF", &data);
}

/// The data of the first chunk of this kind.
pub(super) fn chunk_of(file: &[u8], kind: &[u8; 4]) -> Option<Vec<u8>> {
    let mut rest = file.get(12..)?;
    loop {
        let (found, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        if found == kind {
            return after.get(..length).map(<[u8]>::to_vec);
        }
        rest = after.get(length.checked_add(length % 2)?..)?;
    }
}

fn extended(file: &mut Vec<u8>, flags: u8, (width, height): (u32, u32)) {
    let mut data = vec![flags, 0, 0, 0];
    data.extend(&(width - 1).to_le_bytes()[..3]);
    data.extend(&(height - 1).to_le_bytes()[..3]);
    chunk(file, b"VP8X", &data);
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend(kind);
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    if data.len() % 2 == 1 {
        file.push(0);
    }
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend((chunks.len() as u32 + 4).to_le_bytes());
    file.extend(b"WEBP");
    file.extend(chunks);
    file
}
