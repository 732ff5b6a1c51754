//! `strip_metadata`, carrier by carrier: a place and a credit in each part of a file that can hold
//! them. The files are made by hand, so that the tests need no other program. `privacy` compares
//! whole files as other programs read them.

use darkroom::media::testing::parts::{png_chunk, riff_chunk, segment};
use darkroom::media::testing::{gif, jpeg, png, webp};

use crate::support::Darkroom;

/// A place, which no stored file may reveal.
const PLACE: &str = "Zzyzx";
/// A credit, which reveals no place.
const CREDIT: &str = "Darkroom";

/// A file that contains both.
struct Carrier {
    name: &'static str,
    bytes: Vec<u8>,
    /// Whether the place is removed when only places are removed. It is not removed from free text,
    /// which is not parsed.
    place_goes: bool,
    /// Whether the credit stays then. It is removed with a part that is removed as a whole.
    credit_stays: bool,
}

/// A carrier that is parsed completely.
fn carrier(name: &'static str, bytes: Vec<u8>) -> Carrier {
    Carrier {
        name,
        bytes,
        place_goes: true,
        credit_stays: true,
    }
}

/// A carrier of free text.
fn text(name: &'static str, bytes: Vec<u8>) -> Carrier {
    Carrier {
        place_goes: false,
        ..carrier(name, bytes)
    }
}

/// A carrier that is removed as a whole.
fn opaque(name: &'static str, bytes: Vec<u8>) -> Carrier {
    Carrier {
        credit_stays: false,
        ..carrier(name, bytes)
    }
}

/// An entry of an Exif directory.
fn entry(tag: u16, kind: u16, count: usize, value: u32) -> Vec<u8> {
    let count = u32::try_from(count).expect("short");
    let head = [tag.to_be_bytes(), kind.to_be_bytes()].concat();
    [head, [count.to_be_bytes(), value.to_be_bytes()].concat()].concat()
}

/// Exif: a copyright in the first directory, the name of an area in the GPS directory.
fn exif() -> Vec<u8> {
    let credit = format!("{CREDIT} copyright\0\0");
    let area = format!("ASCII\0\0\0{PLACE}");
    let credit_at = 8 + 2 + 2 * 12 + 4;
    let places_at = credit_at + u32::try_from(credit.len()).expect("short");
    let first = [
        entry(0x8298, 2, credit.len(), credit_at),
        entry(0x8825, 4, 1, places_at),
    ];
    let places = entry(0x1C, 7, area.len(), places_at + 2 + 12 + 4);
    [
        &b"MM\0\x2a\0\0\0\x08\0\x02"[..],
        &first.concat(),
        &[0; 4],
        credit.as_bytes(),
        &[0, 1],
        &places,
        &[0; 4],
        area.as_bytes(),
    ]
    .concat()
}

/// XMP: a city and a credit.
fn xmp() -> Vec<u8> {
    format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
         xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" photoshop:City=\"{PLACE}\" \
         photoshop:Credit=\"{CREDIT}\"/></rdf:RDF></x:xmpmeta>"
    )
    .into_bytes()
}

/// IPTC in a Photoshop resource: a city and a notice.
fn iptc() -> Vec<u8> {
    let record = |set: u8, text: &str| {
        let length = u16::try_from(text.len()).expect("short").to_be_bytes();
        [&[0x1C, 2, set], &length[..], text.as_bytes()].concat()
    };
    // An even length, so that nothing is padded.
    let records = [record(90, PLACE), record(116, &format!("{CREDIT}."))].concat();
    let length = u32::try_from(records.len()).expect("short").to_be_bytes();
    [b"Photoshop 3.0\x008BIM\x04\x04\0\0", &length[..], &records].concat()
}

fn both() -> String {
    format!("{CREDIT} {PLACE}")
}

fn jpegs() -> Vec<Carrier> {
    let with = |parts: &[u8]| {
        let mut file = jpeg(16, 8);
        file.splice(2..2, parts.iter().copied());
        file
    };
    let exif = segment(0xE1, &[b"Exif\0\0", &exif()[..]].concat());
    let xmp = segment(
        0xE1,
        &[b"http://ns.adobe.com/xap/1.0/\0", &xmp()[..]].concat(),
    );
    let iptc = segment(0xED, &iptc());
    vec![
        carrier("jpeg: Exif", with(&exif)),
        carrier("jpeg: XMP", with(&xmp)),
        carrier("jpeg: IPTC", with(&iptc)),
        carrier("jpeg: all three", with(&[&exif[..], &xmp, &iptc].concat())),
        carrier(
            "jpeg: all three, in reverse order",
            with(&[&iptc[..], &xmp, &exif].concat()),
        ),
        text("jpeg: a comment", with(&segment(0xFE, both().as_bytes()))),
    ]
}

