//! AV1 pictures, by the crate `re_rav1d`.

use re_rav1d::{Decoder, PixelLayout, PlanarImageComponent, Settings};

use crate::{Error, Limits};

/// A decoder of one stream.
pub(super) struct Av1 {
    decoder: Decoder,
}

impl Av1 {
    pub(super) fn new(limits: &Limits, operating_point: u8) -> Result<Self, Error> {
        let mut settings = Settings::new();
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        // Of pictures in several layers, the best alone.
        settings.set_all_layers(false);
        settings.set_operating_point(operating_point.into());
        settings.set_frame_size_limit(u32::try_from(limits.max_pixels).unwrap_or(u32::MAX));
        let decoder = Decoder::with_settings(&settings).map_err(error)?;
        Ok(Self { decoder })
    }

    /// Decodes a picture of this size.
    pub(super) fn decode(&mut self, bytes: Vec<u8>, size: (u32, u32)) -> Result<Planes, Error> {
        self.finish()?;
        let mut sent = self.decoder.send_data(bytes, None, None, None);
        loop {
            match self.decoder.get_picture() {
                Ok(picture) => return Planes::new(picture, size),
                Err(problem) if !problem.is_again() => return Err(error(problem)),
                Err(problem) => match sent {
                    // All data was taken, and there is no picture in it.
                    Ok(()) => return Err(error(problem)),
                    Err(problem) if !problem.is_again() => return Err(error(problem)),
                    Err(_) => sent = self.decoder.send_pending_data(),
                },
            }
        }
    }

    /// Takes what is left of the data before, behind its picture. Other data is not accepted until
    /// then.
    fn finish(&mut self) -> Result<(), Error> {
        const MOST: u32 = 32;
        for _ in 0..MOST {
            match self.decoder.send_pending_data() {
                Ok(()) => return Ok(()),
                Err(problem) if !problem.is_again() => return Err(error(problem)),
                // A frame has one picture; others are not shown.
                Err(_) => drop(self.decoder.get_picture()),
            }
        }
        Err(Error::undecodable("a frame has too many pictures"))
    }
}

fn error(error: re_rav1d::Error) -> Error {
    match error {
        re_rav1d::Error::Again => Error::undecodable("a picture is missing"),
        other => Error::undecodable(format!("AV1: {other}")),
    }
}

/// The samples of a picture.
pub(super) struct Planes {
    picture: re_rav1d::Picture,
    /// The bits of a sample: 8, 10 or 12.
    pub(super) depth: u32,
    pub(super) monochrome: bool,
    /// Whether chroma has half of the samples across and down.
    halved: (bool, bool),
}

impl Planes {
    fn new(picture: re_rav1d::Picture, size: (u32, u32)) -> Result<Self, Error> {
        if (picture.width(), picture.height()) != size {
            return Err(Error::undecodable(
                "a picture has another size than its item",
            ));
        }
        let depth = picture
            .bits_per_component()
            .ok_or(Error::undecodable("AV1: unknown depth"))?;
        let layout = picture.pixel_layout();
        Ok(Self {
            depth: depth.0 as u32,
            monochrome: layout == PixelLayout::I400,
            halved: match layout {
                PixelLayout::I420 => (true, true),
                PixelLayout::I422 => (true, false),
                PixelLayout::I400 | PixelLayout::I444 => (false, false),
            },
            picture,
        })
    }

    /// Appends a row of luma.
    pub(super) fn luma(&self, y: u32, row: &mut Vec<u16>) {
        self.samples(PlanarImageComponent::Y, y, self.picture.width(), row);
    }

    /// Appends the rows of both chroma planes, interpolated to the size of luma.
    pub(super) fn chroma(&self, y: u32, rows: &mut [Vec<u16>; 2], scratch: &mut Scratch) {
        let width = self.picture.width();
        let own = if self.halved.0 {
            width.div_ceil(2)
        } else {
            width
        };
        // The row of samples that is nearer, and the other one, of which there is a quarter.
        let (near, far) = if self.halved.1 {
            let last = self.picture.height().div_ceil(2) - 1;
            let far = if y.is_multiple_of(2) {
                (y / 2).saturating_sub(1)
            } else {
                y / 2 + 1
            };
            (y / 2, far.min(last))
        } else {
            (y, y)
        };
        for (component, row) in [PlanarImageComponent::U, PlanarImageComponent::V]
            .into_iter()
            .zip(rows)
        {
            scratch.near.clear();
            scratch.far.clear();
            self.samples(component, near, own, &mut scratch.near);
            self.samples(component, far, own, &mut scratch.far);
            let pairs = scratch.near.iter().zip(&scratch.far);
            scratch.mixed.clear();
            scratch
                .mixed
                .extend(pairs.map(|(near, far)| u32::from(*near) * 3 + u32::from(*far)));
            spread(&scratch.mixed, self.halved.0, width as usize, row);
        }
    }

    fn samples(&self, component: PlanarImageComponent, y: u32, width: u32, row: &mut Vec<u16>) {
        let plane = self.picture.plane(component);
        let stride = self.picture.stride(component) as usize;
        let line = plane.get(y as usize * stride..).unwrap_or_default();
        if self.depth == 8 {
            row.extend(line.iter().take(width as usize).copied().map(u16::from));
        } else {
            let samples = line.as_chunks::<2>().0.iter().take(width as usize);
            row.extend(samples.copied().map(u16::from_ne_bytes));
        }
    }
}

/// Rows that are computed again and again.
#[derive(Default)]
pub(super) struct Scratch {
    near: Vec<u16>,
    far: Vec<u16>,
    mixed: Vec<u32>,
}

/// Appends a row of samples times 4, twice as many if they are `halved`: three parts of the
/// nearer sample and one of the other.
fn spread(samples: &[u32], halved: bool, width: usize, row: &mut Vec<u16>) {
    if !halved {
        row.extend(samples.iter().map(|sample| ((sample + 2) >> 2) as u16));
        return;
    }
    let end = row.len() + width;
    let last = samples.last();
    let before = samples.first().into_iter().chain(samples);
    let after = samples.iter().skip(1).chain(last);
    for ((sample, before), after) in samples.iter().zip(before).zip(after) {
        row.push(((sample * 3 + before + 8) >> 4) as u16);
        row.push(((sample * 3 + after + 8) >> 4) as u16);
    }
    row.truncate(end);
}
