//! `strip_metadata`: no stored image reveals a place. exiftool writes metadata into files and reads
//! it back; pixels are compared as Pillow decodes them. If `cargo xtask test` finds either program
//! missing, it reports these tests as skipped, and fails in CI.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{
    Client, Darkroom, FIXTURES, Program, created, fixture, header, problem, repr_digest, send,
    sha256_hex, unique,
};

/// The tags that are written into every file, as far as its format can hold them.
const PLACES: &[&str] = &[
    "-EXIF:GPSLatitude=35.143",
    "-EXIF:GPSLatitudeRef=N",
    "-EXIF:GPSLongitude=116.104",
    "-EXIF:GPSLongitudeRef=W",
    "-EXIF:GPSAltitude=290",
    "-EXIF:GPSAreaInformation=Zzyzx",
    "-IPTC:City=Zzyzx",
    "-IPTC:Sub-location=Zzyzx",
    "-IPTC:Province-State=Zzyzx",
    "-IPTC:Country-PrimaryLocationCode=ZZY",
    "-IPTC:Country-PrimaryLocationName=Zzyzx",
    "-IPTC:ContentLocationCode=ZZYZX",
    "-IPTC:ContentLocationName=Zzyzx",
    "-XMP-exif:GPSLatitude=35.143",
    "-XMP-exif:GPSLongitude=-116.104",
    "-XMP-exif:GPSDestLatitude=35.143",
    "-XMP-exif:GPSTrack=1",
    "-XMP-photoshop:City=Zzyzx",
    "-XMP-photoshop:State=Zzyzx",
    "-XMP-photoshop:Country=Zzyzx",
    "-XMP-iptcCore:Location=Zzyzx",
    "-XMP-iptcCore:CountryCode=ZZ",
    "-XMP-iptcExt:LocationCreated={City=Zzyzx,LocationName=Zzyzx,WorldRegion=Zzyzx}",
    "-XMP-iptcExt:LocationShown={Sublocation=Zzyzx,ProvinceState=Zzyzx,GPSLatitude=35.143}",
    "-XMP-dc:Coverage=Zzyzx",
    "-XMP-xmpDM:ShotLocation=Zzyzx",
    "-XMP-mediapro:Location=Zzyzx",
    "-XMP-photomech:CountryCode=ZZ",
    "-XMP-drone-dji:GPSLatitude=35.143",
    "-XMP-drone-dji:AbsoluteAltitude=290",
    "-XMP-dwc:DCDecimalLatitude=35.143",
    "-XMP-dwc:DCLocality=Zzyzx",
    "-XMP-cell:CellTowerID=4711",
];

/// Tags that must stay when places are removed.
const OTHERS: &[&str] = &[
    "-EXIF:Copyright=Darkroom copyright",
    "-EXIF:Artist=Darkroom artist",
    "-IPTC:CopyrightNotice=Darkroom notice",
    "-XMP-dc:Rights=Darkroom rights",
    "-XMP-dc:Creator=Darkroom creator",
    "-Photoshop:IPTCDigest=new",
];

/// The programs that inspect files.
struct Lab {
    exiftool: Program,
    python: Program,
}

/// A file: its name and its bytes.
type File = (String, Vec<u8>);

/// Tags and their values, by group and name.
type Tags = BTreeMap<String, Value>;

impl Lab {
    fn open() -> Option<Self> {
        let exiftool = Program::find("DARKROOM_TEST_EXIFTOOL")?;
        let python = Program::find("DARKROOM_TEST_PYTHON")?;
        Some(Self { exiftool, python })
    }