fn pngs() -> Vec<Carrier> {
    let with = |before_pixels: bool, chunk: &[u8]| {
        let mut file = png(4, 4);
        let at = if before_pixels { 33 } else { file.len() - 12 };
        file.splice(at..at, chunk.iter().copied());
        file
    };
    let exif = png_chunk(b"eXIf", &exif());
    let xmp = png_chunk(
        b"iTXt",
        &[b"XML:com.adobe.xmp\0\0\0\0\0", &xmp()[..]].concat(),
    );
    let texts = |keyword: &str| png_chunk(b"tEXt", format!("{keyword}\0{}", both()).as_bytes());
    vec![
        carrier("png: eXIf", with(true, &exif)),
        carrier("png: eXIf after the pixels", with(false, &exif)),
        carrier("png: XMP", with(true, &xmp)),
        carrier("png: XMP after the pixels", with(false, &xmp)),
        opaque(
            "png: a text with the keyword Location",
            with(true, &texts("Location")),
        ),
        opaque(
            "png: a wrapped profile",
            with(true, &texts("Raw profile type iptc")),
        ),
        text("png: a comment", with(true, &texts("Comment"))),
    ]
}

fn webps() -> Vec<Carrier> {
    let with = |flags: u8, chunks: &[Vec<u8>]| {
        let head = riff_chunk(b"VP8X", &[flags, 0, 0, 0, 7, 0, 0, 3, 0, 0]);
        let picture = webp(8, 4).split_off(12);
        let chunks = chunks.concat();
        riff_chunk(b"RIFF", &[b"WEBP", &head[..], &picture, &chunks].concat())
    };
    let (exif, xmp) = (riff_chunk(b"EXIF", &exif()), riff_chunk(b"XMP ", &xmp()));
    vec![
        carrier("webp: EXIF", with(0x08, std::slice::from_ref(&exif))),
        carrier("webp: XMP", with(0x04, std::slice::from_ref(&xmp))),
        carrier("webp: both", with(0x0C, &[exif, xmp])),
    ]
}

fn gifs() -> Vec<Carrier> {
    let with = |block: &[u8]| {
        let mut file = gif(4, 4, 1);
        // After the header and four colours.
        file.splice(25..25, block.iter().copied());
        file
    };
    // The raw packet, then a trailer that lets readers of sub-blocks skip it.
    let trailer: Vec<u8> = [1].into_iter().chain((0..=255).rev()).chain([0]).collect();
    let xmp = [b"!\xff\x0bXMP DataXMP", &xmp()[..], &trailer].concat();
    let length = u8::try_from(both().len()).expect("short");
    let comment = [b"!\xfe", &[length][..], both().as_bytes(), &[0]].concat();
    vec![
        carrier("gif: XMP", with(&xmp)),
        text("gif: a comment", with(&comment)),
    ]
}

fn avifs() -> Vec<Carrier> {
    let still = include_bytes!("../../fixtures/private.avif");
    let animated = include_bytes!("../../fixtures/private-animated.avif");
    vec![
        carrier("avif: Exif and XMP", still.to_vec()),
        carrier("avif: Exif and XMP of an animation", animated.to_vec()),
    ]
}

fn carriers() -> Vec<Carrier> {
    [jpegs(), pngs(), webps(), gifs(), avifs()]
        .into_iter()
        .flatten()
        .collect()
}

fn has(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

/// Uploads all carriers with this setting, and reports each that is not stored as expected.
async fn hold(setting: &str, wrong: impl Fn(&Carrier, &[u8]) -> Option<&'static str>) {
    let darkroom = Darkroom::with().variable("strip_metadata", setting).start();
    let alice = darkroom.client("alice");
    let mut found = Vec::new();
    for carrier in carriers() {
        let name = carrier.name;
        assert!(
            has(&carrier.bytes, PLACE) && has(&carrier.bytes, CREDIT),
            "{name}"
        );
        let image = alice.upload(carrier.bytes.clone()).await;
        let stored = alice.download(&image).await;
        found.extend(wrong(&carrier, &stored).map(|wrong| format!("{name}: {wrong}")));
        let again = alice.upload(stored.clone()).await;
        if alice.download(&again).await != stored {
            found.push(format!("{name}: it changes when it is uploaded again"));
        }
    }
    assert!(found.is_empty(), "{setting}:\n{}", found.join("\n"));
}

#[tokio::test]
async fn with_gps_places_are_removed_and_credits_stay() {
    hold("gps", |carrier, stored| match carrier {
        _ if has(stored, PLACE) == carrier.place_goes => Some("the place"),
        _ if has(stored, CREDIT) != carrier.credit_stays => Some("the credit"),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn with_all_places_and_credits_are_removed() {
    hold("all", |_, stored| match stored {
        _ if has(stored, PLACE) => Some("the place is still there"),
        _ if has(stored, CREDIT) => Some("the credit is still there"),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn with_none_every_byte_stays() {
    hold("none", |carrier, stored| {
        (carrier.bytes != stored).then_some("other bytes")
    })
    .await;
}
