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
/// in a row becomes one piece, without a copy.
#[derive(Debug)]
pub(super) struct Window<'a> {
    bytes: Bytes,
    /// Where the bytes begin that are kept and were not given out yet.
    kept: usize,
    at: usize,
    pieces: &'a mut Vec<Piece>,
}

impl<'a> Window<'a> {
    pub(super) fn new(bytes: Bytes, pieces: &'a mut Vec<Piece>) -> Self {
        Self {
            bytes,
            kept: 0,
            at: 0,
            pieces,
        }
    }

    /// What was not passed yet.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The end of what can be passed in `count` bytes.
    fn end(&self, count: u64) -> usize {
        let rest = self.bytes.len() - self.at;
        self.at + usize::try_from(count).map_or(rest, |count| count.min(rest))
    }

    /// Passes over `count` bytes, or as many as there are, and keeps them. How
    /// many that were.
    pub(super) fn keep(&mut self, count: u64) -> u64 {
        let end = self.end(count);
        let passed = end - self.at;
        self.at = end;
        length(passed)
    }

    /// Likewise, and leaves them out.
    pub(super) fn drop(&mut self, count: u64) -> u64 {
        let end = self.end(count);
        let passed = end - self.at;
        if passed > 0 {
            self.flush();
            let dropped = self.bytes.slice(self.at..end);
            self.pieces.push(Piece::Dropped(dropped));
            self.at = end;
            self.kept = end;
        }
        length(passed)
    }

    /// Likewise, and puts zeros in their place.
    pub(super) fn blank(&mut self, count: u64) -> u64 {
        let end = self.end(count);
        let passed = self.bytes.get(self.at..end).unwrap_or_default();
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

    /// Gives out what is kept so far.
    pub(super) fn flush(&mut self) {
        if self.at > self.kept {
            let kept = self.bytes.slice(self.kept..self.at);
            self.pieces.push(Piece::Kept(kept));
            self.kept = self.at;
        }
    }
}

/// A length in 64 bits.
pub(super) fn length(count: usize) -> u64 {
    // Lossless: usize has at most 64 bits.
    u64::try_from(count).unwrap_or(u64::MAX)
}
