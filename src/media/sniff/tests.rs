use super::*;

fn check(bytes: &[u8], expect: Sniff) {
    assert_eq!(sniff(bytes), expect, "{bytes:02x?}");
}

#[test]
fn the_first_bytes_determine_the_kind() {
    check(b"", Sniff::Need(1));
    check(b"\xff\xd8", Sniff::Need(3));
    check(b"\xff\xd8\xff", Sniff::Known(Kind::Jpeg));
    check(b"\x89PNG\r\n\x1a\n", Sniff::Known(Kind::Png));
    check(b"\x89PNG\n", Sniff::Other(None));
    check(b"GIF87a", Sniff::Known(Kind::Gif));
    check(b"GIF89a..", Sniff::Known(Kind::Gif));
    check(b"RIFF\0\0\0\0WEB", Sniff::Need(12));
    check(b"RIFF\0\0\0\0WEBP", Sniff::Known(Kind::Webp));
    check(b"\0\0\0\x14ftyp", Sniff::Need(20));
    check(b"\0\0\0\x10ftypavif\0\0\0\0", Sniff::Known(Kind::Avif));
    check(b"\0\0\0\x14ftypmif1\0\0\0\0avis", Sniff::Known(Kind::Avif));
    // The version of a brand is not a brand.
    check(b"\0\0\0\x14ftypabcdavifefgh", Sniff::Other(None));
    check(b"\0\0\0\x08ftyp", Sniff::Other(None));
    check(b"\0\0\xff\xffftyp", Sniff::Other(None));
}

/// Files of other types: their first bytes, all that is needed, and their media type.
pub(super) const OTHERS: &[(&[u8], &str)] = &[
    (b"BM\x3a\0\0\0\0\0\0\0", "image/bmp"),
    (b"\0\0\x01\0\x01\0\x10\x10\0\0", "image/vnd.microsoft.icon"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (b"II*\0\x08\0\0\0\0\0", "image/tiff"),
    (b"MM\0*\0\0\0\x08", "image/tiff"),
    (b"II*\0\x10\0\0\0CR", "image/x-canon-cr2"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
    (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heix", "image/heic"),
    (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", "image/heif"),
    (b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc", "image/heic-sequence"),
    (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "image/x-canon-cr3"),
    (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "video/mp4"),
    (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime"),
    (b"\0\0\0\x08wide", "video/quicktime"),
    (b"RIFF\0\0\0\0AVI ", "video/vnd.avi"),
    (b"%PDF-1.7", "application/pdf"),
    (b"PK\x03\x04\x14\0", "application/zip"),
    (b"\x1f\x8b\x08\0", "application/gzip"),
    (
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "image/svg+xml",
    ),
    (b"\xef\xbb\xbf\n<svg>", "image/svg+xml"),
    (
        b"<?xml version='1.0'?><!-- <html> --><!DOCTYPE svg PUBLIC '' '' [ <!ENTITY a '>'> ]><a>",
        "image/svg+xml",
    ),
    (
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a ''>]> <s:svg >",
        "image/svg+xml",
    ),
    (b"<?xml version='1.0'?><kml>", "application/xml"),
    (b" \r\n<!doctype html>", "text/html"),
    (b"<HTML>", "text/html"),
    (b"<script>", "text/html"),
];

#[test]
fn other_files_are_named() {
    for (bytes, media_type) in OTHERS {
        check(bytes, Sniff::Other(Some(media_type)));
        assert_eq!(sniff_whole(bytes), Some(*media_type));
    }
    let ebml = |document: &[u8]| {
        let header = [b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01", document].concat();
        assert_eq!(sniff(&header), Sniff::Need(64));
        let whole = sniff_whole(&header);
        check(&[&header[..], &[0; 64]].concat(), Sniff::Other(whole));
        whole
    };
    assert_eq!(ebml(b"\x42\x82\x84webm"), Some("video/webm"));
    assert_eq!(ebml(b"\x42\x82\x88matroska"), Some("video/matroska"));
    assert_eq!(ebml(b"\x42\x82\x83abc"), None);
}

#[test]
fn text_is_named_once_there_is_enough_of_it() {
    let plain = Some("text/plain");
    for text in [
        "a",
        "BMW, or another car",
        "{\"a\": 1}",
        "<a>",
        "<?php ?>",
        "GIF88a",
        "Grüße\r\n",
    ] {
        check(text.as_bytes(), Sniff::Need(4096));
        assert_eq!(sniff_whole(text.as_bytes()), plain, "{text}");
    }
    check(&b"ab\n\t".repeat(1024), Sniff::Other(plain));
    // The last character may be incomplete.
    let accents = "é".repeat(2048);
    check(&[b"a", accents.as_bytes()].concat(), Sniff::Other(plain));
    assert_eq!(sniff_whole(b"caf\xc3"), plain);
    assert_eq!(
        sniff_whole(b"<?xml version='1.0'?>"),
        Some("application/xml")
    );
    for other in [&b"ab\0"[..], b"ab\xff", b"\x7f", b"\xc3a"] {
        check(other, Sniff::Other(None));
    }
}

#[test]
fn a_cut_beginning_is_of_no_type() {
    for start in [
        &b"RIFF"[..],
        b"GIF8",
        b"\x89PN",
        b"PK",
        b"\0\0\0\x18ftyphe",
        b"%PD",
    ] {
        assert_eq!(sniff_whole(start), None, "{start:02x?}");
    }
}

fn any_beginning() -> impl proptest::strategy::Strategy<Value = &'static [u8]> {
    let images: &[&[u8]] = &[
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"GIF87",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\0\x1cftypmif1\0\0\0\0",
        b"\0\0\x01\0ftypavif",
        b"<?xml version='1.0'?><!-- a",
        b"",
    ];
    let others = OTHERS.iter().map(|(bytes, _)| *bytes);
    proptest::sample::select(images.iter().copied().chain(others).collect::<Vec<_>>())
}

proptest::proptest! {
    #[test]
    fn more_bytes_never_change_a_verdict(
        head in any_beginning(),
        more in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
        text in "[ -~\n]{0,20}|<!-- [a-z>-]{0,9}-->|(<[a-z!?/>]{1,9}){0,3}",
        brand in proptest::sample::select(vec![&b"avif"[..], b"heic", b""]),
    ) {
        let file = [head, text.as_bytes(), brand, &more].concat();
        let whole = sniff(&file);
        for cut in 0..file.len() {
            match sniff(&file[..cut]) {
                Sniff::Need(count) => proptest::prop_assert!(count > cut),
                settled => proptest::prop_assert_eq!(&settled, &whole, "{} bytes", cut),
            }
        }
    }
}