    /// Every image with places: the fixtures, with all tags that exiftool can write into them, and
    /// the files with tags that it cannot write (makers' notes, items of an animated AVIF).
    fn private_files(&self) -> Vec<File> {
        let names: Vec<&str> = FIXTURES.iter().map(|file| file.name).collect();
        for file in FIXTURES {
            self.exiftool.write(file.name, file.bytes);
        }
        self.exiftool.write("small.jpg", fixture("grey.jpg").bytes);
        let thumbnail = "-ThumbnailImage<=small.jpg";
        let options = ["-q", "-m", "-overwrite_original", thumbnail];
        let arguments = [&options[..], PLACES, OTHERS, &names].concat();
        self.exiftool.succeed(&arguments);
        let marked = names
            .iter()
            .map(|name| ((*name).to_owned(), self.exiftool.read(name)));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let made = ["jpg", "png", "gif", "webp", "avif"].map(|kind| format!("private.{kind}"));
        let made = made.into_iter().chain(["private-animated.avif".to_owned()]);
        let made = made.map(|name| {
            let bytes = fs::read(folder.join(&name)).expect("a fixture");
            (name, bytes)
        });
        marked.chain(made).collect()
    }

    /// The values of these tags, as exiftool reads them, for each file.
    fn tags(&self, files: &[File], which: &[&str]) -> Vec<Tags> {
        for (name, bytes) in files {
            self.exiftool.write(name, bytes);
        }
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let arguments = [&["-j", "-a", "-G1"], which, &names].concat();
        let printed = self.exiftool.succeed(&arguments);
        let mut read: Vec<Tags> = serde_json::from_str(&printed).expect("JSON of exiftool");
        for (tags, name) in read.iter_mut().zip(names) {
            assert_eq!(tags.remove("SourceFile"), Some(json!(name)));
        }
        read
    }

    /// What a viewer shows of each file.
    fn seen(&self, files: &[File]) -> Vec<Value> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/privacy/pixels.py");
        let mut arguments = vec![script];
        for (name, bytes) in files {
            self.python.write(name, bytes);
            arguments.push(name);
        }
        let printed = self.python.succeed(&arguments);
        let lines = printed.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON of Pillow")
    }
}

/// Uploads the files. Returns the image objects and the stored files.
async fn take_in(alice: &Client, files: &[File]) -> (Vec<Value>, Vec<File>) {
    let (mut images, mut stored) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let image = alice.upload(bytes.clone()).await;
        stored.push((name.clone(), alice.download(&image).await.to_vec()));
        images.push(image);
    }
    (images, stored)
}

fn has(bytes: &[u8], text: &str) -> bool {
    let mut parts = bytes.windows(text.len());
    parts.any(|part| part == text.as_bytes())
}

/// Tags that reveal places, and previews.
const SECRET: &[&str] = &[
    "-Location:All",
    "-ThumbnailImage",
    "-MakerNote*",
    "-Preview:All",
];

/// Tags that stay when places are removed.
const KEPT: &[&str] = &[
    "-IFD0:All",
    "-IPTC:CopyrightNotice",
    "-XMP-dc:Rights",
    "-XMP-dc:Creator",
    "-ICC_Profile:All",
];

#[tokio::test]
async fn no_stored_image_reveals_where_it_was_taken() {
    let Some(lab) = Lab::open() else { return };
    let alice = Darkroom::shared().client(&unique("alice"));
    let sent = lab.private_files();
    let (images, stored) = take_in(&alice, &sent).await;
    for (tags, (name, _)) in lab.tags(&sent, SECRET).iter().zip(&sent) {
        assert!(!tags.is_empty(), "{name}");
    }
    let secret = lab.tags(&stored, SECRET);
    let (before, after) = (lab.tags(&sent, KEPT), lab.tags(&stored, KEPT));
    let complaints = lab.tags(&stored, &["-Error", "-Warning"]);
    let (seen_before, seen_after) = (lab.seen(&sent), lab.seen(&stored));
    for (number, (name, bytes)) in stored.iter().enumerate() {
        assert_eq!(secret[number], Tags::new(), "{name}");
        assert!(!has(bytes, "Zzyzx"), "{name}");
        // exiftool writes the XMP of animations into a box of its own, which is removed as a
        // whole, and the IPTC of a PNG into a compressed text.
        let goes = |tag: &str| {
            name == "animated.avif" && tag.starts_with("XMP")
                || name.ends_with(".png") && tag.starts_with("IPTC")
        };
        let mut expect = before[number].clone();
        expect.retain(|tag, _| !goes(tag));
        assert_eq!(after[number], expect, "{name}");
        assert_eq!(complaints[number], Tags::new(), "{name}");
        assert_eq!(seen_after[number], seen_before[number], "{name}");
        // The image object describes the stored file.
        assert_eq!(images[number]["size"], bytes.len(), "{name}");
        assert_eq!(images[number]["sha256"], sha256_hex(bytes), "{name}");
    }
    // And uploading that file again does not change it.
    let (_, again) = take_in(&alice, &stored).await;
    assert!(again == stored);
}

