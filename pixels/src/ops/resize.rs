//! A part of a picture at another size.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{InnerPixel, U8, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use super::alpha;
use crate::{Error, Image, Layout, Pause};

/// A part of a picture in its pixels, which need not be whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Columns left of it.
    pub x: f64,
    /// Rows above it.
    pub y: f64,
    /// Its columns.
    pub width: f64,
    /// Its rows.
    pub height: f64,
}

/// How pixels are mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Sharp: Lanczos with three lobes.
    Sharp,
    /// The mean of the pixels that a result covers.
    Mean,
    /// Soft, without overshooting.
    Soft,
    /// The nearest pixel, so that there are no colours that the picture has not.
    Nearest,
}

/// The most bytes between the two passes of resizing, vertical and horizontal. Larger results are
/// made in bands.
const BAND: usize = 4 << 20;

/// Resizes parts of pictures. Keeps its buffers for the next one.
#[derive(Default)]
pub struct Scaler {
    resizer: Resizer,
}

impl Scaler {
    /// `part` of the picture, clipped to it, at the given size.
    ///
    /// # Errors
    /// [`Error::Internal`] for a size of 0.
    pub fn resize(
        &mut self,
        image: Image,
        part: Part,
        size: (u32, u32),
        filter: Filter,
        pause: &dyn Pause,
    ) -> Result<Image, Error> {
        let whole = part.x == 0.0
            && part.y == 0.0
            && (part.width, part.height) == (image.width().into(), image.height().into());
        if whole && size == (image.width(), image.height()) {
            return Ok(image);
        }
        let part = part.within(&image);
        if !image.layout().has_alpha() {
            return self.resize_channels(image, part, size, filter, pause);
        }
        let mut image = image;
        alpha::premultiply(&mut image);
        let mut resized = self.resize_channels(image, part, size, filter, pause)?;
        limit_to_alpha(&mut resized);
        alpha::unmultiply(&mut resized);
        Ok(resized)
    }

    /// The same, with each channel by itself.
    ///
    /// # Errors
    /// As [`Scaler::resize`].
    pub(super) fn resize_channels(
        &mut self,
        image: Image,
        part: Part,
        size: (u32, u32),
        filter: Filter,
        pause: &dyn Pause,
    ) -> Result<Image, Error> {
        match image.layout() {
            Layout::Grey => self.typed::<U8>(&image, part, size, filter, pause),
            Layout::Rgb => self.typed::<U8x3>(&image, part, size, filter, pause),
            Layout::Rgba | Layout::Cmyk => self.typed::<U8x4>(&image, part, size, filter, pause),
            Layout::GreyAlpha => {
                self.typed::<U8x4>(&alpha::to_rgba(image), part, size, filter, pause)
            }
        }
    }

    fn typed<P: PixelTrait + InnerPixel>(
        &mut self,
        image: &Image,
        part: Part,
        size: (u32, u32),
        filter: Filter,
        pause: &dyn Pause,
    ) -> Result<Image, Error> {
        let failed = |_| Error::internal("a picture could not be resized");
        let source = TypedImageRef::<P>::from_buffer(image.width(), image.height(), image.pixels())
            .map_err(|_| Error::internal("a picture has another length than its size says"))?;
        let count = u64::from(size.0) * u64::from(size.1) * image.layout().channels() as u64;
        let count =
            usize::try_from(count).map_err(|_| Error::internal("no memory is that large"))?;
        let mut pixels = vec![0; count];
        let algorithm = match filter {
            Filter::Sharp => ResizeAlg::Convolution(FilterType::Lanczos3),
            Filter::Mean => ResizeAlg::Convolution(FilterType::Box),
            Filter::Soft => ResizeAlg::Convolution(FilterType::Bilinear),
            Filter::Nearest => ResizeAlg::Nearest,
        };
        let stride = size.0 as usize * image.layout().channels();
        let rows = (BAND / image.stride().max(1)).max(1);
        let top = |row: usize| part.y + part.height * row as f64 / f64::from(size.1);
        for (index, band) in pixels.chunks_mut(rows * stride).enumerate() {
            let first = index * rows;
            let count = band.len() / stride;
            let bottom = top(first + count).min(f64::from(image.height()));
            let options = ResizeOptions::new()
                .resize_alg(algorithm)
                .crop(part.x, top(first), part.width, bottom - top(first))
                .use_alpha(false);
            let mut target = TypedImage::<P>::from_buffer(size.0, count as u32, band)
                .map_err(|_| Error::internal("a picture has another length than its size says"))?;
            self.resizer
                .resize_typed(&source, &mut target, &options)
                .map_err(failed)?;
            pause.pause();
        }
        Image::new(size.0, size.1, image.layout(), pixels).map_err(Error::from)
    }
}

impl Part {
    fn within(self, image: &Image) -> Part {
        let clip = |start: f64, length: f64, side: u32| {
            let side = f64::from(side);
            let start = start.clamp(0.0, side);
            (start, length.min(side - start))
        };
        let (x, width) = clip(self.x, self.width, image.width());
        let (y, height) = clip(self.y, self.height, image.height());
        Part {
            x,
            y,
            width,
            height,
        }
    }
}

/// A sharp filter overshoots: no colour may be more than its alpha.
fn limit_to_alpha(image: &mut Image) {
    for pixel in image.pixels_mut().chunks_exact_mut(4) {
        let alpha = pixel[3];
        for colour in &mut pixel[..3] {
            *colour = (*colour).min(alpha);
        }
    }
}
