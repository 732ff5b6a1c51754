//! The pixels of all frames of a file, as decoders see them. The decoders are third-party
//! crates, so they share no mistake with the walks.

use std::io::Cursor;
use std::num::NonZeroU64;

use crate::model::Kind;

/// The maximum number of bytes that a decoder may use for a frame.
const MOST_BYTES: usize = 64 << 20;

/// A decoded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// The width, before orientation.
    pub width: u32,
    /// The height, before orientation.
    pub height: u32,
    /// The number of frames.
    pub frames: u32,
    /// All frames as drawn, one after the other, with their positions and delays.
    pub bytes: Vec<u8>,
}

/// Decodes a file. `None` if its decoder does not accept all of it, and for AVIF, for which
/// there is no decoder here.
pub fn decode(kind: Kind, bytes: &[u8]) -> Option<Pixels> {
    match kind {
        Kind::Jpeg => jpeg(bytes),
        Kind::Png => png(bytes),
        Kind::Gif => gif(bytes),
        Kind::Webp => webp(bytes),
        Kind::Avif => None,
    }
}

/// Like libjpeg, the decoder makes up the missing part of a scan.
fn jpeg(bytes: &[u8]) -> Option<Pixels> {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(MOST_BYTES);
    let pixels = decoder.decode().ok()?;
    let info = decoder.info()?;
    Some(Pixels {
        width: info.width.into(),
        height: info.height.into(),
        frames: 1,
        bytes: pixels,
    })
}

fn png(bytes: &[u8]) -> Option<Pixels> {
    let limits = png::Limits { bytes: MOST_BYTES };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    // Palettes and transparency are pixels too.
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width, reader.info().height);
    let mut frame = vec![
        0;
        reader
            .output_buffer_size()
            .filter(|size| *size < MOST_BYTES)?
    ];
    let mut pixels = Vec::new();
    let animated = reader
        .info()
        .animation_control
        .map(|control| control.num_frames);
    // The first picture may not be part of the animation.
    let apart = animated.is_some() && reader.info().frame_control.is_none();
    let frames = animated.unwrap_or(1);
    for _ in 0..frames.saturating_add(apart.into()) {
        let info = reader.next_frame(&mut frame).ok()?;
        let placed = reader.info().frame_control;
        let placed = placed.map(|control| format!("{control:?}"));
        pixels.extend(placed.unwrap_or_default().bytes());
        pixels.extend_from_slice(frame.get(..info.buffer_size())?);
    }
    reader.finish().ok()?;
    Some(Pixels {
        width,
        height,
        frames,
        bytes: pixels,
    })
}

fn gif(bytes: &[u8]) -> Option<Pixels> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let most = NonZeroU64::new(u64::try_from(MOST_BYTES).ok()?)?;
    options.set_memory_limit(gif::MemoryLimit::Bytes(most));
    let mut decoder = options.read_info(Cursor::new(bytes)).ok()?;
    let mut width = u32::from(decoder.width());
    let mut height = u32::from(decoder.height());
    let (mut frames, mut pixels) = (0, Vec::new());
    while let Some(frame) = decoder.read_next_frame().ok()? {
        if frames == 0 {
            // Browsers enlarge the screen, and the decoder leaves it to its caller.
            width = width.max(u32::from(frame.left) + u32::from(frame.width));
            height = height.max(u32::from(frame.top) + u32::from(frame.height));
        }
        let placed = [
            frame.left,
            frame.top,
            frame.width,
            frame.height,
            frame.delay,
        ];
        pixels.extend(placed.iter().flat_map(|number| number.to_be_bytes()));
        pixels.push(frame.dispose as u8);
        pixels.extend_from_slice(&frame.buffer);
        frames += 1;
    }
    pixels.extend(format!("{:?}", decoder.repeat()).bytes());
    Some(Pixels {
        width,
        height,
        frames,
        bytes: pixels,
    })
}

fn webp(bytes: &[u8]) -> Option<Pixels> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).ok()?;
    decoder.set_memory_limit(MOST_BYTES);
    let (width, height) = decoder.dimensions();
    let mut frame = vec![
        0;
        decoder
            .output_buffer_size()
            .filter(|size| *size < MOST_BYTES)?
    ];
    let (mut frames, mut pixels) = (1, Vec::new());
    if decoder.is_animated() {
        frames = decoder.num_frames();
        for _ in 0..frames {
            let delay = decoder.read_frame(&mut frame).ok()?;
            pixels.extend(delay.to_be_bytes());
            pixels.extend_from_slice(&frame);
        }
        pixels.extend(format!("{:?}", decoder.loop_count()).bytes());
    } else {
        decoder.read_image(&mut frame).ok()?;
        pixels = frame;
    }
    Some(Pixels {
        width,
        height,
        frames,
        bytes: pixels,
    })
}
