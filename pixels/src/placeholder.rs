//! What is shown while an image loads.

use crate::colour::Converter;
use crate::decode::{self, Info, Wanted};
use crate::ops::resize::{Filter, Part, Scaler};
use crate::ops::{alpha, canvas, turn};
use crate::{Error, Image, Limits, Pause};

use darkroom_transform::{Background, Turn};

/// A few bytes that a client turns into a blurred picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// A ThumbHash, with the ratio of the picture and its transparency.
    pub thumbhash: Vec<u8>,
    /// A BlurHash of 4 × 3 components, on white.
    pub blurhash: String,
    /// The mean colour: red, green and blue.
    pub color: [u8; 3],
}

/// The longer side of the picture that placeholders are made of.
const SIDE: u32 = 100;
/// How many pixels of a source are looked at for one of these, in each direction.
const SAMPLES: u32 = 4;

impl Placeholder {
    /// The placeholder of an upright picture in sRGB.
    ///
    /// # Errors
    /// [`Error::Internal`] if it cannot be scaled or encoded.
    pub fn of(image: Image, pause: &dyn Pause) -> Result<Placeholder, Error> {
        let small = alpha::to_rgba(reduced(image, pause)?);
        pause.pause();
        let (width, height) = (small.width(), small.height());
        let (columns, rows) = (width as usize, height as usize);
        let thumbhash = fast_thumbhash::rgba_to_thumb_hash(columns, rows, small.pixels());
        let color = mean(&small);
        let white = alpha::to_rgba(canvas::on_background(small, Background::WHITE, pause));
        pause.pause();
        let (across, down) = if width >= height { (4, 3) } else { (3, 4) };
        let blurhash = blurhash::encode(across, down, width, height, white.pixels())
            .map_err(|error| Error::internal(error.to_string()))?;
        Ok(Placeholder {
            thumbhash,
            blurhash,
            color,
        })
    }
}

