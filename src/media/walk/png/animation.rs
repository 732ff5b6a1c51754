//! The consistency of a PNG animation.

use crate::media::read::Reader;

/// The rules that connect the chunks of an animation (PNG, third edition, §11.3.6). They are
/// checked as the chunks arrive, but violations count only if the file has an acTL: without
/// one, decoders ignore the other chunks.
#[derive(Debug, Default)]
pub(super) struct Animation {
    /// The number of frames that acTL declares; `None` if acTL is missing, late, or declares
    /// a number that the format does not allow: then the file is a still image.
    declared: Option<u32>,
    /// The number of fcTL chunks.
    frames: u32,
    /// The next sequence number.
    next: u32,
    frame: Frame,
    /// The first violated rule.
    broken: Option<&'static str>,
}

/// The state of the frame that the last fcTL began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Frame {
    #[default]
    None,
    /// None of its data has arrived.
    Empty,
    /// It is also the still image.
    InIdat,
    InFdat,
}

impl Animation {
    /// Declares the number of frames (§11.3.6.1). The first declaration counts, and is
    /// returned.
    pub(super) fn declare(&mut self, frames: u32) -> u32 {
        *self.declared.get_or_insert(frames)
    }

    /// The number of frames that have begun.
    pub(super) fn frames(&self) -> u32 {
        self.frames
    }

    /// Begins a frame (§11.3.6.2). `after_data` is whether IDAT came before, and `is_canvas`
    /// whether the frame covers the canvas.
    pub(super) fn begin(&mut self, sequence: u32, after_data: bool, is_canvas: bool) {
        self.frames = self.frames.saturating_add(1);
        self.number(sequence);
        self.check(
            !matches!(self.frame, Frame::Empty),
            "a frame of the animation has no data",
        );
        self.check(
            after_data || is_canvas,
            "the still image does not cover its frame",
        );
        self.frame = Frame::Empty;
    }

    /// Notes data of the still image, which is also that of a frame that began before it.
    pub(super) fn still_data(&mut self) {
        if self.frame != Frame::None {
            self.frame = Frame::InIdat;
        }
    }

    /// Notes data of a frame (§11.3.6.3). `after_still` is whether IDAT came before.
    pub(super) fn data(&mut self, sequence: u32, after_still: bool) {
        self.number(sequence);
        let begun = matches!(self.frame, Frame::Empty | Frame::InFdat);
        self.check(
            begun && after_still,
            "data of the animation does not belong to a frame",
        );
        self.frame = Frame::InFdat;
    }

    /// The first violation so far.
    pub(super) fn fault(&self) -> Option<&'static str> {
        self.declared.and(self.broken)
    }

    /// The first violation, at the end of the file.
    pub(super) fn end(&mut self) -> Option<&'static str> {
        self.check(
            self.frame != Frame::Empty,
            "a frame of the animation has no data",
        );
        self.check(
            self.declared.is_none_or(|frames| frames == self.frames),
            "the animation does not have the declared number of frames",
        );
        self.fault()
    }

    /// Checks a sequence number. They count up from 0, over fcTL and fdAT together.
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

/// Parses an fcTL into the sequence number and the frame's width, height, and offsets from
/// the left and the top.
pub(super) fn control(content: &[u8]) -> Option<(u32, [u32; 4])> {
    let mut reader = Reader::new(content);
    let sequence = reader.u32_be()?;
    let mut area = [0; 4];
    for side in &mut area {
        *side = reader.u32_be()?;
    }
    Some((sequence, area))
}
