//! Types that begin with constant bytes.

use crate::model::Kind;

/// Constant bytes at the beginning of a file.
pub(super) struct Signature {
    pub(super) meaning: Meaning,
    /// Offsets, in ascending order, and the bytes there.
    parts: &'static [(usize, &'static [u8])],
}

/// What follows if a file has a signature.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// It is of a supported format.
    Kind(Kind),
    /// It is a file of another type.
    Other(&'static str),
    /// It begins with an `ftyp` box (ISO/IEC 14496-12 §4.3), which states the type.
    Iso,
    /// It begins with a header that states whether it is Matroska or WebM.
    Matroska,
}

impl Signature {
    /// Whether `bytes` have all of the signature; `None` if they contradict it.
    pub(super) fn compare(&self, bytes: &[u8]) -> Option<bool> {
        for (at, part) in self.parts {
            let there = bytes.get(*at..).unwrap_or_default();
            if there.starts_with(part) {
                continue;
            }
            return part.starts_with(there).then_some(false);
        }
        Some(true)
    }
}

const fn of(meaning: Meaning, parts: &'static [(usize, &'static [u8])]) -> Signature {
    Signature { meaning, parts }
}

const fn other(media_type: &'static str, parts: &'static [(usize, &'static [u8])]) -> Signature {
    of(Meaning::Other(media_type), parts)
}

/// All signatures. The first one that a file has counts.
pub(super) const SIGNATURES: &[Signature] = &[
    of(Meaning::Kind(Kind::Jpeg), &[(0, b"\xFF\xD8\xFF")]),
    of(Meaning::Kind(Kind::Png), &[(0, b"\x89PNG\r\n\x1a\n")]),
    of(Meaning::Kind(Kind::Gif), &[(0, b"GIF87a")]),
    of(Meaning::Kind(Kind::Gif), &[(0, b"GIF89a")]),
    of(Meaning::Kind(Kind::Webp), &[(0, b"RIFF"), (8, b"WEBP")]),
    // A box of at most 64 kB.
    of(Meaning::Iso, &[(0, b"\0\0"), (4, b"ftyp")]),
    // Images.
    other("image/bmp", &[(0, b"BM"), (6, b"\0\0\0\0")]),
    other("image/bmp", &[(0, b"BM"), (14, b"\x28\0\0\0")]),
    other(
        "image/vnd.microsoft.icon",
        &[(0, b"\0\0\x01\0"), (5, b"\0"), (9, b"\0")],
    ),
    other("image/jxl", &[(0, b"\xFF\x0A")]),
    other("image/jxl", &[(0, b"\0\0\0\x0CJXL \r\n\x87\n")]),
    other("image/jp2", &[(0, b"\0\0\0\x0CjP  \r\n\x87\n")]),
    other("image/j2c", &[(0, b"\xFF\x4F\xFF\x51")]),
    other("image/jxr", &[(0, b"II\xBC\x01")]),
    other("image/vnd.adobe.photoshop", &[(0, b"8BPS\0")]),
    other("image/x-qoi", &[(0, b"qoif")]),
    other("image/x-xcf", &[(0, b"gimp xcf ")]),
    // TIFF, and files of cameras in its form.
    other("image/x-canon-cr2", &[(0, b"II*\0"), (8, b"CR")]),
    other("image/tiff", &[(0, b"II*\0")]),
    other("image/tiff", &[(0, b"MM\0*")]),
    other("image/tiff", &[(0, b"II+\0")]),
    other("image/tiff", &[(0, b"MM\0+")]),
    other("image/x-olympus-orf", &[(0, b"IIRO")]),
    other("image/x-olympus-orf", &[(0, b"IIRS")]),
    other("image/x-olympus-orf", &[(0, b"MMOR")]),
    other("image/x-panasonic-rw2", &[(0, b"IIU\0")]),
    other("image/x-fuji-raf", &[(0, b"FUJIFILMCCD-RAW")]),
    // Documents and archives.
    other("application/pdf", &[(0, b"%PDF-")]),
    other("application/postscript", &[(0, b"%!PS")]),
    other("application/postscript", &[(0, b"\xC5\xD0\xD3\xC6")]),
    other("application/zip", &[(0, b"PK\x03\x04")]),
    other("application/zip", &[(0, b"PK\x05\x06")]),
    other("application/gzip", &[(0, b"\x1F\x8B")]),
    other("application/x-7z-compressed", &[(0, b"7z\xBC\xAF\x27\x1C")]),
    other("application/vnd.rar", &[(0, b"Rar!\x1A\x07")]),
    // Video and sound.
    of(Meaning::Matroska, &[(0, b"\x1A\x45\xDF\xA3")]),
    // QuickTime files from before `ftyp`.
    other("video/quicktime", &[(0, b"\0"), (4, b"moov")]),
    other("video/quicktime", &[(0, b"\0"), (4, b"mdat")]),
    other("video/quicktime", &[(0, b"\0"), (4, b"wide")]),
    other("video/mpeg", &[(0, b"\0\0\x01\xBA")]),
    other("video/mpeg", &[(0, b"\0\0\x01\xB3")]),
    other("video/vnd.avi", &[(0, b"RIFF"), (8, b"AVI ")]),
    other("audio/vnd.wave", &[(0, b"RIFF"), (8, b"WAVE")]),
    other("audio/mpeg", &[(0, b"ID3")]),
    other("application/ogg", &[(0, b"OggS")]),
];
