//! The image formats, and their names.

/// An image format that Darkroom supports, determined from the bytes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// JPEG (ITU T.81).
    Jpeg,
    /// PNG, animated or not (PNG, third edition).
    Png,
    /// GIF, 87a or 89a.
    Gif,
    /// WebP (RFC 9649).
    Webp,
    /// AVIF, a still or a sequence (AVIF v1.1).
    Avif,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [Kind::Jpeg, Kind::Png, Kind::Gif, Kind::Webp, Kind::Avif];

    /// The registered media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Gif => "image/gif",
            Kind::Webp => "image/webp",
            Kind::Avif => "image/avif",
        }
    }

    /// The format's name in settings and parameters.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Jpeg => "jpeg",
            Kind::Png => "png",
            Kind::Gif => "gif",
            Kind::Webp => "webp",
            Kind::Avif => "avif",
        }
    }

    /// The kind with this [`Kind::name`].
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind with this media type (without parameters, in any case). Unregistered names
    /// that are in use for these kinds count too.
    pub fn from_media_type(essence: &str) -> Option<Kind> {
        let alias = match essence.to_ascii_lowercase().as_str() {
            "image/jpg" | "image/pjpeg" => Some(Kind::Jpeg),
            "image/apng" | "image/x-png" | "image/vnd.mozilla.apng" => Some(Kind::Png),
            "image/avif-sequence" => Some(Kind::Avif),
            _ => None,
        };
        alias.or_else(|| {
            Kind::ALL
                .into_iter()
                .find(|kind| kind.media_type().eq_ignore_ascii_case(essence))
        })
    }

    /// The usual extension of file names, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Kind::Jpeg => "jpg",
            other => other.name(),
        }
    }

    /// The format's name for people to read.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Kind::Jpeg => "JPEG",
            Kind::Png => "PNG",
            Kind::Gif => "GIF",
            Kind::Webp => "WebP",
            Kind::Avif => "AVIF",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_media_types_lead_back_to_their_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(Kind::from_media_type(kind.media_type()), Some(kind));
            let shouted = kind.media_type().to_uppercase();
            assert_eq!(Kind::from_media_type(&shouted), Some(kind));
        }
        let aliases = [
            ("image/jpg", Some(Kind::Jpeg)),
            ("image/PJPEG", Some(Kind::Jpeg)),
            ("image/apng", Some(Kind::Png)),
            ("image/avif-sequence", Some(Kind::Avif)),
            ("image/svg+xml", None),
            ("image/*", None),
            ("", None),
        ];
        for (alias, kind) in aliases {
            assert_eq!(Kind::from_media_type(alias), kind, "{alias}");
        }
        assert_eq!(Kind::from_name("jpg"), None);
    }

    proptest::proptest! {
        #[test]
        fn media_types_ignore_case(text in "image/[a-zA-Z.-]{0,9}|.{0,20}") {
            let kind = Kind::from_media_type(&text.to_ascii_lowercase());
            proptest::prop_assert_eq!(Kind::from_media_type(&text), kind);
        }
    }
}
