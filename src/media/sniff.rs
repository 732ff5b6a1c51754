//! Detection of image formats by a file's first bytes.

use super::read::Reader;
use crate::model::Kind;

/// The result of looking at a file's first bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sniff {
    /// They determine the format.
    Known(Kind),
    /// They are not those of a supported format, whatever follows.
    Unknown,
    /// At least this many bytes are needed.
    Need(usize),
}

/// The maximum length of an `ftyp` box that is read; real ones have some 30 bytes.
const MAX_FTYP: usize = 1024;

/// Determines the format from a file's first bytes, as early as they allow. More bytes
/// never change an answer other than [`Sniff::Need`].
pub(super) fn sniff(bytes: &[u8]) -> Sniff {
    const ANY: Option<u8> = None;
    let riff = b"RIFF".map(Some);
    let webp = b"WEBP".map(Some);
    let riff_webp = [riff, [ANY; 4], webp].concat();
    // An `ftyp` box of at most 64 kB.
    let ftyp = [[Some(0), Some(0), ANY, ANY], b"ftyp".map(Some)].concat();
    let signatures = [
        (Kind::Jpeg, [0xFF, 0xD8, 0xFF].map(Some).to_vec()),
        (Kind::Png, b"\x89PNG\r\n\x1a\n".map(Some).to_vec()),
        (Kind::Gif, b"GIF87a".map(Some).to_vec()),
        (Kind::Gif, b"GIF89a".map(Some).to_vec()),
        (Kind::Webp, riff_webp),
        (Kind::Avif, ftyp),
    ];
    let candidate = signatures.iter().find(|(_, signature)| {
        let mut pairs = signature.iter().zip(bytes);
        pairs.all(|(expected, actual)| expected.is_none_or(|byte| byte == *actual))
    });
    match candidate {
        None => Sniff::Unknown,
        Some((_, signature)) if bytes.len() < signature.len() => {
            Sniff::Need(bytes.len().saturating_add(1))
        }
        Some((Kind::Avif, _)) => sniff_brands(bytes),
        Some((kind, _)) => Sniff::Known(*kind),
    }
}

/// AVIF v1.1 §6: a file is AVIF if it lists the brand of images or of sequences. HEIC and
/// video files begin with the same box but list other brands.
fn sniff_brands(bytes: &[u8]) -> Sniff {
    let size = Reader::new(bytes).u32_be();
    let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else {
        return Sniff::Unknown;
    };
    if !(16..=MAX_FTYP).contains(&size) {
        return Sniff::Unknown;
    }
    let Some(ftyp) = bytes.get(..size) else {
        return Sniff::Need(size);
    };
    let brands = ftyp.chunks_exact(4).enumerate();
    // After size and type: the major brand, its version, the compatible brands.
    let mut brands = brands.filter(|(index, _)| *index >= 2 && *index != 3);
    if brands.any(|(_, brand)| brand == b"avif" || brand == b"avis") {
        Sniff::Known(Kind::Avif)
    } else {
        Sniff::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_determine_the_kind() {
        let check = |bytes: &[u8], expect: Sniff| assert_eq!(sniff(bytes), expect, "{bytes:02x?}");
        check(b"", Sniff::Need(1));
        check(b"\xff\xd8", Sniff::Need(3));
        check(b"\xff\xd8\xff", Sniff::Known(Kind::Jpeg));
        check(b"\x89PNG\r\n\x1a\n", Sniff::Known(Kind::Png));
        check(b"\x89PNG\n", Sniff::Unknown);
        check(b"GIF87a", Sniff::Known(Kind::Gif));
        check(b"GIF89a..", Sniff::Known(Kind::Gif));
        check(b"GIF88a", Sniff::Unknown);
        check(b"RIFF\0\0\0\0WEB", Sniff::Need(12));
        check(b"RIFF\0\0\0\0WEBP", Sniff::Known(Kind::Webp));
        check(b"RIFF\0\0\0\0WAVE", Sniff::Unknown);
        check(b"<svg", Sniff::Unknown);
        check(b"\0\0\0\x14ftyp", Sniff::Need(20));
        check(b"\0\0\0\x10ftypavif\0\0\0\0", Sniff::Known(Kind::Avif));
        check(b"\0\0\0\x14ftypmif1\0\0\0\0avis", Sniff::Known(Kind::Avif));
        check(b"\0\0\0\x14ftypmif1avifheic", Sniff::Unknown);
        check(b"\0\0\0\x08ftyp", Sniff::Unknown);
        check(b"\0\0\xff\xffftyp", Sniff::Unknown);
    }

    proptest::proptest! {
        #[test]
        fn more_bytes_never_change_a_verdict(
            head in proptest::sample::select(vec![
                &b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"GIF87", b"RIFF\0\0\0\0WEBP",
                b"\0\0\0\x1cftypmif1\0\0\0\0", b"\0\0\x01\0ftypavif", b"",
            ]),
            more in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
            brand in proptest::sample::select(vec![&b"avif"[..], b"heic", b""]),
        ) {
            let file = [head, brand, &more].concat();
            let whole = sniff(&file);
            for cut in 0..file.len() {
                match sniff(&file[..cut]) {
                    Sniff::Need(count) => proptest::prop_assert!(count > cut),
                    settled => proptest::prop_assert_eq!(&settled, &whole, "{} bytes", cut),
                }
            }
        }
    }
}
