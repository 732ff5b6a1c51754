//! What is done to a picture.

use crate::background::Background;
use crate::crop::Crop;
use crate::format::FormatChoice;
use crate::gravity::Gravity;
use crate::number::Decimal;
use crate::turn::Turn;

/// How a picture meets its box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Inside the box, never enlarged.
    #[default]
    ScaleDown,
    /// The largest inside the box.
    Contain,
    /// Fills the box; what is over is cut off.
    Cover,
    /// As [`Fit::Cover`], but a smaller picture is cut to the ratio of the box, not enlarged.
    Crop,
    /// Inside the box, never enlarged, with a border that fills the box.
    Pad,
    /// Fills the box, whatever its ratio.
    Squeeze,
}

impl Fit {
    const ALL: [Fit; 6] = [
        Fit::ScaleDown,
        Fit::Contain,
        Fit::Cover,
        Fit::Crop,
        Fit::Pad,
        Fit::Squeeze,
    ];

    /// The value of the parameter `fit`.
    pub fn name(self) -> &'static str {
        match self {
            Fit::ScaleDown => "scale-down",
            Fit::Contain => "contain",
            Fit::Cover => "cover",
            Fit::Crop => "crop",
            Fit::Pad => "pad",
            Fit::Squeeze => "squeeze",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Fit> {
        Fit::ALL.into_iter().find(|fit| fit.name() == text)
    }

    pub(crate) fn cuts(self) -> bool {
        matches!(self, Fit::Cover | Fit::Crop)
    }
}

/// The colours of a derived image. Not a parameter of requests: some interfaces offer it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Those of the source.
    #[default]
    Colour,
    /// From black to white.
    Grey,
    /// Black or white: what is lighter than the middle of all greys is white.
    Bitonal,
}

impl Tone {
    /// The name of the pair in the canonical text of a transform.
    pub(crate) const NAME: &'static str = "tone";

    /// The value in the canonical text of a transform.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tone::Colour => "colour",
            Tone::Grey => "grey",
            Tone::Bitonal => "bitonal",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Tone> {
        let mut all = [Tone::Colour, Tone::Grey, Tone::Bitonal].into_iter();
        all.find(|tone| tone.name() == text)
    }
}

/// The box of a derived image, in its pixels; each side is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// The height follows the ratio.
    Width(u32),
    /// The width follows the ratio.
    Height(u32),
    /// Both sides of the box.
    Box(u32, u32),
}

impl Size {
    pub(crate) fn new(width: Option<u32>, height: Option<u32>) -> Option<Size> {
        match (width, height) {
            (Some(width), Some(height)) => Some(Size::Box(width, height)),
            (Some(width), None) => Some(Size::Width(width)),
            (None, Some(height)) => Some(Size::Height(height)),
            (None, None) => None,
        }
    }

    /// The sides that are given.
    pub fn sides(self) -> (Option<u32>, Option<u32>) {
        match self {
            Size::Width(width) => (Some(width), None),
            Size::Height(height) => (None, Some(height)),
            Size::Box(width, height) => (Some(width), Some(height)),
        }
    }
}

/// What is done to a picture, in this order: turned upright, cut out ([`Transform::crop`]),
/// turned, fitted into the box, blurred, sharpened, put on its background, given its
/// [`Tone`], encoded.
///
/// Values are normalized: those that have no effect are not there, so that two transforms are
/// equal if and only if their texts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transform {
    pub(crate) size: Option<Size>,
    pub(crate) fit: Fit,
    pub(crate) gravity: Gravity,
    pub(crate) crop: Option<Crop>,
    pub(crate) turn: Turn,
    pub(crate) blur: Option<Decimal>,
    pub(crate) sharpen: Option<Decimal>,
    pub(crate) background: Option<Background>,
    pub(crate) tone: Tone,
    pub(crate) format: FormatChoice,
    pub(crate) quality: Option<u8>,
    pub(crate) still: bool,
}

impl Transform {
    /// The box, if there is one.
    pub fn size(&self) -> Option<Size> {
        self.size
    }

    /// How the picture meets the box.
    pub fn fit(&self) -> Fit {
        self.fit
    }

    /// What stays when something is cut off.
    pub fn gravity(&self) -> Gravity {
        self.gravity
    }

    /// What is cut out first.
    pub fn crop(&self) -> Option<Crop> {
        self.crop
    }

    /// `flip` and `rotate`.
    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// The standard deviation of the blur in pixels of the result: 0.3 to 100.
    pub fn blur(&self) -> Option<Decimal> {
        self.blur
    }

    /// How much is sharpened, up to 10.
    pub fn sharpen(&self) -> Option<Decimal> {
        self.sharpen
    }

    /// What is under transparency and around padding.
    pub fn background(&self) -> Option<Background> {
        self.background
    }

    /// The colours of the result.
    pub fn tone(&self) -> Tone {
        self.tone
    }

    /// The format that is asked for.
    pub fn format(&self) -> FormatChoice {
        self.format
    }

    /// The quality that is asked for, 1 to 100.
    pub fn quality(&self) -> Option<u8> {
        self.quality
    }

    /// Whether only the first frame is wanted.
    pub fn is_still(&self) -> bool {
        self.still
    }

    /// Whether nothing is done at all: the original is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Transform::default()
    }

    /// The same with another gravity, where gravity has an effect.
    #[must_use]
    pub fn with_gravity(mut self, gravity: Gravity) -> Transform {
        self.gravity = gravity;
        self.normalized()
    }

    /// Drops what has no effect.
    pub(crate) fn normalized(mut self) -> Transform {
        match self.size {
            None => self.fit = Fit::ScaleDown,
            Some(Size::Box(..)) => {}
            Some(_) => {
                self.fit = match self.fit {
                    Fit::Cover | Fit::Squeeze => Fit::Contain,
                    Fit::Crop => Fit::ScaleDown,
                    other => other,
                }
            }
        }
        if !self.fit.cuts() && (self.fit != Fit::Pad || self.gravity == Gravity::Auto) {
            self.gravity = Gravity::CENTER;
        }
        self.crop = self.crop.filter(|crop| !crop.is_everything());
        self.sharpen = self.sharpen.filter(|sharpen| *sharpen > Decimal::ZERO);
        self.background = self.background.filter(|background| background.alpha > 0);
        if let Some(format) = self.format.exactly() {
            if self.quality == format.default_quality() {
                self.quality = None;
            }
            if !format.has_animation() {
                self.still = false;
            }
            if !format.has_alpha() && self.background == Some(Background::WHITE) {
                self.background = None;
            }
        }
        self
    }
}
