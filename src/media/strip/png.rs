//! Metadata in the chunks of a PNG.

use super::location::{NAME, is_location};
use super::{Edit, exif, xmp};
use crate::media::Strip;
use crate::media::exif::prefixed;
use crate::media::meter::Meter;

/// Chunks that a decoder needs to display the picture as intended.
const PICTURE: [&[u8; 4]; 23] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT",
    b"bKGD", b"pHYs", b"hIST", b"sPLT", b"cICP", b"mDCV", b"mDCv", b"cLLI", b"cLLi", b"acTL",
    b"fcTL", b"fdAT", b"oFFs",
];

/// Other chunks of the standard and its extensions (PNG-EXTENSIONS 1.5.0) that are kept
/// unless all metadata is removed. Texts among them are searched. Missing are gIFx, which
/// may contain anything that a GIF's application extension may, and dSIG, which would
/// certify a file that has since changed.
const REGISTERED: [&[u8; 4]; 8] = [
    b"tEXt", b"zTXt", b"iTXt", b"tIME", b"pCAL", b"sCAL", b"sTER", b"gIFg",
];

/// Whether a chunk with this name is removed, whatever its content. Unregistered chunks
/// are: makers use them for what other chunks do not provide for, including whole pictures,
/// and content credentials (caBX) are unregistered too.
pub(in crate::media) fn drops(name: [u8; 4], strip: Strip) -> bool {
    let stays = match strip {
        Strip::Location => REGISTERED.contains(&&name),
        Strip::All => false,
    };
    !(stays || PICTURE.contains(&&name) || &name == b"eXIf")
}

/// Edits the content of an eXIf or text chunk.
pub(in crate::media) fn chunk(
    name: [u8; 4],
    content: &[u8],
    strip: Strip,
    meter: &mut Meter,
) -> Edit {
    match (&name, strip) {
        (b"eXIf", _) => exif::edit(prefixed(content).unwrap_or(content), strip, meter),
        (_, Strip::All) => Edit::Drop,
        (_, Strip::Location) => text(name, content, meter),
    }
}

/// The maximum length of a keyword (§11.3.3.2).
const MAX_KEYWORD: usize = 79;

/// §11.3.3: keyword, then text in one of three forms.
fn text(name: [u8; 4], content: &[u8], meter: &mut Meter) -> Edit {
    let mut parts = content.splitn(2, |byte| *byte == 0);
    let (Some(keyword @ [_, ..]), Some(rest)) = (parts.next(), parts.next()) else {
        return Edit::Drop;
    };
    if keyword.len() > MAX_KEYWORD {
        return Edit::Drop;
    }
    meter.charge(NAME);
    let keyword = keyword.trim_ascii();
    if keyword == b"XML:com.adobe.xmp" {
        return match international(rest).filter(|_| &name == b"iTXt") {
            Some(packet) => match xmp::edit(packet, Strip::Location, meter) {
                Edit::Replace(edited) => {
                    let head = content.strip_suffix(packet).unwrap_or_default();
                    Edit::Replace([head, &edited].concat())
                }
                edit => edit,
            },
            None => Edit::Drop,
        };
    }
    // ImageMagick and exiftool wrap whole blocks in hex, mostly compressed, and nothing
    // here decompresses a client's data.
    let wrapped = keyword.starts_with(b"Raw profile type ");
    let local = keyword.rsplit(|byte| *byte == b':').next();
    if wrapped && !keyword.ends_with(b" icc") || local.is_some_and(is_location) {
        return Edit::Drop;
    }
    Edit::Keep
}

/// The text of an iTXt chunk after its keyword, unless it is compressed.
fn international(rest: &[u8]) -> Option<&[u8]> {
    let [0, _, rest @ ..] = rest else {
        return None;
    };
    // The language, and the translated keyword.
    rest.splitn(3, |byte| *byte == 0).nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_dropped_or_edited() {
        let check = |name: &[u8; 4], content: &[u8], expect: Edit| {
            let name_of = String::from_utf8_lossy(content);
            let edit = |strip| chunk(*name, content, strip, &mut Meter::default());
            assert_eq!(edit(Strip::Location), expect, "{name_of}");
            assert_eq!(edit(Strip::All), Edit::Drop, "{name_of}");
        };
        check(b"tEXt", b"Copyright\0me", Edit::Keep);
        check(b"zTXt", b"Comment\0\0compressed", Edit::Keep);
        check(b"iTXt", b"Title\0\0\0de\0Titel\0Zzyzx", Edit::Keep);
        check(b"tEXt", b"Location\0Zzyzx", Edit::Drop);
        check(b"tEXt", b"exif:GPSLatitude\0 1/2", Edit::Drop);
        check(b"tEXt", b"no end", Edit::Drop);
        check(b"tEXt", b"\0no keyword", Edit::Drop);
        let keyword = |length: usize| [&vec![b'k'; length][..], b"\0text"].concat();
        check(b"tEXt", &keyword(79), Edit::Keep);
        check(b"tEXt", &keyword(80), Edit::Drop);
        check(b"zTXt", b"Raw profile type exif\0\0hex", Edit::Drop);
        check(b"tEXt", b"Raw profile type iptc\0\nhex", Edit::Drop);
        check(b"zTXt", b"Raw profile type icc\0\0hex", Edit::Keep);
        let xmp = b"XML:com.adobe.xmp\0\0\0\0\0<a City='Zzyzx'/>";
        let blank = b"XML:com.adobe.xmp\0\0\0\0\0<a             />";
        check(b"iTXt", xmp, Edit::Replace(blank.to_vec()));
        check(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<a/>", Edit::Keep);
        // Compressed, or in the wrong chunk.
        check(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0zlib", Edit::Drop);
        check(b"tEXt", b"XML:com.adobe.xmp\0<a/>", Edit::Drop);
        check(b"iTXt", b"XML:com.adobe.xmp\0\0", Edit::Drop);
    }

    #[test]
    fn chunks_of_the_picture_are_always_kept() {
        for name in PICTURE {
            assert!(!drops(*name, Strip::Location) && !drops(*name, Strip::All));
        }
        for (name, location, all) in [
            (b"caBX", true, true),
            (b"zxIf", true, true),
            (b"tIME", false, true),
            (b"sTER", false, true),
            (b"tEXt", false, true),
            // Private ones, and public ones that are not registered.
            (b"prIv", true, true),
            (b"iDOT", true, true),
            (b"gIFx", true, true),
            (b"mkBT", true, true),
            (b"eXIf", false, false),
        ] {
            assert_eq!(drops(*name, Strip::Location), location);
            assert_eq!(drops(*name, Strip::All), all);
        }
    }
}
