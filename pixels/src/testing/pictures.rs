//! Pictures of some kinds.

use crate::{Image, Layout};

/// A picture as a camera takes it: soft areas, edges, texture and many colours.
pub(crate) fn photo(width: u32, height: u32, layout: Layout) -> Image {
    drawn(width, height, layout, |x, y, channel| {
        let (x, y, phase) = (f64::from(x), f64::from(y), f64::from(channel) * 0.9);
        let wave = (x / 31.0 + phase).sin() * 45.0 + (y / 23.0 - phase).cos() * 45.0;
        let texture = ((x * 0.9).sin() * (y * 1.1 + phase).cos()) * 8.0;
        let disc = (x - 60.0).hypot(y - 50.0) < 30.0;
        let edge = if disc { 60.0 - 50.0 * phase } else { 0.0 };
        (128.0 + wave + texture + edge).clamp(0.0, 255.0) as u8
    })
}

/// A picture as a program draws it: few colours and straight edges.
pub(crate) fn graphic(width: u32, height: u32, layout: Layout) -> Image {
    drawn(width, height, layout, |x, y, channel| {
        let number = (x / 16 + y / 12 * 3 + channel as u32 * 5) % 7;
        (number * 40) as u8
    })
}

/// All of one colour.
pub(crate) fn flat(width: u32, height: u32, layout: Layout, pixel: &[u8]) -> Image {
    drawn(width, height, layout, |_, _, channel| {
        pixel[channel as usize]
    })
}

fn drawn(width: u32, height: u32, layout: Layout, value: impl Fn(u32, u32, u8) -> u8) -> Image {
    let channels = layout.channels() as u8;
    let columns = |y: u32| (0..width).map(move |x| (x, y));
    let pixels = (0..height)
        .flat_map(columns)
        .flat_map(|(x, y)| (0..channels).map(move |channel| (x, y, channel)))
        .map(|(x, y, channel)| value(x, y, channel))
        .collect();
    Image::of(width, height, layout, pixels)
}

/// A file to derive images from.
#[derive(Clone)]
pub(crate) struct Source {
    image: Image,
    orientation: u8,
    icc: Vec<u8>,
}

impl Source {
    pub(crate) fn new(image: Image) -> Self {
        Source {
            image,
            orientation: 1,
            icc: Vec::new(),
        }
    }

    pub(crate) fn orientation(mut self, orientation: u8) -> Self {
        self.orientation = orientation;
        self
    }

    pub(crate) fn icc(mut self, icc: &[u8]) -> Self {
        self.icc = icc.to_vec();
        self
    }

    /// A directory with the orientation alone (TIFF 6.0, section 2).
    fn exif(&self) -> Vec<u8> {
        let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([self.orientation, 0, 0, 0, 0, 0, 0]);
        exif
    }

    pub(crate) fn jpeg(&self, quality: u8) -> Vec<u8> {
        use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, quality);
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        if self.orientation != 1 {
            encoder.add_exif_metadata(&self.exif()).unwrap();
        }
        if !self.icc.is_empty() {
            encoder.add_icc_profile(&self.icc).unwrap();
        }
        let colour = match self.image.layout() {
            Layout::Grey => ColorType::Luma,
            Layout::Rgb => ColorType::Rgb,
            Layout::Cmyk => ColorType::Cmyk,
            layout => panic!("JPEG has no {layout:?}"),
        };
        let (width, height) = (self.image.width() as u16, self.image.height() as u16);
        encoder
            .encode(self.image.pixels(), width, height, colour)
            .unwrap();
        file
    }

    pub(crate) fn png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut info = png::Info::with_size(self.image.width(), self.image.height());
        info.bit_depth = png::BitDepth::Eight;
        info.color_type = match self.image.layout() {
            Layout::Grey => png::ColorType::Grayscale,
            Layout::GreyAlpha => png::ColorType::GrayscaleAlpha,
            Layout::Rgb => png::ColorType::Rgb,
            Layout::Rgba => png::ColorType::Rgba,
            Layout::Cmyk => panic!("PNG has no inks"),
        };
        if self.orientation != 1 {
            info.exif_metadata = Some(self.exif().into());
        }
        if !self.icc.is_empty() {
            info.icc_profile = Some(self.icc.clone().into());
        }
        let encoder = png::Encoder::with_info(&mut file, info).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(self.image.pixels()).unwrap();
        writer.finish().unwrap();
        file
    }

    pub(crate) fn webp(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = image_webp::WebPEncoder::new(&mut file);
        if self.orientation != 1 {
            encoder.set_exif_metadata(self.exif());
        }
        let colour = match self.image.layout() {
            Layout::Grey => image_webp::ColorType::L8,
            Layout::GreyAlpha => image_webp::ColorType::La8,
            Layout::Rgb => image_webp::ColorType::Rgb8,
            Layout::Rgba => image_webp::ColorType::Rgba8,
            Layout::Cmyk => panic!("WebP has no inks"),
        };
        let (width, height) = (self.image.width(), self.image.height());
        encoder
            .encode(self.image.pixels(), width, height, colour)
            .unwrap();
        file
    }
}

