//! The same coefficients in several scans: first a coarse picture, then what refines it.
//!
//! The file shows exactly the same pixels. Each scan has a Huffman code of its own, and runs of
//! blocks without anything new take a few bits, so that larger pictures get smaller.

use super::huffman::{Bits, Code};
use super::scan::{Band, Tokens};
use crate::decode::jpeg::parts::Parts;
use crate::{Error, Limits, Pause};

/// The components of a scan, and what it has of them.
type Scan = (&'static [usize], Band);

const fn band(first: usize, last: usize, high: u32, low: u32) -> Band {
    Band {
        first,
        last,
        high,
        low,
    }
}

/// The scans of libjpeg's `jpeg_simple_progression`.
const COLOUR: [Scan; 10] = [
    (&[0, 1, 2], band(0, 0, 0, 1)),
    (&[0], band(1, 5, 0, 2)),
    (&[2], band(1, 63, 0, 1)),
    (&[1], band(1, 63, 0, 1)),
    (&[0], band(6, 63, 0, 2)),
    (&[0], band(1, 63, 2, 1)),
    (&[0, 1, 2], band(0, 0, 1, 0)),
    (&[2], band(1, 63, 1, 0)),
    (&[1], band(1, 63, 1, 0)),
    (&[0], band(1, 63, 1, 0)),
];
const GREY: [Scan; 6] = [
    (&[0], band(0, 0, 0, 1)),
    (&[0], band(1, 5, 0, 2)),
    (&[0], band(6, 63, 0, 2)),
    (&[0], band(1, 63, 2, 1)),
    (&[0], band(0, 0, 1, 0)),
    (&[0], band(1, 63, 1, 0)),
];

/// Makes a progressive file of a sequential one. `None` if it has other components than grey, or
/// luma and chroma.
pub(super) fn recoded(
    file: &[u8],
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Option<Vec<u8>>, Error> {
    let parts = Parts::read(file, limits, pause)?;
    let scans: &[Scan] = match parts.components.len() {
        1 => &GREY,
        3 => &COLOUR,
        _ => return Ok(None),
    };
    let mut result = parts.head(0xC2);
    for (components, band) in scans {
        write(&mut result, &parts, components, band, pause);
    }
    result.extend([0xFF, 0xD9]);
    Ok(Some(result))
}

fn write(file: &mut Vec<u8>, parts: &Parts<'_>, indices: &[usize], band: &Band, pause: &dyn Pause) {
    let components = indices.iter().map(|index| &parts.components[*index]);
    let mut bits = Bits::default();
    match (band.first, indices) {
        (0, _) => {
            let means = Means::new(parts, indices, band, pause);
            means.write(file, &mut bits);
        }
        (_, [index]) => {
            let mut tokens = Tokens::default();
            parts.each_block(indices, pause, |_, block| match band.high {
                0 => tokens.first(block, band),
                _ => tokens.refine(block, band),
            });
            tokens.end_blocks();
            let code = tokens.code();
            code.define(file, 1, table(*index));
            tokens.write(&code, &mut bits);
        }
        _ => {}
    }
    // The head of the scan (§B.2.3).
    file.extend([0xFF, 0xDA]);
    file.extend((6 + 2 * indices.len() as u16).to_be_bytes());
    file.push(indices.len() as u8);
    for (index, component) in indices.iter().zip(components) {
        file.extend([component.id, table(*index) << 4 | table(*index)]);
    }
    file.extend([band.first as u8, band.last as u8]);
    file.push((band.high << 4 | band.low) as u8);
    file.extend(bits.finish());
    pause.pause();
}

/// The number of a component's tables: one for luma, one for chroma.
fn table(index: usize) -> u8 {
    u8::from(index > 0)
}

/// A scan of means.
struct Means {
    /// Those of luma and those of chroma, in their order.
    tokens: [Tokens; 2],
    /// For each of them, which one it is.
    order: Vec<u8>,
    is_first: bool,
}

impl Means {
    fn new(parts: &Parts<'_>, indices: &[usize], band: &Band, pause: &dyn Pause) -> Self {
        let mut means = Self {
            tokens: Default::default(),
            order: Vec::new(),
            is_first: band.high == 0,
        };
        let mut predictions = [0; 3];
        parts.each_block(indices, pause, |index, block| {
            let table = table(index);
            let tokens = &mut means.tokens[usize::from(table)];
            if means.is_first {
                tokens.mean(block, band.low, &mut predictions[index]);
            } else {
                tokens.refined_mean(block, band.low);
            }
            means.order.push(table);
        });
        means
    }

    fn write(&self, file: &mut Vec<u8>, bits: &mut Bits) {
        let codes = [0, 1].map(|table| self.tokens[table].code());
        if self.is_first {
            let used = [0, 1]
                .into_iter()
                .filter(|table| self.order.contains(table));
            used.for_each(|table: u8| codes[usize::from(table)].define(file, 0, table));
        }
        let mut at = [0; 2];
        for table in self.order.iter().copied().map(usize::from) {
            let code: &Code = &codes[table];
            self.tokens[table].write_one(at[table], code, bits);
            at[table] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoPause;
    use crate::decode::{self, Wanted};
    use crate::ops::resize::{Filter, Part, Scaler};
    use crate::testing::picture;
    use crate::{Image, Layout};

    fn encoded(image: &Image, quality: u8, sampling: jpeg_encoder::SamplingFactor) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut file, quality);
        encoder.set_optimized_huffman_tables(true);
        encoder.set_sampling_factor(sampling);
        let colours = match image.layout() {
            Layout::Grey => jpeg_encoder::ColorType::Luma,
            _ => jpeg_encoder::ColorType::Rgb,
        };
        let (width, height) = (image.width() as u16, image.height() as u16);
        encoder
            .encode(image.pixels(), width, height, colours)
            .expect("a file");
        file
    }

    fn shown(file: &[u8], at_least: (u32, u32)) -> Image {
        let wanted = Wanted {
            at_least,
            first_frame_only: true,
        };
        let mut decoder = decode::open(file, &Limits::default()).expect("a header");
        let frame = decoder.next_frame(&wanted, &NoPause).expect("a picture");
        frame.expect("a frame").image
    }

    #[test]
    fn all_scans_together_show_the_same_pixels() {
        use jpeg_encoder::SamplingFactor::{F_1_1, F_2_1, F_2_2};

        for (width, height) in [(1, 1), (8, 8), (17, 33), (200, 70), (65, 129)] {
            for layout in [Layout::Grey, Layout::Rgb] {
                for (quality, sampling) in [(1, F_2_2), (50, F_2_1), (80, F_2_2), (100, F_1_1)] {
                    let file = encoded(&picture(width, height, layout), quality, sampling);
                    let recoded = recoded(&file, &Limits::default(), &NoPause);
                    let recoded = recoded.expect("a file").expect("a known kind");
                    let case = format!("{width}x{height} {layout:?} {quality} {sampling:?}");
                    // By another decoder, and by the own one at other sizes.
                    let theirs = |file: &[u8]| jpeg_decoder::Decoder::new(file).decode();
                    let theirs = (theirs(&file), theirs(&recoded));
                    assert_eq!(
                        theirs.0.expect("pixels"),
                        theirs.1.expect("pixels"),
                        "{case}"
                    );
                    for shrink in [8, 4, 2] {
                        let size = (width / shrink, height / shrink);
                        assert_eq!(shown(&file, size), shown(&recoded, size), "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn large_pictures_get_smaller() {
        // As soft as photographs of this size are.
        let part = Part {
            x: 0.0,
            y: 0.0,
            width: 600.0,
            height: 450.0,
        };
        let small = picture(600, 450, Layout::Rgb);
        let soft = Scaler::default().resize(small, part, (1200, 900), Filter::Sharp, &NoPause);
        let soft = soft.expect("a picture");
        let file = encoded(&soft, 80, jpeg_encoder::SamplingFactor::F_2_2);
        let recoded = recoded(&file, &Limits::default(), &NoPause);
        let recoded = recoded.expect("a file").expect("a known kind");
        let share = recoded.len() as f64 / file.len() as f64;
        assert!(share < 0.995, "{share}");
    }
}
