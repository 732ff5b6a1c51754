//! Types that the brands of an ISO media file state.

use super::Sniff;
use crate::media::read::Reader;
use crate::model::Kind;

/// The maximum length of an `ftyp` box that is read; real ones have some 30 bytes.
const MAX_FTYP: usize = 1024;

/// AVIF v1.1 §6: a file is AVIF if it lists the brand of images or of sequences. HEIC and video
/// files begin with the same box but list other brands.
pub(super) fn sniff(bytes: &[u8]) -> Sniff {
    let size = Reader::new(bytes).u32_be();
    let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else {
        return Sniff::Other(None);
    };
    if !(16..=MAX_FTYP).contains(&size) {
        return Sniff::Other(None);
    }
    let Some(ftyp) = bytes.get(..size) else {
        return Sniff::Need(size);
    };
    let brands = ftyp.as_chunks::<4>().0.iter().enumerate();
    // After size and type: the major brand, its version, the compatible brands.
    let brands = brands.filter(|(index, _)| *index >= 2 && *index != 3);
    let mut brands = brands.map(|(_, brand)| brand);
    if brands
        .clone()
        .any(|brand| brand == b"avif" || brand == b"avis")
    {
        return Sniff::Known(Kind::Avif);
    }
    let specific = brands.clone().find_map(media_type);
    Sniff::Other(specific.or_else(|| brands.find_map(general)))
}

/// The type of files with this brand (ISO/IEC 23008-12 annexes B and E; the registry of MP4).
fn media_type(brand: &[u8; 4]) -> Option<&'static str> {
    Some(match brand {
        b"heic" | b"heix" | b"heim" | b"heis" => "image/heic",
        b"hevc" | b"hevx" | b"hevm" | b"hevs" => "image/heic-sequence",
        b"avci" => "image/avci",
        b"avcs" => "image/avcs",
        b"crx " => "image/x-canon-cr3",
        b"qt  " => "video/quicktime",
        b"M4A " | b"M4B " => "audio/mp4",
        b"isom" | b"mp41" | b"mp42" | b"avc1" | b"M4V " | b"dash" | b"MSNV" | b"XAVC" => {
            "video/mp4"
        }
        [b'i', b's', b'o', b'2'..=b'9'] => "video/mp4",
        [b'3', b'g', b'p', _] => "video/3gpp",
        [b'3', b'g', b'2', _] => "video/3gpp2",
        _ => return None,
    })
}

/// The type of files that have this brand and no other, because it leaves the codec open.
fn general(brand: &[u8; 4]) -> Option<&'static str> {
    match brand {
        b"mif1" | b"mif2" => Some("image/heif"),
        b"msf1" => Some("image/heif-sequence"),
        _ => None,
    }
}