/// A profile of four inks: a table (`mft1`, ICC.1:2001-04, section 6.5.7) from none and all of
/// each to the colours of a press, in Lab.
pub(crate) fn inks_profile() -> Vec<u8> {
    // White, cyan, magenta, yellow, and what two and three of them make.
    let lab = |cyan: bool, magenta: bool, yellow: bool, black: bool| -> [i32; 3] {
        let colour = match (cyan, magenta, yellow) {
            (false, false, false) => [100, 0, 0],
            (true, false, false) => [55, -37, -50],
            (false, true, false) => [48, 74, -3],
            (false, false, true) => [89, -5, 93],
            (true, true, false) => [24, 22, -46],
            (true, false, true) => [50, -68, 33],
            (false, true, true) => [47, 68, 48],
            (true, true, true) => [23, 0, 0],
        };
        if black {
            colour.map(|value| value / 7)
        } else {
            colour
        }
    };
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for index in 0..9 {
        table.extend((if index % 4 == 0 { 65_536_u32 } else { 0 }).to_be_bytes());
    }
    (0..4).for_each(|_| table.extend(0..=255_u8));
    for index in 0..16_u8 {
        let has = |bit: u8| index & bit != 0;
        let [light, a, b] = lab(has(8), has(4), has(2), has(1));
        table.extend([(light * 255 / 100) as u8, (a + 128) as u8, (b + 128) as u8]);
    }
    (0..3).for_each(|_| table.extend(0..=255_u8));
    table.resize(table.len().next_multiple_of(4), 0);

    let white: Vec<u8> = [0_u32, 0, 0xf6d6, 0x1_0000, 0xd32d]
        .iter()
        .enumerate()
        .flat_map(|(index, number)| {
            if index == 0 {
                *b"XYZ "
            } else {
                number.to_be_bytes()
            }
        })
        .collect();
    let tags: [(&[u8; 4], &[u8]); 2] = [(b"A2B0", &table), (b"wtpt", &white)];
    let mut profile = vec![0; 128];
    profile[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    profile[12..16].copy_from_slice(b"prtr");
    profile[16..20].copy_from_slice(b"CMYK");
    profile[20..24].copy_from_slice(b"Lab ");
    profile[36..40].copy_from_slice(b"acsp");
    for (index, number) in [0xf6d6_u32, 0x1_0000, 0xd32d].iter().enumerate() {
        profile[68 + index * 4..][..4].copy_from_slice(&number.to_be_bytes());
    }
    profile.extend(2_u32.to_be_bytes());
    let mut at = 128 + 4 + 24;
    for (name, data) in tags {
        profile.extend(name);
        profile.extend((at as u32).to_be_bytes());
        profile.extend((data.len() as u32).to_be_bytes());
        at += data.len();
    }
    tags.iter().for_each(|(_, data)| profile.extend(*data));
    let length = (profile.len() as u32).to_be_bytes();
    profile[..4].copy_from_slice(&length);
    profile
}
