use crate::media::read::Reader;

/// What the chunks of an animation say of each other (PNG, third edition, §11.3.6).
/// They are checked as they come, and held against the file once it has an acTL:
/// without one, decoders pass them over.
#[derive(Debug, Default)]
pub(super) struct Animation {
    /// How many frames acTL announces; none where it is missing, late, or counts
    /// what the format does not allow, and the file is a still image.
    announced: Option<u32>,
    /// How many fcTL chunks there were.
    frames: u32,
    /// The sequence number that comes next.
    next: u32,
    frame: Frame,
    /// The first rule that was broken.
    broken: Option<&'static str>,
}

/// The frame that the last fcTL began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Frame {
    #[default]
    None,
    /// No data of it has come.
    Empty,
    /// It is the still image too.
    InIdat,
    InFdat,
}

impl Animation {
    /// §11.3.6.1: how many frames there are to be. The first to say so is right, and
    /// given back.
    pub(super) fn announce(&mut self, frames: u32) -> u32 {
        *self.announced.get_or_insert(frames)
    }

    /// How many frames have begun.
    pub(super) fn frames(&self) -> u32 {
        self.frames
    }

    /// §11.3.6.2: a frame begins. `after_data` tells whether IDAT came before,
    /// `is_canvas` whether it covers the canvas.
    pub(super) fn begin(&mut self, sequence: u32, after_data: bool, is_canvas: bool) {
        self.frames = self.frames.saturating_add(1);
        self.number(sequence);
        self.check(
            !matches!(self.frame, Frame::Empty),
            "a frame of the animation has no data",
        );
        self.check(
            after_data || is_canvas,
            "the still image is not the whole of its frame",
        );
        self.frame = Frame::Empty;
    }

    /// Data of the still image, and of the frame that began before it.
    pub(super) fn still_data(&mut self) {
        if self.frame != Frame::None {
            self.frame = Frame::InIdat;
        }
    }

    /// §11.3.6.3: data of a frame. `after_still` tells whether IDAT came before.
    pub(super) fn data(&mut self, sequence: u32, after_still: bool) {
        self.number(sequence);
        let begun = matches!(self.frame, Frame::Empty | Frame::InFdat);
        self.check(
            begun && after_still,
            "data of the animation belongs to no frame",
        );
        self.frame = Frame::InFdat;
    }

    /// What is wrong with it so far.
    pub(super) fn fault(&self) -> Option<&'static str> {
        self.announced.and(self.broken)
    }

    /// What is wrong with it at the end of the file.
    pub(super) fn end(&mut self) -> Option<&'static str> {
        self.check(
            self.frame != Frame::Empty,
            "a frame of the animation has no data",
        );
        self.check(
            self.announced.is_none_or(|frames| frames == self.frames),
            "the animation has not the number of frames that it announces",
        );
        self.fault()
    }

    /// Sequence numbers count up from 0, over fcTL and fdAT together.
    fn number(&mut self, sequence: u32) {
        self.check(
            sequence == self.next,
            "the chunks of the animation are out of order",
        );
        self.next = sequence.wrapping_add(1);
    }

    fn check(&mut self, holds: bool, reason: &'static str) {
        if !holds {
            self.broken.get_or_insert(reason);
        }
    }
}

/// A frame's sequence number and place, from the content of its fcTL: the number,
/// width, height, and the offset from the left and the top.
pub(super) fn control(content: &[u8]) -> Option<(u32, [u32; 4])> {
    let mut reader = Reader::new(content);
    let sequence = reader.u32_be()?;
    let mut place = [0; 4];
    for side in &mut place {
        *side = reader.u32_be()?;
    }
    Some((sequence, place))
}
