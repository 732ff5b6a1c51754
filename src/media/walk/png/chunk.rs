//! The reading of a chunk: how much of it is held, and what follows from a wrong CRC.

use crate::media::MediaError;
use crate::media::crc::crc32;
use crate::media::read::Reader;
use crate::media::strip;
use crate::media::walk::{Found, Step, length};

/// How to read a chunk, depending on its name and length.
pub(super) enum Reading {
    /// Wait until it is complete.
    Whole,
    /// Let it pass.
    Pass,
    /// Let it pass, and leave it out of the file.
    Drop,
}

/// A chunk whose content is not looked at.
#[derive(Debug)]
pub(super) struct Passing {
    /// The number of bytes of the content that have not passed.
    left: u64,
    /// The CRC of the name and the content so far.
    crc: u32,
    /// Whether the chunk is left out of the file.
    dropped: bool,
    /// Whether the file is refused if the CRC is wrong.
    strict: bool,
}

impl Passing {
    /// A chunk with this name and length, whose content is about to pass.
    pub(super) fn new(name: [u8; 4], size: u32, dropped: bool, found: &Found) -> Self {
        Self {
            left: size.into(),
            crc: crc32(0, &name),
            dropped,
            strict: !may_be_wrong(name, size, found),
        }
    }

    /// The step over `count` bytes of the chunk.
    pub(super) fn advance(&self, count: usize) -> Step {
        if self.dropped {
            Step::Drop(length(count))
        } else {
            Step::Keep(length(count))
        }
    }

    /// The next step over the content; `None` before the CRC, if the chunk may have it.
    pub(super) fn step(
        &mut self,
        window: &[u8],
        found: &Found,
    ) -> Result<Option<Step>, MediaError> {
        if self.left > 0 {
            let there =
                usize::try_from(self.left).map_or(window.len(), |left| left.min(window.len()));
            if there == 0 {
                return Ok(Some(Step::Need(1)));
            }
            self.crc = crc32(self.crc, window.get(..there).unwrap_or_default());
            self.left = self.left.saturating_sub(length(there));
            return Ok(Some(self.advance(there)));
        }
        let Some(crc) = Reader::new(window).u32_be() else {
            return Ok(Some(Step::Need(4)));
        };
        if self.strict && crc != self.crc {
            return Err(found.malformed(WRONG_CRC));
        }
        Ok(None)
    }
}

pub(super) const WRONG_CRC: &str = "a chunk does not match its CRC";

/// Whether the picture can be shown without the chunk (§5.4). The chunks of an animation have
/// ancillary names only so that other decoders show the still image: without one of them, there
/// would be a different animation.
pub(super) fn is_dispensable(name: [u8; 4]) -> bool {
    let [first, ..] = name;
    first.is_ascii_lowercase() && !matches!(&name, b"acTL" | b"fcTL" | b"fdAT")
}

/// Whether the chunk is left out if its CRC is wrong. One that is too long to be held until then
/// must be correct, whether it is stored or not.
fn may_be_wrong(name: [u8; 4], size: u32, found: &Found) -> bool {
    is_dispensable(name) && found.check_metadata(size.into()).is_ok()
}

/// How to read a chunk with this name and length.
pub(super) fn reading(name: [u8; 4], size: u32, found: &Found) -> Result<Reading, MediaError> {
    let expect = |expected: u32| {
        if size == expected {
            Ok(Reading::Whole)
        } else {
            Err(found.malformed("a chunk of fixed length has a different length"))
        }
    };
    match &name {
        b"IHDR" => return expect(13),
        b"acTL" => return expect(8),
        b"fcTL" => return expect(26),
        b"IEND" => return expect(0),
        b"fdAT" if size < 4 => return Err(found.malformed("a frame's data has no sequence number")),
        b"eXIf" | b"zxIf" | b"iCCP" | b"tEXt" | b"zTXt" | b"iTXt" => {
            found.check_metadata(size.into())?;
        }
        _ => {}
    }
    let dropped = found
        .strip()
        .is_some_and(|strip| strip::png::drops(name, strip));
    let is_text = matches!(&name, b"tEXt" | b"zTXt" | b"iTXt");
    Ok(if dropped && !is_text {
        Reading::Drop
    } else if may_be_wrong(name, size, found) {
        Reading::Whole
    } else {
        Reading::Pass
    })
}

/// The gamma of sRGB (§11.3.2.2), times 100,000.
const SRGB_GAMMA: u32 = 45_455;
/// The chromaticities of sRGB (§11.3.2.1), times 100,000.
const SRGB_CHROMATICITIES: [u32; 8] = [
    31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000,
];

/// Notes what a stored chunk that is not image data says of the picture. `content` is empty if
/// it is not known.
pub(super) fn note(name: [u8; 4], content: &[u8], found: &mut Found) {
    let (numbers, _) = content.as_chunks::<4>();
    let numbers = || numbers.iter().map(|number| u32::from_be_bytes(*number));
    match &name {
        b"tRNS" => found.note_alpha(),
        b"gAMA" if numbers().eq([SRGB_GAMMA]) => {}
        b"cHRM" if numbers().eq(SRGB_CHROMATICITIES) => {}
        b"gAMA" | b"cHRM" | b"iCCP" | b"cICP" | b"mDCV" | b"mDCv" | b"cLLI" | b"cLLi" => {
            found.note_special_colours();
        }
        b"PLTE" | b"IDAT" | b"fdAT" | b"sRGB" | b"sBIT" | b"bKGD" | b"pHYs" | b"hIST" | b"sPLT" => {
        }
        _ => found.note_metadata(),
    }
}

/// Whether a chunk, from its length to its CRC, has the CRC of its name and content (§5.5).
pub(super) fn has_its_crc(chunk: &[u8]) -> bool {
    let (head, crc) = chunk.split_last_chunk::<4>().unwrap_or((chunk, &[0; 4]));
    let covered = head.get(4..).unwrap_or_default();
    crc32(0, covered) == u32::from_be_bytes(*crc)
}

/// Encodes a chunk (§5.3): length, name, content and CRC.
pub(super) fn encode(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    // An edit never makes the content longer.
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    [
        &length.to_be_bytes(),
        &name[..],
        content,
        &crc32(crc32(0, &name), content).to_be_bytes(),
    ]
    .concat()
}
