//! From a source and a transform to the bytes of a derived image.
//!
//! ```text
//! bytes ─decode─▶ frames ─scale─▶ ─to sRGB─▶ ─turn─▶ ─blur, sharpen─▶ ─pad─▶ ─encode─▶ bytes
//! ```
//!
//! The decoder gives as few pixels as it can and the result needs, and everything after the
//! scaling has the size of the result. An animation goes through frame by frame.

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod memory;
mod pipeline;

use darkroom_transform::{
    Client, Format, FormatChoice, Gravity, Plan, Rect, Source, Transform, Turn,
};

use crate::decode::{self, Decoder, Info, Wanted};
use crate::encode::{self, Animation, MOST_THRIFT, Settings};
use crate::placeholder::{self, Placeholder};
use crate::{Error, Frame, Limits, Pause};

use pipeline::Pipeline;

/// A derived image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: Format,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames of the animation; 1 in a still.
    pub frames: u32,
    /// Whether the source has frames that the result has not.
    pub frames_dropped: bool,
    /// The placeholder of the source, if it was asked for and could be made.
    pub placeholder: Option<Placeholder>,
}

/// Derives an image.
///
/// `format=auto` is meant to be resolved before, for the client; here it means a client that
/// accepts no newer format.
///
/// # Errors
/// [`Error`] says what is wrong with the source, the transform, or the cost of both.
pub fn render(
    source: &[u8],
    transform: &Transform,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Rendered, Error> {
    run(source, transform, limits, false, pause)
}

/// The same, with the placeholder of the source: it takes no decoding of its own.
///
/// # Errors
/// As [`render`].
pub fn render_with_placeholder(
    source: &[u8],
    transform: &Transform,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Rendered, Error> {
    run(source, transform, limits, true, pause)
}

fn run(
    source: &[u8],
    transform: &Transform,
    limits: &Limits,
    with_placeholder: bool,
    pause: &dyn Pause,
) -> Result<Rendered, Error> {
    let format = transform.format().exactly();
    let is_still = transform.is_still() || format.is_some_and(|format| !format.has_animation());
    let limits = &Limits {
        first_frame_only: is_still,
        ..*limits
    };
    let decoder = decode::open(source, limits)?;
    let mut job = Job::new(decoder.info(), transform, limits, pause)?;
    job.with_placeholder = with_placeholder;
    if !job.animated {
        return job.still(decoder);
    }
    // A smaller box must not lead to more bytes.
    let (sides, original) = (job.plan.canvas, source.len());
    let stored = job.source.upright();
    let smaller = sides.0 <= stored.0 && sides.1 <= stored.1;
    let mut best = job.animation(decoder, 0)?;
    let same_format = job.format == job.source.format;
    job.with_placeholder = false;
    let mut thrift = 1;
    while same_format && smaller && best.bytes.len() > original && thrift <= MOST_THRIFT {
        let next = job.animation(decode::open(source, limits)?, thrift)?;
        if next.bytes.len() < best.bytes.len() {
            best = Rendered {
                placeholder: best.placeholder,
                ..next
            };
        }
        thrift += 1;
    }
    Ok(best)
}

/// What the header of a file says, as transforms need it.
pub fn source(info: &Info) -> Source {
    Source {
        width: info.width,
        height: info.height,
        orientation: Turn::from_exif(info.orientation),
        format: info.format,
        frames: info.frames,
        has_alpha: info.has_alpha,
        plain: false,
    }
}

struct Job<'a> {
    info: Info,
    source: Source,
    transform: Transform,
    plan: Plan,
    format: Format,
    animated: bool,
    with_placeholder: bool,
    limits: &'a Limits,
    pause: &'a dyn Pause,
}

/// How many pixels of the source there should be for one of the result, in each direction. With
/// fewer, the softness of a reduced decoding would be seen; with more, less could be skipped.
const OVERSAMPLING: f64 = 1.5;

/// How far the sharpest filter reaches, in pixels of the result.
const FILTER_LOBES: f64 = 3.0;

impl<'a> Job<'a> {
    fn new(
        info: &Info,
        transform: &Transform,
        limits: &'a Limits,
        pause: &'a dyn Pause,
    ) -> Result<Job<'a>, Error> {
        let source = source(info);
        let client = Client {
            accepts: &[],
            avif_pixels: 0,
        };
        let sides = darkroom_transform::Limits {
            max_side: limits.max_side,
        };
        let transform = transform.resolved(&source, client, &sides)?;
        let plan = Plan::new(&transform, &source, &sides)?;
        let format = match transform.format() {
            FormatChoice::Exactly(format) => format,
            FormatChoice::Source | FormatChoice::Auto => source.format,
        };
        let frames = source.frames > 1 && !transform.is_still();
        if frames && format == Format::Avif && source.format == Format::Avif {
            return Err(Error::Unsupported {
                feature: "an animation in AVIF (its first frame, with `anim=0`, and animations in \
                          WebP can be derived)",
            });
        }
        let job = Job {
            info: info.clone(),
            source,
            transform,
            plan,
            format,
            animated: frames && format.has_animation(),
            with_placeholder: false,
            limits,
            pause,
        };
        job.check_encoding()?;
        Ok(job)
    }

    fn wanted(&self) -> Wanted {
        let mut at_least = self.plan.source_at_least(&self.source, OVERSAMPLING);
        if self.with_placeholder {
            let (width, height) = placeholder::at_least(&self.info);
            at_least = (at_least.0.max(width), at_least.1.max(height));
        }
        Wanted {
            at_least,
            first_frame_only: !self.animated,
        }
    }

    /// The pixels of the stored picture that the result is made of: those of the window, and those
    /// around it that the sharpest filter mixes into its edge.
    fn needed(&self) -> Rect {
        let (crop, window) = (self.plan.crop, self.plan.window);
        // Anything that was not cut out may be shown.
        let searched = self.transform.gravity() == Gravity::Auto && self.plan.cuts_off();
        let along = |start: f64, length: f64, scaled: u32| {
            let around = (length / f64::from(scaled)).max(1.0) * FILTER_LOBES + 2.0;
            let first = (start - around).max(0.0).floor();
            // The conversions saturate.
            (
                first as u32,
                (start + length + around - first).ceil() as u32,
            )
        };
        let (width, height) = self.plan.scaled;
        let spans = if searched {
            (
                along(crop.x.into(), crop.width.into(), width),
                along(crop.y.into(), crop.height.into(), height),
            )
        } else {
            (
                along(window.x, window.width, width),
                along(window.y, window.height, height),
            )
        };
        Rect {
            x: spans.0.0,
            y: spans.1.0,
            width: spans.0.1,
            height: spans.1.1,
        }
    }

    /// Whether a placeholder is worth decoding the whole picture where the result needs this part:
    /// if that takes little time, or not many times as long. A tile of a large picture brings none.
    fn is_worth_all(&self, needed: Rect) -> bool {
        const CHEAP: u64 = 1_000_000;
        const TIMES: u64 = 4;
        let area = |width: u32, height: u32| u64::from(width) * u64::from(height);
        let all = area(self.info.width, self.info.height);
        let (width, height) = (
            needed.width.min(self.info.width),
            needed.height.min(self.info.height),
        );
        all <= CHEAP || all <= area(width, height).saturating_mul(TIMES)
    }

    /// The placeholder of the source, whose first frame this is, if it is wanted. Without it,
    /// there is a result all the same.
    fn placeholder(&self, frame: &Frame) -> Option<Placeholder> {
        let made = || placeholder::decoded(&self.info, &frame.image, self.pause).ok();
        self.with_placeholder.then(made).flatten()
    }

    fn settings(&self, thrift: u8) -> Settings<'a> {
        Settings {
            format: self.format,
            quality: self.transform.quality(),
            loop_count: self.info.loop_count,
            thrift,
            limits: self.limits,
            pause: self.pause,
        }
    }

    fn still(&self, mut decoder: Box<dyn Decoder + '_>) -> Result<Rendered, Error> {
        let needed = self.needed();
        let whole = self.with_placeholder && self.is_worth_all(needed);
        if !whole {
            decoder.confine(needed);
        }
        let frame = decoder.next_frame(&self.wanted(), self.pause)?;
        let frame = frame.ok_or_else(|| Error::undecodable("it has no frames"))?;
        let origin = decoder.origin();
        drop(decoder);
        let placeholder = whole.then(|| self.placeholder(&frame)).flatten();
        let image = Pipeline::new(self, 0).at(origin).apply(frame)?;
        let bytes = encode::still(image, &self.settings(0))?;
        Ok(self.rendered(bytes, 1, placeholder))
    }

    fn animation(&self, mut decoder: Box<dyn Decoder + '_>, thrift: u8) -> Result<Rendered, Error> {
        let wanted = self.wanted();
        let mut pipeline = Pipeline::new(self, thrift);
        let mut animation = Animation::new(self.settings(thrift))?;
        let mut frames = 0;
        let mut placeholder = None;
        while let Some(frame) = decoder.next_frame(&wanted, self.pause)? {
            if frames == 0 {
                placeholder = self.placeholder(&frame);
            }
            let delay = frame.delay;
            animation.push(pipeline.apply(frame)?, delay)?;
            frames += 1;
        }
        Ok(self.rendered(animation.finish()?, frames, placeholder))
    }

    fn rendered(&self, bytes: Vec<u8>, frames: u32, placeholder: Option<Placeholder>) -> Rendered {
        let (width, height) = self.plan.canvas;
        Rendered {
            bytes,
            format: self.format,
            width,
            height,
            frames,
            frames_dropped: frames < self.source.frames,
            placeholder,
        }
    }
}

#[cfg(test)]
mod tests;
