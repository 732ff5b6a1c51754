//! The reduced decoder against `jpeg-decoder`, on files that an encoder wrote: of damaged ones they
//! show different things, and the reduced decoder what libjpeg shows.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::header;
use super::reduced::{self, Area, Scale};
use crate::{Limits, NoPause};

const SAMPLINGS: [SamplingFactor; 4] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
];

/// Makes a JPEG of any bytes, and compares what the decoders make of it at 1/8 of its size. The
/// first bytes say how it is coded, the others are its pixels. Returns whether they suffice.
pub(in crate::decode) fn compare(bytes: &[u8]) -> bool {
    let Some(([width, height, quality, coding, interval], samples)) = bytes.split_first_chunk()
    else {
        return false;
    };
    if samples.is_empty() {
        return false;
    }
    let (width, height) = (u16::from(*width) + 1, u16::from(*height) + 1);
    let grey = coding & 1 == 1;
    let count = usize::from(width) * usize::from(height) * if grey { 1 } else { 3 };
    let pixels: Vec<u8> = samples.iter().copied().cycle().take(count).collect();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality % 100 + 1);
    encoder.set_progressive(coding & 2 != 0);
    encoder.set_sampling_factor(SAMPLINGS[usize::from(coding >> 2 & 3)]);
    encoder.set_restart_interval(u16::from(*interval));
    // The encoder's own tables lack symbols if there are intervals.
    encoder.set_optimized_huffman_tables(coding & 16 != 0 && *interval == 0);
    let colours = if grey {
        ColorType::Luma
    } else {
        ColorType::Rgb
    };
    encoder
        .encode(&pixels, width, height, colours)
        .expect("any pixels can be encoded");
    let header = header::read(&file).expect("the header can be read");
    let area = Area::whole(&header);
    let limits = Limits::default();
    let reduce = |scale| reduced::decode(&file, &header, (scale, &area), &limits, &NoPause);
    let own = reduce(Scale::Eighth)
        .expect("the file can be decoded")
        .into_pixels();
    let theirs = oracle(&file, (width, height));
    assert_eq!(own.len(), theirs.len());
    // Both round twice, in different ways.
    let most = own
        .iter()
        .zip(&theirs)
        .map(|(own, theirs)| own.abs_diff(*theirs))
        .max();
    assert!(most <= Some(6), "the pictures differ by {most:?}");
    for scale in [Scale::Quarter, Scale::ThreeEighths, Scale::Half] {
        reduce(scale).expect("the file can be decoded");
    }
    true
}

fn oracle(file: &[u8], (width, height): (u16, u16)) -> Vec<u8> {
    let mut decoder = jpeg_decoder::Decoder::new(file);
    decoder
        .scale(width.div_ceil(8), height.div_ceil(8))
        .expect("the header can be read");
    decoder.decode().expect("the file can be decoded")
}
