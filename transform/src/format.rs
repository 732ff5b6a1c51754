//! The formats of derived images.

use std::fmt;

/// A format that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// JPEG: no transparency, no animation.
    Jpeg,
    /// PNG, and APNG for an animation.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// AVIF; animations are not encoded.
    Avif,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] = [
        Format::Jpeg,
        Format::Png,
        Format::Gif,
        Format::Webp,
        Format::Avif,
    ];

    /// The format's name in parameters.
    pub fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "jpeg",
            Format::Png => "png",
            Format::Gif => "gif",
            Format::Webp => "webp",
            Format::Avif => "avif",
        }
    }

    /// The format with this [`Format::name`].
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The registered media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::Gif => "image/gif",
            Format::Webp => "image/webp",
            Format::Avif => "image/avif",
        }
    }

    /// Whether pictures may be transparent.
    pub fn has_alpha(self) -> bool {
        self != Format::Jpeg
    }

    /// Whether derived images of this format may be animated.
    pub fn has_animation(self) -> bool {
        matches!(self, Format::Png | Format::Gif | Format::Webp)
    }

    /// The `q` of images for which none is asked; `None` where that is lossless, or where the
    /// format offers all that it can.
    pub fn default_quality(self) -> Option<u8> {
        match self {
            Format::Jpeg | Format::Webp => Some(80),
            Format::Avif => Some(50),
            Format::Png | Format::Gif => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What `format` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FormatChoice {
    /// The format of the source.
    #[default]
    Source,
    /// The best format that the client accepts.
    Auto,
    /// This format.
    Exactly(Format),
}

impl FormatChoice {
    /// The format, if it does not depend on the source or the client.
    pub fn exactly(self) -> Option<Format> {
        match self {
            FormatChoice::Exactly(format) => Some(format),
            FormatChoice::Source | FormatChoice::Auto => None,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<FormatChoice> {
        match text {
            "source" => Some(FormatChoice::Source),
            "auto" => Some(FormatChoice::Auto),
            name => Format::from_name(name).map(FormatChoice::Exactly),
        }
    }
}

impl fmt::Display for FormatChoice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatChoice::Source => out.write_str("source"),
            FormatChoice::Auto => out.write_str("auto"),
            FormatChoice::Exactly(format) => format.fmt(out),
        }
    }
}
