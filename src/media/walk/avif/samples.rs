//! `stbl`: the positions of a track's samples.

use std::ops::Range;

use crate::media::boxes::{MISSING, Reason, SHORT, full, only, table};
use crate::media::read::Reader;

/// The contents of a track's sample table.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// The number of samples declared.
    pub(super) stated: u32,
    /// The number of samples in chunks.
    pub(super) located: u64,
    /// Whether one of these has no bytes.
    pub(super) empty: bool,
}

/// Adds the positions of the samples in `stbl` to `positions`, chunk by chunk. There are
/// tables of the chunks' offsets (§8.7.5) and, by runs, of their samples (§8.7.4).
pub(super) fn add(stbl: &[u8], positions: &mut Vec<Range<u64>>) -> Result<Samples, Reason> {
    let names = [
        b"stsz", b"stsc", b"stco", b"co64", b"stts", b"stss", b"ctts",
    ];
    let [sizes, runs, short, long, times, syncs, offsets] = only(stbl, names)?;
    times.map_or(Ok(()), |times| table::<8>(times).map(|_| ()))?;
    offsets.map_or(Ok(()), |offsets| table::<8>(offsets).map(|_| ()))?;
    syncs.map_or(Ok(()), |syncs| table::<4>(syncs).map(|_| ()))?;
    let mut sizes = Sizes::read(sizes.ok_or(MISSING)?)?;
    let mut samples = Samples {
        stated: sizes.count,
        ..Samples::default()
    };
    let mut runs = Runs::read(runs.ok_or(MISSING)?)?;
    let mut add = |offset: u64| {
        let count = runs.next_chunk()?;
        let size = sizes.next(count).ok_or(SHORT)?;
        let end = offset.checked_add(size).ok_or(FAR)?;
        samples.located = samples.located.saturating_add(count.into());
        positions.push(offset..end);
        Ok::<_, Reason>(())
    };
    match (short, long) {
        (Some(short), None) => {
            let offsets = table::<4>(short)?.iter();
            offsets
                .copied()
                .map(u32::from_be_bytes)
                .map(u64::from)
                .try_for_each(&mut add)?;
        }
        (None, Some(long)) => {
            let offsets = table::<8>(long)?.iter();
            offsets
                .copied()
                .map(u64::from_be_bytes)
                .try_for_each(&mut add)?;
        }
        _ => return Err("the sequence must have exactly one table of chunk offsets"),
    }
    samples.empty = sizes.empty;
    Ok(samples)
}

const FAR: Reason = "a frame extends beyond the end of any file";

/// The samples' sizes, one for all or one each (§8.7.3).
struct Sizes<'a> {
    uniform: u32,
    count: u32,
    each: Reader<'a>,
    /// Whether one of the sizes read so far is 0.
    empty: bool,
}

impl<'a> Sizes<'a> {
    fn read(stsz: &'a [u8]) -> Result<Self, Reason> {
        let (_, _, mut each) = full(stsz)?;
        let (uniform, count) = each.u32_be().zip(each.u32_be()).ok_or(SHORT)?;
        Ok(Self {
            uniform,
            count,
            each,
            empty: false,
        })
    }

    /// The total size of the next `count` samples.
    fn next(&mut self, count: u32) -> Option<u64> {
        if self.uniform != 0 {
            return u64::from(self.uniform).checked_mul(count.into());
        }
        let mut sum: u64 = 0;
        // Each size has four bytes, so the loop ends even if the count is wrong.
        for _ in 0..count {
            let size = self.each.u32_be()?;
            self.empty |= size == 0;
            sum = sum.saturating_add(size.into());
        }
        Some(sum)
    }
}

/// Runs of chunks (§8.7.4): the first chunk of each, the number of samples in each of its
/// chunks, and their description.
struct Runs<'a> {
    rest: &'a [[u8; 12]],
    chunk: u32,
    per_chunk: u32,
}

impl<'a> Runs<'a> {
    fn read(stsc: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self {
            rest: table(stsc)?,
            chunk: 0,
            per_chunk: 0,
        })
    }

    /// The number of samples in the next chunk.
    fn next_chunk(&mut self) -> Result<u32, Reason> {
        self.chunk = self.chunk.saturating_add(1);
        if let Some((run, rest)) = self.rest.split_first() {
            let mut run = Reader::new(run);
            let (first, count) = run.u32_be().zip(run.u32_be()).ok_or(SHORT)?;
            if first < self.chunk {
                return Err("the runs of chunks are out of order");
            }
            if first == self.chunk {
                self.per_chunk = count;
                self.rest = rest;
            }
        }
        if self.per_chunk == 0 {
            return Err("a chunk has no samples");
        }
        Ok(self.per_chunk)
    }
}
