//! From the samples of colours and alpha to pixels, row by row.

use super::convert::{Alpha, Converter};
use super::layer::{Layer, Row};
use super::property::Colours;
use crate::decode::budget;
use crate::decode::shrink::Shrinker;
use crate::{Error, Image, Layout, Limits, Pause};

/// What a picture is made of.
pub(super) struct Parts<'a> {
    pub(super) colour: Layer<'a>,
    pub(super) alpha: Option<Layer<'a>>,
    pub(super) colours: Colours,
    /// Whether samples of alpha have the full range.
    pub(super) full_alpha: bool,
    /// Whether colours are multiplied by alpha.
    pub(super) premultiplied: bool,
    /// The part that is shown: left, top, width and height.
    pub(super) part: [u32; 4],
}

/// Makes a picture that is smaller by a factor.
pub(super) fn compose(
    mut parts: Parts<'_>,
    factor: u32,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let [_, top, width, height] = parts.part;
    if parts
        .alpha
        .as_ref()
        .is_some_and(|alpha| alpha.size != parts.colour.size)
    {
        return Err(Error::undecodable(
            "the picture and its alpha have different sizes",
        ));
    }
    let mut rows = Rows::default();
    parts.read(top, &mut rows, pause)?;
    let grey = rows.colour.chroma[0].is_empty();
    let layout = match (grey, parts.alpha.is_some()) {
        (true, false) => Layout::Grey,
        (true, true) => Layout::GreyAlpha,
        (false, false) => Layout::Rgb,
        (false, true) => Layout::Rgba,
    };
    let converter = Converter::new(&parts.colours, rows.colour.depth)?;
    let alpha = Alpha::new(rows.alpha.depth.max(8), parts.full_alpha);
    let mut sink = Sink::new((width, height), factor, layout, limits)?;
    for y in 0..height {
        if y > 0 {
            parts.read(top + y, &mut rows, pause)?;
        }
        parts.convert(&converter, &alpha, &mut rows);
        sink.add(y, &rows.pixels);
        pause.pause();
    }
    sink.finish((width, height), layout)
}

#[derive(Default)]
struct Rows {
    colour: Row,
    alpha: Row,
    pixels: Vec<u8>,
}

impl Parts<'_> {
    fn read(&mut self, y: u32, rows: &mut Rows, pause: &dyn Pause) -> Result<(), Error> {
        self.colour.read(y, &mut rows.colour, pause)?;
        if let Some(alpha) = &mut self.alpha {
            alpha.read(y, &mut rows.alpha, pause)?;
        }
        Ok(())
    }

    /// Converts the part of a row that is shown.
    fn convert(&self, converter: &Converter, alpha: &Alpha, rows: &mut Rows) {
        let [left, _, width, _] = self.part.map(|side| side as usize);
        let Rows {
            colour,
            alpha: opacity,
            pixels,
        } = rows;
        pixels.clear();
        let [blue, red] = &colour.chroma;
        let chroma = blue.iter().zip(red).skip(left);
        let luma = colour.luma.iter().skip(left).take(width);
        let mut opacity = self.alpha.as_ref().map(|_| opacity.luma.iter().skip(left));
        let mut next_alpha = || {
            let samples = opacity.as_mut()?;
            Some(samples.next().map_or(255, |sample| alpha.apply(*sample)))
        };
        let mut put = |colours: &[u8]| {
            let alpha = next_alpha();
            match alpha {
                Some(alpha) if self.premultiplied => {
                    pixels.extend(colours.iter().map(|colour| divide(*colour, alpha)));
                }
                _ => pixels.extend_from_slice(colours),
            }
            pixels.extend(alpha);
        };
        if blue.is_empty() {
            luma.for_each(|luma| put(&[converter.grey(*luma)]));
        } else {
            luma.zip(chroma)
                .for_each(|(luma, (blue, red))| put(&converter.pixel(*luma, *blue, *red)));
        }
    }
}

/// A colour that was multiplied by alpha, as it was before.
fn divide(colour: u8, alpha: u8) -> u8 {
    let alpha = u32::from(alpha).max(1);
    ((u32::from(colour) * 255 + alpha / 2) / alpha).min(255) as u8
}

/// Where rows go.
enum Sink {
    Whole(Vec<u8>),
    Smaller(Shrinker),
}

impl Sink {
    fn new(size: (u32, u32), factor: u32, layout: Layout, limits: &Limits) -> Result<Self, Error> {
        if factor > 1 {
            return Ok(Self::Smaller(Shrinker::rows(size, factor, layout, limits)?));
        }
        let length = u64::from(size.0) * u64::from(size.1) * layout.channels() as u64;
        budget::check_memory(length, limits)?;
        Ok(Self::Whole(Vec::with_capacity(length as usize)))
    }

    fn add(&mut self, y: u32, row: &[u8]) {
        match self {
            Self::Whole(pixels) => pixels.extend_from_slice(row),
            Self::Smaller(shrinker) => shrinker.add_row(y, row),
        }
    }

    fn finish(self, size: (u32, u32), layout: Layout) -> Result<Image, Error> {
        match self {
            Self::Whole(pixels) => Ok(Image::new(size.0, size.1, layout, pixels)?),
            Self::Smaller(shrinker) => shrinker.finish(),
        }
    }
}
