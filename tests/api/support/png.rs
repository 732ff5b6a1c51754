//! PNG files of any size in bytes, each different from every other, generated as they are sent.

use bytes::Bytes;
use uuid::Uuid;

/// A pixel and padding: chunks of image data after the end of the compressed stream, which decoders
/// skip and nothing removes. All chunks but the last are equal, so that a large file is quick to
/// generate. Their length shares no factor with that of stored chunks, so that no stored chunk can
/// be mistaken for another.
#[derive(Clone, Debug)]
pub(crate) struct Png {
    head: Bytes,
    block: Bytes,
    blocks: usize,
    tail: Bytes,
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const HEADER: [u8; 13] = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
/// One grey pixel, as a zlib stream of a stored block.
const PIXEL: [u8; 13] = [
    0x78, 0x01, 0x01, 0x02, 0x00, 0xfd, 0xff, 0x00, 0x7f, 0x00, 0x81, 0x00, 0x80,
];
/// Everything except the padding.
const FIXED: usize = 8 + 3 * 12 + HEADER.len() + PIXEL.len();
const FRAME: usize = 12;
const BLOCK: usize = FRAME + (64 << 10) + 3;

impl Png {
    /// The smallest size of a file.
    pub(crate) const SMALLEST: usize = FIXED + FRAME;

    /// A file of exactly `size` bytes.
    pub(crate) fn of_size(size: usize) -> Self {
        assert!(size >= Self::SMALLEST, "{size} bytes are too few for a PNG");
        let mut noise = Noise::new();
        let blocks = (size - Self::SMALLEST) / BLOCK;
        let last = size - Self::SMALLEST - blocks * BLOCK;
        let mut tail = chunk(*b"IDAT", &noise.bytes(last));
        tail.extend(chunk(*b"IEND", &[]));
        Self {
            head: [
                SIGNATURE,
                &chunk(*b"IHDR", &HEADER),
                &chunk(*b"IDAT", &PIXEL),
            ]
            .concat()
            .into(),
            block: chunk(*b"IDAT", &noise.bytes(BLOCK - FRAME)).into(),
            blocks,
            tail: tail.into(),
        }
    }

    /// The file, piece by piece.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Bytes> + Send + use<> {
        let blocks = std::iter::repeat_n(self.block.clone(), self.blocks);
        let ends = (self.head.clone(), self.tail.clone());
        std::iter::once(ends.0).chain(blocks).chain([ends.1])
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Bytes {
        self.pieces().flatten().collect::<Vec<u8>>().into()
    }
}

/// A PNG chunk: length, type, data, CRC-32 of type and data.
fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("a short chunk");
    let mut chunk = length.to_be_bytes().to_vec();
    chunk.extend(kind);
    chunk.extend(data);
    let crc = crc32(&chunk[4..]);
    chunk.extend(crc.to_be_bytes());
    chunk
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1))
        })
    })
}

/// Bytes that do not repeat (xorshift64), different for each start.
struct Noise(u64);

impl Noise {
    fn new() -> Self {
        let (high, low) = Uuid::now_v7().as_u64_pair();
        Self((high ^ low.rotate_left(17)) | 1)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()
        };
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend(next());
        }
        bytes.truncate(count);
        bytes
    }
}