#[tokio::test]
async fn with_all_only_orientation_and_colours_remain() {
    let Some(lab) = Lab::open() else { return };
    let darkroom = Darkroom::with().variable("strip_metadata", "all").start();
    let sent = lab.private_files();
    let (_, stored) = take_in(&darkroom.client("alice"), &sent).await;
    let of = [
        "-EXIF:All",
        "-IPTC:All",
        "-XMP:All",
        "-Photoshop:All",
        "-Comment",
        "-PNG:Copyright",
    ];
    let left = lab.tags(&stored, &of);
    let (seen_before, seen_after) = (lab.seen(&sent), lab.seen(&stored));
    for (number, (name, bytes)) in stored.iter().enumerate() {
        let mut left = left[number].clone();
        left.remove("IFD0:Orientation");
        assert_eq!(left, Tags::new(), "{name}");
        assert!(!has(bytes, "Zzyzx") && !has(bytes, "Darkroom"), "{name}");
        assert_eq!(seen_after[number], seen_before[number], "{name}");
    }
}

#[tokio::test]
async fn with_none_the_bytes_are_stored_unchanged() {
    let darkroom = Darkroom::with().variable("strip_metadata", "none").start();
    let alice = darkroom.client("alice");
    let private = include_bytes!("../../fixtures/private.jpg");
    let files = FIXTURES.iter().map(|file| file.bytes);
    for bytes in files.chain([&private[..]]) {
        let image = alice.upload(bytes).await;
        assert!(alice.download(&image).await == bytes);
    }
}

#[tokio::test]
async fn a_file_without_places_is_stored_unchanged() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for file in FIXTURES {
        let image = alice.upload(file.bytes).await;
        assert!(alice.download(&image).await == file.bytes, "{}", file.name);
    }
}

#[tokio::test]
async fn digests_are_checked_on_sent_bytes_and_reported_for_stored_bytes() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let sent = include_bytes!("../../fixtures/private.jpg");
    let request = alice.post().header("repr-digest", repr_digest(sent));
    let image = created(send(request.body(&sent[..])).await).await;
    assert_ne!(image["sha256"], sha256_hex(sent));
    let content = image["links"]["content"].as_str().expect("a link");
    let response = alice.get(content).await;
    let digest = header(&response, "repr-digest").to_owned();
    let length = header(&response, "content-length").to_owned();
    let stored = response.bytes().await.expect("all bytes");
    assert_eq!(digest, repr_digest(&stored));
    assert_eq!(length, stored.len().to_string());

    let request = alice.post().header("repr-digest", repr_digest(&stored));
    let response = send(request.body(&sent[..])).await;
    problem(response, 400, "digest-mismatch").await;
    darkroom.holds_only(1, 1).await;
    // Files that differ only in places are equal once they are stored.
    let again = alice.upload(stored).await;
    assert_eq!(again["sha256"], image["sha256"]);
    darkroom.holds_only(2, 1).await;
}

#[tokio::test]
async fn metadata_beyond_the_limit_is_refused() {
    let darkroom = Darkroom::with()
        .variable("max_metadata_bytes", 65_536)
        .start();
    let alice = darkroom.client("alice");
    let mut file = darkroom::media::testing::png(2, 2);
    let length = 65_537u32;
    file.splice(33..33, [&length.to_be_bytes()[..], b"iTXt"].concat());
    let details = problem(alice.send(file).await, 422, "metadata-too-large").await;
    assert_eq!(
        (&details["limit"], &details["actual"]),
        (&json!(65_536), &json!(65_537))
    );
    darkroom.holds_only(0, 0).await;
}