/// The placeholder of a source: of its first frame, upright, in sRGB.
///
/// # Errors
/// As [`render`](crate::render()).
pub fn placeholder(
    source: &[u8],
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Placeholder, Error> {
    let limits = Limits {
        first_frame_only: true,
        ..*limits
    };
    let mut decoder = decode::open(source, &limits)?;
    let info = decoder.info().clone();
    let wanted = Wanted {
        at_least: at_least(&info),
        first_frame_only: true,
    };
    let frame = decoder.next_frame(&wanted, pause)?;
    let frame = frame.ok_or_else(|| Error::undecodable("it has no frames"))?;
    decoded(&info, &frame.image, pause)
}

/// The size at which a source has to be decoded at least.
pub(crate) fn at_least(info: &Info) -> (u32, u32) {
    let longer = info.width.max(info.height);
    let side = |side: u32| {
        let reduced = (u64::from(side) * u64::from(SIDE)).div_ceil(u64::from(longer));
        u32::try_from(reduced).unwrap_or(side).clamp(1, side)
    };
    (side(info.width), side(info.height))
}

/// The placeholder of a source whose first frame has been decoded, at whatever size.
///
/// # Errors
/// [`Error::Internal`] if it cannot be converted, scaled or encoded.
pub(crate) fn decoded(info: &Info, image: &Image, pause: &dyn Pause) -> Result<Placeholder, Error> {
    let image = reduced(sampled(image), pause)?;
    let image = Converter::new(info).to_srgb(image, pause)?;
    let image = turn::turn(image, Turn::from_exif(info.orientation), pause);
    Placeholder::of(image, pause)
}

/// One of so many pixels in each direction that there are still several for each of the result:
/// a picture of any size is reduced without another of that size in memory.
fn sampled(image: &Image) -> Image {
    let step = image.width().max(image.height()) / (SAMPLES * SIDE);
    if step <= 1 {
        return image.clone();
    }
    let channels = image.layout().channels();
    let step_by = step as usize;
    let mut pixels = Vec::new();
    for row in image.rows().step_by(step_by) {
        for pixel in row.chunks_exact(channels).step_by(step_by) {
            pixels.extend_from_slice(pixel);
        }
    }
    let (width, height) = (image.width().div_ceil(step), image.height().div_ceil(step));
    Image::of(width, height, image.layout(), pixels)
}

fn reduced(image: Image, pause: &dyn Pause) -> Result<Image, Error> {
    let longer = image.width().max(image.height());
    if longer <= SIDE {
        return Ok(image);
    }
    let factor = f64::from(SIDE) / f64::from(longer);
    let side = |side: u32| ((f64::from(side) * factor).round() as u32).max(1);
    let size = (side(image.width()), side(image.height()));
    let whole = Part {
        x: 0.0,
        y: 0.0,
        width: image.width().into(),
        height: image.height().into(),
    };
    Scaler::default().resize(image, whole, size, Filter::Mean, pause)
}

/// The mean colour of what is visible; of nothing, white.
fn mean(image: &Image) -> [u8; 3] {
    let mut sums = [0_u64; 4];
    for pixel in image.pixels().chunks_exact(4) {
        let alpha = u64::from(pixel[3]);
        for (sum, colour) in sums.iter_mut().zip(&pixel[..3]) {
            *sum += u64::from(*colour) * alpha;
        }
        sums[3] += alpha;
    }
    let mean = |sum: u64| {
        let mean = (sum + sums[3] / 2).checked_div(sums[3]);
        mean.map_or(255, |mean| mean as u8)
    };
    [mean(sums[0]), mean(sums[1]), mean(sums[2])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::pictures::{Source, flat, photo};
    use crate::{Layout, NoPause};

    #[test]
    fn a_placeholder_looks_like_its_picture() {
        let image = photo(300, 200, Layout::Rgb);
        let placeholder = Placeholder::of(image, &NoPause).expect("a placeholder");
        let (width, height, pixels) =
            fast_thumbhash::thumb_hash_to_rgba(&placeholder.thumbhash).expect("a picture");
        assert!(width > height, "the ratio is kept");
        assert_eq!(pixels.len(), width * height * 4);
        let shown = blurhash::decode(&placeholder.blurhash, 32, 20, 1.0).expect("a picture");
        let red: u64 = shown.chunks_exact(4).map(|pixel| u64::from(pixel[0])).sum();
        assert!((red / 640).abs_diff(placeholder.color[0].into()) < 12);
        assert!(placeholder.thumbhash.len() <= 25 && placeholder.blurhash.len() == 28);
    }

    #[test]
    fn a_placeholder_of_a_file_is_upright() {
        let image = photo(120, 80, Layout::Rgb);
        let expected = Placeholder::of(image.clone(), &NoPause).expect("a placeholder");
        let back = Turn::from_exif(6).inverse();
        let stored = turn::turn(image, back, &NoPause);
        let file = Source::new(stored).orientation(6).png();
        let found = placeholder(&file, &Limits::default(), &NoPause).expect("a placeholder");
        let difference = found
            .color
            .iter()
            .zip(expected.color)
            .map(|(one, two)| one.abs_diff(two));
        assert!(difference.max() <= Some(2), "{found:?}, not {expected:?}");
        assert_eq!(found.blurhash[..2], expected.blurhash[..2]);
        assert_eq!(found.thumbhash.len(), expected.thumbhash.len());
        let damaged = placeholder(&file[..60], &Limits::default(), &NoPause);
        assert!(
            matches!(damaged, Err(Error::Undecodable { .. })),
            "{damaged:?}"
        );
    }

    #[test]
    fn a_placeholder_comes_with_a_derived_image_whatever_its_size() {
        let image = photo(1200, 800, Layout::Rgb);
        let back = Turn::from_exif(6).inverse();
        let stored = turn::turn(image, back, &NoPause);
        let file = Source::new(stored).orientation(6).png();
        let limits = Limits::default();
        let alone = placeholder(&file, &limits, &NoPause).expect("a placeholder");
        for text in [
            "w=3&format=png",
            "w=900&format=jpeg",
            "crop=0,0,9,9&format=gif&blur=9",
        ] {
            let transform = text.parse().expect("a transform");
            let with = crate::render_with_placeholder(&file, &transform, &limits, &NoPause);
            let with = with.expect("a result");
            let without = crate::render(&file, &transform, &limits, &NoPause).expect("a result");
            assert_eq!(without.placeholder, None);
            let found = with.placeholder.expect("a placeholder");
            let colours = found.color.iter().zip(alone.color);
            let difference = colours.map(|(one, two)| one.abs_diff(two)).max();
            assert!(difference <= Some(3), "{text}: {found:?}, not {alone:?}");
            assert_eq!(found.thumbhash.len(), alone.thumbhash.len(), "{text}");
        }
    }

    #[test]
    fn a_tile_of_a_large_picture_brings_no_placeholder() {
        let file = Source::new(photo(2000, 1000, Layout::Grey)).png();
        let brings = |text: &str| {
            let transform = text.parse().expect("a transform");
            let limits = Limits::default();
            let with = crate::render_with_placeholder(&file, &transform, &limits, &NoPause);
            let with = with.expect("a result");
            let without = crate::render(&file, &transform, &limits, &NoPause).expect("a result");
            assert_eq!(with.bytes, without.bytes, "{text}");
            with.placeholder.is_some()
        };
        assert!(brings("w=64&h=64&fit=cover&format=png"));
        assert!(!brings("crop=0,0,256,256&w=64&format=png"));
    }

    #[test]
    fn colours_are_those_that_are_visible() {
        let of = |image| {
            Placeholder::of(image, &NoPause)
                .expect("a placeholder")
                .color
        };
        assert_eq!(of(flat(3, 900, Layout::Rgb, &[10, 20, 30])), [10, 20, 30]);
        assert_eq!(of(flat(1, 1, Layout::Grey, &[77])), [77; 3]);
        assert_eq!(of(flat(4, 4, Layout::Rgba, &[1, 2, 3, 0])), [255; 3]);
        assert_eq!(
            of(flat(4, 4, Layout::Rgba, &[200, 100, 50, 9])),
            [200, 100, 50]
        );
    }
}
