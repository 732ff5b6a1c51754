//! From the colours of a source to sRGB.
//!
//! Colours are converted after scaling, because a result has fewer pixels than its source, and inks
//! before it, because the mean of inks does not have the mean of their colours. A profile that
//! changes nothing is not applied, so that deriving an image from a derived one leaves its colours
//! as they are. A profile that cannot be read counts as absent, as in browsers.

use std::sync::Arc;

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace,
    Layout as CmsLayout, MatrixCoefficients, ToneReprCurve, TransferCharacteristics,
    TransformExecutor, TransformOptions, XyY,
};

use crate::decode::{Coding, Info};
use crate::{Error, Image, Layout, Pause};

/// Converts the pictures of one source.
pub struct Converter {
    profile: Option<ColorProfile>,
    /// For the layout of the pictures that came last.
    transform: Option<(Layout, Option<Transform>)>,
}

#[derive(Clone)]
struct Transform {
    executor: Arc<dyn TransformExecutor<u8> + Send + Sync>,
    /// The channels that it takes; it gives red, green and blue.
    channels: usize,
}

/// Rows are converted in pieces of this many pixels.
const PIECE: usize = 4096;

impl Converter {
    /// For the colours that the header of a source describes.
    pub fn new(info: &Info) -> Converter {
        let icc = info.icc.as_deref();
        let profile = icc
            .and_then(|icc| ColorProfile::new_from_slice(icc).ok())
            .or_else(|| match info.coding? {
                Coding::Points {
                    primaries,
                    transfer,
                } => coded(primaries, transfer),
                Coding::Measured {
                    gamma,
                    chromaticities,
                } => Some(measured(gamma, chromaticities)),
            });
        Converter {
            profile,
            transform: None,
        }
    }

    /// The picture in sRGB: grey, or red, green and blue, with the alpha that it had.
    ///
    /// # Errors
    /// [`Error::Internal`] if the conversion fails.
    pub fn to_srgb(&mut self, image: Image, pause: &dyn Pause) -> Result<Image, Error> {
        let layout = image.layout();
        let transform = match &self.transform {
            Some((known, transform)) if *known == layout => transform.clone(),
            _ => {
                let transform = self
                    .profile
                    .as_ref()
                    .and_then(|profile| matching(profile, layout));
                self.transform = Some((layout, transform.clone()));
                transform
            }
        };
        match transform {
            Some(transform) => transform.apply(image, pause),
            None if layout == Layout::Cmyk => Ok(inks(&image, pause)),
            None => Ok(image),
        }
    }
}

/// The transform of a profile for pictures of this layout; none if it fits others, or if it
/// changes no colour by more than rounding does.
fn matching(profile: &ColorProfile, layout: Layout) -> Option<Transform> {
    let (from, channels) = match (profile.color_space, layout) {
        (DataColorSpace::Rgb, Layout::Cmyk) => return None,
        (DataColorSpace::Rgb, _) => (CmsLayout::Rgb, 3),
        (DataColorSpace::Gray, Layout::Grey | Layout::GreyAlpha) => (CmsLayout::Gray, 1),
        (DataColorSpace::Cmyk, Layout::Cmyk) => (CmsLayout::Rgba, 4),
        _ => return None,
    };
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let executor = profile
        .create_transform_8bit(from, &srgb, CmsLayout::Rgb, options)
        .ok()?;
    let transform = Transform { executor, channels };
    let is_grey = matches!(layout, Layout::Grey | Layout::GreyAlpha);
    let applies = layout == Layout::Cmyk || transform.changes_colours(is_grey);
    applies.then_some(transform)
}

impl Transform {
    /// Whether any of a grid of colours becomes another; of a picture in grey, any grey.
    fn changes_colours(&self, is_grey: bool) -> bool {
        let levels = || (0..=15_u8).map(|level| level * 17);
        let grid: Vec<[u8; 3]> = if is_grey {
            levels().map(|level| [level; 3]).collect()
        } else {
            let pairs = levels().flat_map(|red| levels().map(move |green| (red, green)));
            pairs
                .flat_map(|(red, green)| levels().map(move |blue| [red, green, blue]))
                .collect()
        };
        let channels = self.channels;
        let colours = grid.iter().flat_map(|colour| colour.iter().take(channels));
        let colours: Vec<u8> = colours.copied().collect();
        let mut converted = vec![0; grid.len() * 3];
        if self.executor.transform(&colours, &mut converted).is_err() {
            return false;
        }
        let before = grid.as_flattened().iter();
        before
            .zip(&converted)
            .any(|(before, after)| before.abs_diff(*after) > 2)
    }

