//! The bytes of a file in front of the inspector, cut into pieces.

use bytes::Bytes;

/// A part of the file. In order, the pieces that are kept or dropped make up the file as it
/// arrived, and those that are kept or added make up the file as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Stored unchanged.
    Kept(Bytes),
    /// Left out.
    Dropped(Bytes),
    /// Stored in place of something that was dropped.
    Added(Bytes),
}

/// Bytes of the file that are being looked at, from left to right. Consecutive bytes that
/// are kept become one piece, without a copy, and so do those that are dropped.
#[derive(Debug)]
pub(super) struct Window<'a> {
    bytes: Bytes,
    /// The start of the bytes that have passed but are not in a piece yet.
    from: usize,
    /// Whether those are kept.
    kept: bool,
    at: usize,
    pieces: &'a mut Vec<Piece>,
}

impl<'a> Window<'a> {
    pub(super) fn new(bytes: Bytes, pieces: &'a mut Vec<Piece>) -> Self {
        Self {
            bytes,
            from: 0,
            kept: true,
            at: 0,
            pieces,
        }
    }

    /// The bytes that have not passed.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next `count` bytes, or as many as there are.
    fn next(&self, count: u64) -> &[u8] {
        let rest = self.rest();
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        rest.get(..count).unwrap_or(rest)
    }

    fn pass(&mut self, count: u64, kept: bool) -> u64 {
        let passed = self.next(count).len();
        if passed > 0 && self.kept != kept {
            self.flush();
            self.kept = kept;
        }
        // At most to the end of the bytes.
        self.at = self.at.saturating_add(passed);
        length(passed)
    }

    /// Keeps `count` bytes, or as many as there are, and advances. Returns how many there
    /// were.
    pub(super) fn keep(&mut self, count: u64) -> u64 {
        self.pass(count, true)
    }

    /// Likewise, but leaves them out.
    pub(super) fn drop(&mut self, count: u64) -> u64 {
        self.pass(count, false)
    }

    /// Likewise, but stores zeros in their place.
    pub(super) fn blank(&mut self, count: u64) -> u64 {
        let passed = self.next(count);
        if passed.iter().all(|byte| *byte == 0) {
            return self.keep(count);
        }
        let zeros = vec![0; passed.len()];
        let passed = self.drop(count);
        self.add(zeros);
        passed
    }

    /// Adds bytes that were not in the file.
    pub(super) fn add(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.flush();
            self.pieces.push(Piece::Added(bytes.into()));
        }
    }

    /// Ends the current piece.
    pub(super) fn flush(&mut self) {
        if self.at > self.from {
            let passed = self.bytes.slice(self.from..self.at);
            self.pieces.push(if self.kept {
                Piece::Kept(passed)
            } else {
                Piece::Dropped(passed)
            });
            self.from = self.at;
        }
    }
}

/// Converts a length to 64 bits.
pub(super) fn length(count: usize) -> u64 {
    // Lossless: usize has at most 64 bits.
    u64::try_from(count).unwrap_or(u64::MAX)
}
