//! The colour behind a picture.

use std::fmt;

/// A colour in sRGB, and how opaque it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Background {
    /// Red, green and blue.
    pub rgb: [u8; 3],
    /// From 0, transparent, to 255.
    pub alpha: u8,
}

impl Background {
    /// Opaque white: what is behind a picture whose format has no transparency.
    pub const WHITE: Background = Background {
        rgb: [255; 3],
        alpha: 255,
    };

    /// Nothing.
    pub const TRANSPARENT: Background = Background {
        rgb: [0; 3],
        alpha: 0,
    };

    pub(crate) fn parse(text: &str) -> Option<Background> {
        let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(text, 16).ok().filter(|_| hex)?;
        let number = match text.len() {
            6 => number << 8 | 0xff,
            8 => number,
            _ => return None,
        };
        let [red, green, blue, alpha] = number.to_be_bytes();
        Some(Background {
            rgb: [red, green, blue],
            alpha,
        })
    }
}

impl fmt::Display for Background {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.rgb;
        write!(out, "{red:02x}{green:02x}{blue:02x}")?;
        if self.alpha < 255 {
            write!(out, "{:02x}", self.alpha)?;
        }
        Ok(())
    }
}
