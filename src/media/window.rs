use bytes::Bytes;

/// A part of the file. Together, in their order, what was kept and dropped is
/// the file as it came, and what was kept and added is the file as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Stays as it came.
    Kept(Bytes),
    /// Is left out.
    Dropped(Bytes),
    /// Stands where something was dropped.
    Added(Bytes),
}

/// Bytes of the file that are being looked at, from left to right. What is kept
/// in a row becomes one piece, without a copy, and so does what is dropped.
#[derive(Debug)]
pub(super) struct Window<'a> {
    bytes: Bytes,
    /// Where the bytes begin that were passed and not given out yet.
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

    /// What was not passed yet.
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
        // No further than where the bytes end.
        self.at = self.at.saturating_add(passed);
        length(passed)
    }

    /// Passes over `count` bytes, or as many as there are, and keeps them. How
    /// many that were.
    pub(super) fn keep(&mut self, count: u64) -> u64 {
        self.pass(count, true)
    }

    /// Likewise, and leaves them out.
    pub(super) fn drop(&mut self, count: u64) -> u64 {
        self.pass(count, false)
    }

    /// Likewise, and puts zeros in their place.
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

    /// Puts bytes that were not in the file in this place.
    pub(super) fn add(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.flush();
            self.pieces.push(Piece::Added(bytes.into()));
        }
    }

    /// Gives out what was passed so far.
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

/// A length in 64 bits.
pub(super) fn length(count: usize) -> u64 {
    // Lossless: usize has at most 64 bits.
    u64::try_from(count).unwrap_or(u64::MAX)
}
