//! From names and values to transforms.

use crate::background::Background;
use crate::crop::Crop;
use crate::error::ParseError;
use crate::format::FormatChoice;
use crate::gravity::Gravity;
use crate::number::{Decimal, LARGEST_SIDE, round_div, side};
use crate::preset::Presets;
use crate::transform::{Fit, Size, Tone, Transform};
use crate::turn::Turn;

/// The parameters of a transform. A request with any of them asks for a derived image.
pub const NAMES: [&str; 15] = [
    "w",
    "h",
    "dpr",
    "fit",
    "gravity",
    "crop",
    "rotate",
    "flip",
    "blur",
    "sharpen",
    "background",
    "format",
    "q",
    "anim",
    "preset",
];

/// What may stand beside `preset`.
const BESIDE_PRESET: [&str; 3] = ["dpr", "format", "q"];

/// What a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The transform, that of the preset included.
    pub transform: Transform,
    /// The preset that it comes from.
    pub preset: Option<String>,
}

impl Request {
    /// Reads the parameters of a query, decoded. Names that are not in [`NAMES`] are ignored.
    ///
    /// # Errors
    /// [`ParseError`] names the first parameter that is wrong.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        presets: &Presets,
    ) -> Result<Request, ParseError> {
        Self::read(pairs, presets, false)
    }

    /// The same for a caller who is to get few different images of each preset: what stands beside
    /// one is rounded up, `dpr` to one of [`RATIOS`] and `q` to a multiple of [`QUALITY_STEP`].
    ///
    /// # Errors
    /// As [`Request::parse`].
    pub fn parse_rounded<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        presets: &Presets,
    ) -> Result<Request, ParseError> {
        Self::read(pairs, presets, true)
    }

    fn read<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        presets: &Presets,
        rounded: bool,
    ) -> Result<Request, ParseError> {
        let given: Vec<_> = pairs
            .into_iter()
            .filter_map(|(name, value)| Some((known(name)?, value)))
            .collect();
        let mut names = given.iter().filter(|(name, _)| *name == "preset");
        let Some((_, preset)) = names.next() else {
            return Ok(Request {
                transform: transform(given)?,
                preset: None,
            });
        };
        if names.next().is_some() {
            let parameter = "preset";
            return Err(ParseError::Repeated { parameter });
        }
        let beside = |name: &str| name == "preset" || BESIDE_PRESET.contains(&name);
        if let Some((parameter, _)) = given.iter().find(|(name, _)| !beside(name)) {
            return Err(ParseError::BesidePreset { parameter });
        }
        let replaced = |name: &str| given.iter().any(|(given, _)| *given == name);
        let kept = presets
            .parameters(preset)
            .ok_or(ParseError::UnknownPreset)?
            .filter(|(name, _)| !replaced(name));
        let given = given.iter().copied().filter(|(name, _)| *name != "preset");
        let given = given.map(|(name, value)| match rounded {
            true => (name, round_up(name, value).unwrap_or(value)),
            false => (name, value),
        });
        Ok(Request {
            transform: transform(kept.chain(given))?,
            preset: Some((*preset).to_owned()),
        })
    }
}

/// What `dpr` is rounded up to beside a preset, in [`Request::parse_rounded`].
pub const RATIOS: [&str; 5] = ["1", "1.5", "2", "3", "4"];
/// What `q` is rounded up to a multiple of beside a preset, in [`Request::parse_rounded`].
pub const QUALITY_STEP: u32 = 10;
const QUALITIES: [&str; 10] = ["10", "20", "30", "40", "50", "60", "70", "80", "90", "100"];

/// The value that one of a parameter is rounded up to; `None` if it stays as it is.
fn round_up(name: &str, value: &str) -> Option<&'static str> {
    match name {
        "dpr" => {
            let ratio = Decimal::parse(value).filter(|ratio| *ratio >= Decimal::ONE)?;
            let reaches = |step: &&str| Decimal::parse(step).is_some_and(|step| step >= ratio);
            RATIOS.into_iter().find(reaches)
        }
        "q" => {
            let steps = side(value)?.div_ceil(QUALITY_STEP);
            let index = usize::try_from(steps).ok()?.checked_sub(1)?;
            QUALITIES.get(index).copied()
        }
        _ => None,
    }
}

