//! Pixels in memory.

/// What the bytes of a pixel are, in their order: 8 bits a channel, alpha straight (not
/// multiplied into the colours).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// One channel, from black to white.
    Grey,
    /// Grey and alpha.
    GreyAlpha,
    /// Red, green and blue.
    Rgb,
    /// Red, green, blue and alpha.
    Rgba,
    /// Cyan, magenta, yellow and black: 0 is no ink, 255 is full ink, as ICC profiles have it.
    Cmyk,
}

impl Layout {
    /// The bytes of a pixel.
    #[must_use]
    pub const fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Whether the last channel is alpha.
    #[must_use]
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// A picture: rows from top to bottom without padding. Neither side is 0.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    width: u32,
    height: u32,
    layout: Layout,
    pixels: Vec<u8>,
}

/// The pixels do not fill the picture, or a side is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are no picture of {width} x {height} pixels")]
pub struct WrongLength {
    width: u32,
    height: u32,
    length: usize,
}

impl Image {
    /// A picture of `pixels`, which have to be exactly `width` × `height` × the layout's channels.
    ///
    /// # Errors
    /// [`WrongLength`] if they are not, or if a side is 0.
    pub fn new(
        width: u32,
        height: u32,
        layout: Layout,
        pixels: Vec<u8>,
    ) -> Result<Self, WrongLength> {
        let wanted = u64::from(width)
            .checked_mul(u64::from(height))
            .and_then(|count| count.checked_mul(layout.channels() as u64));
        if width == 0 || height == 0 || wanted != Some(pixels.len() as u64) {
            let length = pixels.len();
            return Err(WrongLength {
                width,
                height,
                length,
            });
        }
        Ok(Self {
            width,
            height,
            layout,
            pixels,
        })
    }

    /// A picture that this crate made itself, of pixels that fill it.
    pub(crate) fn of(width: u32, height: u32, layout: Layout, pixels: Vec<u8>) -> Self {
        debug_assert!(width > 0 && height > 0);
        debug_assert_eq!(
            pixels.len(),
            width as usize * height as usize * layout.channels()
        );
        Self {
            width,
            height,
            layout,
            pixels,
        }
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// What the bytes of a pixel are.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// All rows, from the top.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All rows, to be changed in place.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// All rows, without the picture.
    #[must_use]
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// The bytes of a row.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.width as usize * self.layout.channels()
    }

    /// The rows, from the top.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.pixels.chunks_exact(self.stride())
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Image({} x {} {:?})",
            self.width, self.height, self.layout
        )
    }
}

/// How much smaller than the stored canvas a picture is, in each direction. The last column and the
/// last row may stand for less of the canvas than others: it covers exactly `width / ratio` columns
/// of the picture, a fraction of the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrink {
    from: u32,
    to: u32,
}

impl Shrink {
    /// `to` pixels for `from` pixels of the canvas, which are at least as many.
    #[must_use]
    pub const fn new(from: u32, to: u32) -> Self {
        debug_assert!(0 < to && to <= from);
        // In lowest terms, so that equal ratios are equal.
        let (mut divisor, mut rest) = (from, to);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        Self {
            from: from / divisor,
            to: to / divisor,
        }
    }

    /// The pixels of the canvas for one of the picture: at least 1.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.from) / f64::from(self.to)
    }

    /// A side of the picture, if the canvas has this one.
    #[must_use]
    pub fn side(self, canvas: u32) -> u32 {
        let side = (u64::from(canvas) * u64::from(self.to)).div_ceil(u64::from(self.from));
        u32::try_from(side).unwrap_or(canvas)
    }
}

/// By a whole factor.
impl From<u32> for Shrink {
    fn from(factor: u32) -> Self {
        Self::new(factor, 1)
    }
}

/// One picture of an animation, composed to the whole canvas, or the only picture of a still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The canvas as it is shown.
    pub image: Image,
    /// How much smaller than the stored canvas `image` is.
    pub shrink: Shrink,
    /// For how many milliseconds it is shown, as the file says; 0 in a still.
    pub delay: u32,
}