    fn apply(&self, image: Image, pause: &dyn Pause) -> Result<Image, Error> {
        let layout = image.layout();
        let alpha = usize::from(layout.has_alpha());
        let wide = layout.channels() - alpha;
        let mut from = Vec::with_capacity(PIECE * self.channels);
        let mut to = vec![0; PIECE * 3];
        let count = image.pixels().len() / layout.channels();
        let mut pixels = Vec::with_capacity(count * (3 + alpha));
        for piece in image.pixels().chunks(PIECE * layout.channels()) {
            pause.pause();
            from.clear();
            for pixel in piece.chunks_exact(layout.channels()) {
                // Grey pictures may have a profile of red, green and blue.
                match (wide, self.channels) {
                    (1, 3) => from.extend_from_slice(&[pixel[0]; 3]),
                    _ => from.extend_from_slice(&pixel[..wide]),
                }
            }
            let to = &mut to[..from.len() / self.channels * 3];
            self.executor
                .transform(&from, to)
                .map_err(|_| Error::internal("its colours could not be converted"))?;
            for (pixel, colours) in piece
                .chunks_exact(layout.channels())
                .zip(to.chunks_exact(3))
            {
                pixels.extend_from_slice(colours);
                pixels.extend_from_slice(&pixel[wide..]);
            }
        }
        let layout = if alpha == 1 {
            Layout::Rgba
        } else {
            Layout::Rgb
        };
        Ok(Image::of(image.width(), image.height(), layout, pixels))
    }
}

/// Ink on white paper, as browsers show it without a profile.
fn inks(image: &Image, pause: &dyn Pause) -> Image {
    let mut pixels = Vec::with_capacity(image.pixels().len() / 4 * 3);
    for row in image.rows() {
        pause.pause();
        for pixel in row.chunks_exact(4) {
            let light = |ink: u8| {
                let product = u32::from(255 - ink) * u32::from(255 - pixel[3]);
                ((product + 127) / 255) as u8
            };
            pixels.extend_from_slice(&[light(pixel[0]), light(pixel[1]), light(pixel[2])]);
        }
    }
    Image::of(image.width(), image.height(), Layout::Rgb, pixels)
}

/// The profile of a colour space that is given by code points.
fn coded(primaries: u8, transfer: u8) -> Option<ColorProfile> {
    let color_primaries = CicpColorPrimaries::try_from(primaries).ok()?;
    let transfer_characteristics = TransferCharacteristics::try_from(transfer).ok()?;
    let known = !matches!(
        color_primaries,
        CicpColorPrimaries::Unspecified | CicpColorPrimaries::Reserved
    ) && !matches!(
        transfer_characteristics,
        TransferCharacteristics::Unspecified | TransferCharacteristics::Reserved
    );
    known.then(|| {
        ColorProfile::new_from_cicp(CicpProfile {
            color_primaries,
            transfer_characteristics,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        })
    })
}

/// The profile of a colour space that is given by numbers, as [`Coding::Measured`] has them. Numbers
/// that no colours have count as absent.
fn measured(gamma: Option<u32>, chromaticities: Option<[(u32, u32); 4]>) -> ColorProfile {
    const ONE: u32 = 100_000;

    let mut profile = ColorProfile::new_srgb();
    let exist = |colours: &[(u32, u32); 4]| {
        let mut colours = colours.iter();
        colours.all(|(x, y)| *y > 0 && x.saturating_add(*y) <= ONE)
    };
    if let Some(colours) = chromaticities.filter(exist) {
        let [white, red, green, blue] =
            colours.map(|(x, y)| (f64::from(x) / f64::from(ONE), f64::from(y) / f64::from(ONE)));
        let [red, green, blue] =
            [red, green, blue].map(|(x, y)| Chromaticity::new(x as f32, y as f32));
        let primaries = ColorPrimaries { red, green, blue };
        profile.update_rgb_colorimetry(XyY::new(white.0, white.1, 1.0), primaries);
    }
    // From 1/10 to 10.
    if let Some(gamma) = gamma.filter(|gamma| (ONE / 10..=ONE * 10).contains(gamma)) {
        let curve = ToneReprCurve::Parametric(vec![ONE as f32 / gamma as f32]);
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
        profile.cicp = None;
    }
    profile
}

#[cfg(test)]
mod tests;