fn known(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

/// A transform of known parameters other than `preset`.
pub(crate) fn transform<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Transform, ParseError> {
    let mut values = Values::default();
    for (name, value) in pairs {
        let Some(parameter) = known(name) else {
            continue;
        };
        let seen = NAMES.iter().position(|known| *known == parameter);
        let seen = seen.and_then(|index| values.seen.get_mut(index));
        if seen.is_some_and(|seen| std::mem::replace(seen, true)) {
            return Err(ParseError::Repeated { parameter });
        }
        let expected = expected(parameter);
        values.set(parameter, value).ok_or(ParseError::Value {
            parameter,
            expected,
        })?;
    }
    values.transform()
}

/// What a parameter has to be, as the end of a sentence.
fn expected(parameter: &str) -> &'static str {
    match parameter {
        "w" | "h" => "a whole number of pixels from 1",
        "dpr" => "a number from 1 to 4",
        "fit" => "`scale-down`, `contain`, `cover`, `crop`, `pad` or `squeeze`",
        "gravity" => {
            "`center`, a compass point from `north` to `northwest`, `auto`, or `X,Y` with \
             fractions from 0 to 1"
        }
        "crop" => {
            "`x,y,w,h`, each a whole number of pixels or a percentage up to `100%`, and `w` and \
             `h` more than 0"
        }
        "rotate" => "`90`, `180` or `270`",
        "flip" => "`h`, `v` or `hv`",
        "blur" => "a number from 0.3 to 100",
        "sharpen" => "a number from 0 to 10",
        "background" => "a colour as `RRGGBB` or `RRGGBBAA` in hexadecimal digits",
        "format" => "`source`, `auto`, `jpeg`, `png`, `webp`, `avif` or `gif`",
        "q" => "a whole number from 1 to 100",
        "anim" => "`1` or `0`",
        _ => "the name of a preset",
    }
}

/// Values as they are given.
#[derive(Default)]
struct Values {
    seen: [bool; NAMES.len()],
    width: Option<u32>,
    height: Option<u32>,
    ratio: Option<Decimal>,
    fit: Option<Fit>,
    gravity: Option<Gravity>,
    crop: Option<Crop>,
    rotate: Turn,
    flip: Turn,
    blur: Option<Decimal>,
    sharpen: Option<Decimal>,
    background: Option<Background>,
    format: FormatChoice,
    quality: Option<u8>,
    still: bool,
}

impl Values {
    fn set(&mut self, parameter: &str, value: &str) -> Option<()> {
        match parameter {
            "w" => self.width = Some(side(value)?),
            "h" => self.height = Some(side(value)?),
            "dpr" => self.ratio = Some(number(value, Decimal::ONE, Decimal::whole(4))?),
            "fit" => self.fit = Some(Fit::parse(value)?),
            "gravity" => self.gravity = Some(Gravity::parse(value)?),
            "crop" => self.crop = Some(Crop::parse(value)?),
            "rotate" => self.rotate = Turn::from_degrees(value)?,
            "flip" => self.flip = Turn::from_flip(value)?,
            "blur" => self.blur = Some(number(value, LEAST_BLUR, Decimal::whole(100))?),
            "sharpen" => self.sharpen = Some(number(value, Decimal::ZERO, Decimal::whole(10))?),
            "background" => self.background = Some(Background::parse(value)?),
            "format" => self.format = FormatChoice::parse(value)?,
            "q" => {
                let quality = side(value).filter(|quality| *quality <= 100)?;
                self.quality = Some(u8::try_from(quality).ok()?);
            }
            "anim" => {
                self.still = match value {
                    "1" => false,
                    "0" => true,
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn transform(self) -> Result<Transform, ParseError> {
        let ratio = self.ratio.unwrap_or(Decimal::ONE);
        let scaled = |side: u32| {
            let millionths = u128::from(side) * u128::from(ratio.millionths());
            let side = round_div(millionths, u128::from(Decimal::SCALE));
            u32::try_from(side).map_or(LARGEST_SIDE, |side| side.min(LARGEST_SIDE))
        };
        let size = Size::new(self.width.map(scaled), self.height.map(scaled));
        if size.is_none() && self.fit.is_some_and(|fit| fit != Fit::ScaleDown) {
            return Err(ParseError::FitWithoutBox);
        }
        let transform = Transform {
            size,
            fit: self.fit.unwrap_or_default(),
            gravity: self.gravity.unwrap_or_default(),
            crop: self.crop,
            turn: self.flip.then(self.rotate),
            blur: self.blur,
            sharpen: self.sharpen,
            background: self.background,
            tone: Tone::Colour,
            format: self.format,
            quality: self.quality,
            still: self.still,
        };
        Ok(transform.normalized())
    }
}

const LEAST_BLUR: Decimal = Decimal::from_millionths(300_000);

fn number(text: &str, least: Decimal, most: Decimal) -> Option<Decimal> {
    Decimal::parse(text).filter(|number| (least..=most).contains(number))
}

#[cfg(test)]
mod tests;
