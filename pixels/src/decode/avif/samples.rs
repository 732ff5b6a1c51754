//! `stbl`: where the samples of a track are, and how long each is shown (ISO/IEC 14496-12 §8.6.1
//! and §8.7).

use std::ops::Range;

use super::boxes::{MISSING, SHORT, find, full, malformed};
use crate::decode::reader::Reader;
use crate::{Cost, Error, Limits};

/// A sample: its bytes in the file, and its duration in units of the track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) bytes: Range<u64>,
    pub(super) duration: u32,
}

/// Reads the samples of a track, as many as there may be.
pub(super) fn read(stbl: &[u8], limits: &Limits) -> Result<Vec<Sample>, Error> {
    let required = |name| find(stbl, name)?.ok_or(MISSING);
    let (_, _, mut sizes) = full(required(b"stsz")?)?;
    let (uniform, count) = sizes.u32_be().zip(sizes.u32_be()).ok_or(SHORT)?;
    if count > limits.max_frames {
        return Err(Error::TooCostly {
            cost: Cost::Frames,
            needed: count.into(),
            limit: limits.max_frames.into(),
        });
    }
    let mut offsets = Offsets::read(stbl)?;
    let mut runs = Runs::new(required(b"stsc")?)?;
    let mut times = Times::new(required(b"stts")?)?;
    let mut samples = Vec::new();
    let (mut at, mut left) = (0_u64, 0_u32);
    for _ in 0..count {
        // The first sample of the next chunk.
        if left == 0 {
            at = offsets.next()?;
            left = runs.next()?;
        }
        let size = if uniform > 0 {
            uniform
        } else {
            sizes.u32_be().ok_or(SHORT)?
        };
        let end = at.saturating_add(size.into());
        samples.push(Sample {
            bytes: at..end,
            duration: times.next(),
        });
        at = end;
        left -= 1;
    }
    Ok(samples)
}

/// Where chunks begin: `stco` or `co64`.
struct Offsets<'a> {
    reader: Reader<'a>,
    wide: bool,
}

impl<'a> Offsets<'a> {
    fn read(stbl: &'a [u8]) -> Result<Self, Error> {
        let (table, wide) = match find(stbl, b"stco")? {
            Some(table) => (table, false),
            None => (find(stbl, b"co64")?.ok_or(MISSING)?, true),
        };
        let (_, _, mut reader) = full(table)?;
        reader.u32_be().ok_or(SHORT)?;
        Ok(Self { reader, wide })
    }

    fn next(&mut self) -> Result<u64, Error> {
        let next = if self.wide {
            self.reader.u64_be()
        } else {
            self.reader.u32_be().map(u64::from)
        };
        next.ok_or(SHORT)
    }
}

/// Runs of chunks with the same number of samples: `stsc`.
struct Runs<'a> {
    reader: Reader<'a>,
    /// The number of the last chunk.
    chunk: u32,
    samples: u32,
}

impl<'a> Runs<'a> {
    fn new(stsc: &'a [u8]) -> Result<Self, Error> {
        let (_, _, mut reader) = full(stsc)?;
        reader.u32_be().ok_or(SHORT)?;
        Ok(Self {
            reader,
            chunk: 0,
            samples: 0,
        })
    }

    /// The samples of the next chunk.
    fn next(&mut self) -> Result<u32, Error> {
        self.chunk += 1;
        let mut ahead = self.reader;
        if ahead.u32_be() == Some(self.chunk) {
            self.samples = ahead.u32_be().ok_or(SHORT)?;
            // The description of its samples.
            ahead.u32_be().ok_or(SHORT)?;
            self.reader = ahead;
        }
        if self.samples == 0 {
            return Err(malformed("a chunk has no samples"));
        }
        Ok(self.samples)
    }
}

/// Runs of samples with the same duration: `stts`.
struct Times<'a> {
    reader: Reader<'a>,
    left: u32,
    duration: u32,
}

impl<'a> Times<'a> {
    fn new(stts: &'a [u8]) -> Result<Self, Error> {
        let (_, _, mut reader) = full(stts)?;
        reader.u32_be().ok_or(SHORT)?;
        Ok(Self {
            reader,
            left: 0,
            duration: 0,
        })
    }

    /// The duration of the next sample. The last one stated goes on.
    fn next(&mut self) -> u32 {
        while self.left == 0 {
            let Some((count, duration)) = self.reader.u32_be().zip(self.reader.u32_be()) else {
                return self.duration;
            };
            (self.left, self.duration) = (count, duration);
        }
        self.left -= 1;
        self.duration
    }
}
