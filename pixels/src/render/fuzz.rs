//! What holds for any file and any transform: a function of bytes that panics if it does not.

use darkroom_transform::Transform;

use crate::{Limits, NoPause, decode, render};

const FITS: [&str; 8] = [
    "scale-down",
    "contain",
    "cover",
    "crop",
    "pad",
    "squeeze",
    "cover&gravity=auto",
    "pad&gravity=northeast",
];

const FORMATS: [&str; 8] = [
    "",
    "&format=jpeg",
    "&format=png",
    "&format=png&q=30",
    "&format=gif",
    "&format=webp",
    "&format=auto",
    "&format=avif",
];

const EXTRAS: [&str; 8] = [
    "",
    "&flip=h",
    "&sharpen=2",
    "&flip=v&anim=0",
    "&blur=1.5",
    "&blur=30",
    "&background=10203080",
    "&anim=0",
];

/// A transform, made of numbers.
struct Asked {
    text: String,
    /// The columns and the rows of the box.
    sides: (Option<u64>, Option<u64>),
    fit: &'static str,
    /// Pixels from the left, hundredths from the top, hundredths of the width, and pixels down.
    crop: Option<[u64; 4]>,
    /// Whether it lies on its side.
    turned: bool,
}

impl Asked {
    fn new([width, height, shape, format, extra, crop]: [u8; 6]) -> Self {
        let fit = FITS[usize::from(shape % 8)];
        let sides = match shape >> 3 & 3 {
            0 => (Some(u64::from(width) + 1), None),
            1 => (None, Some(u64::from(height) + 1)),
            _ => (Some(u64::from(width) + 1), Some(u64::from(height) + 1)),
        };
        let turned = extra & 16 != 0;
        let crop = (extra & 32 != 0).then_some([
            u64::from(crop & 7),
            u64::from(crop >> 3),
            u64::from(crop / 3) + 1,
            u64::from(crop) + 1,
        ]);
        let side = |name, side: Option<u64>| side.map(|side| format!("{name}={side}&"));
        let text = [
            side("w", sides.0),
            side("h", sides.1),
            Some(format!("fit={fit}")),
            Some(FORMATS[usize::from(format % 8)].to_owned()),
            Some(EXTRAS[usize::from(extra % 8)].to_owned()),
            turned.then(|| "&rotate=90".to_owned()),
            crop.map(|[x, y, width, height]| format!("&crop={x},{y}%25,{width}%25,{height}")),
        ];
        Self {
            text: text.into_iter().flatten().collect(),
            sides,
            fit: fit.split('&').next().unwrap_or_default(),
            crop,
            turned,
        }
    }

    /// The size that is promised for an upright picture of this size. `None` if what is to be cut
    /// out lies outside.
    fn promised(&self, upright: (u64, u64)) -> Option<(u64, u64)> {
        let cut = match self.crop {
            None => upright,
            Some([x, y, width, height]) => {
                let y = ((2 * y * upright.1 + 100) / 200).min(upright.1 - 1);
                let left = upright.0.checked_sub(x).filter(|left| *left > 0)?;
                let width = round(width * upright.0, 100).clamp(1, left);
                (width, height.min(upright.1 - y))
            }
        };
        let (width, height) = if self.turned { (cut.1, cut.0) } else { cut };
        // With one side, the other follows the ratio.
        let (across, down) = match self.sides {
            (Some(across), Some(down)) => (across, down),
            (Some(across), None) => (across, round(across * height, width)),
            (None, Some(down)) => (round(down * width, height), down),
            (None, None) => return Some((width, height)),
        };
        // Which side of the box the picture meets first, with its ratio kept.
        let by_width = match self.sides {
            (_, None) => true,
            (None, _) => false,
            _ => across * height <= down * width,
        };
        let inside = if by_width {
            (across, round(across * height, width))
        } else {
            (round(down * width, height), down)
        };
        let is_inside = self.sides.0.is_none_or(|across| width <= across)
            && self.sides.1.is_none_or(|down| height <= down);
        // With one side there is nothing to cut off.
        let is_box = self.sides.0.is_some() && self.sides.1.is_some();
        Some(match self.fit {
            "scale-down" if is_inside => (width, height),
            "crop" if is_inside && !is_box => (width, height),
            "scale-down" | "contain" => inside,
            "crop" if is_box && (width < across || height < down) => {
                // The box, as small as it has to be to lie in the picture.
                if across * height > down * width {
                    (width, round(width * down, across).min(height))
                } else {
                    (round(height * across, down).min(width), height)
                }
            }
            _ => (across, down),
        })
    }
}

/// A quotient, rounded half up, and never 0.
fn round(number: u64, divisor: u64) -> u64 {
    ((2 * number + divisor) / (2 * divisor)).max(1)
}

/// Derives an image by the transform that the last six bytes stand for, and checks that it has
/// the size that the contract promises. Returns whether there was one.
///
/// # Panics
/// If a promise is broken.
pub fn any(bytes: &[u8]) -> bool {
    let Some((file, numbers)) = bytes.split_last_chunk() else {
        return false;
    };
    let asked = Asked::new(*numbers);
    let transform: Transform = asked.text.parse().expect("a transform");
    let limits = Limits {
        max_pixels: 1_000_000,
        max_frames: 20,
        max_memory: 64 << 20,
        max_avif_pixels: 2_000,
        ..Limits::default()
    };
    let Ok(rendered) = render(file, &transform, &limits, &NoPause) else {
        return false;
    };
    let size = (rendered.width, rendered.height);
    let wide = |(width, height): (u32, u32)| (u64::from(width), u64::from(height));
    let header = Limits {
        first_frame_only: true,
        ..limits
    };
    let source = decode::open(file, &header).expect("it was decoded");
    let promised = asked.promised(wide(super::source(source.info()).upright()));
    assert_eq!(Some(wide(size)), promised, "{}", asked.text);
    let decoder = decode::open(&rendered.bytes, &Limits::default()).expect("a file");
    let info = decoder.info();
    assert_eq!(info.format, rendered.format);
    assert_eq!((info.width, info.height), size);
    assert_eq!((info.frames, info.orientation), (rendered.frames, 1));
    assert!(info.icc.is_none(), "colours are in sRGB");
    true
}
