//! Photoshop resources before and after an edit.

use super::*;

fn edit(resources: &[u8]) -> Edit {
    super::edit(resources, &mut Meter::default())
}

fn resource(id: u16, name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"8BIM".to_vec();
    bytes.extend(id.to_be_bytes());
    bytes.push(u8::try_from(name.len()).expect("short"));
    bytes.extend(name.as_bytes());
    bytes.resize(bytes.len() + (name.len() + 1) % 2, 0);
    bytes.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
    bytes.extend(data);
    bytes.resize(bytes.len() + data.len() % 2, 0);
    bytes
}

fn dataset(number: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short").to_be_bytes();
    [&[0x1C, 2, number], &length[..], data].concat()
}

const RESOLUTION: u16 = 0x03ED;

#[test]
fn locations_in_iptc_are_removed_together_with_its_digest() {
    let city = dataset(90, b"Zzyzx");
    let notice = dataset(116, b"mine");
    let digest = resource(IPTC_DIGEST, "", &[7; 16]);
    let resolution = resource(RESOLUTION, "odd", &[1; 3]);
    let of = |datasets: &[&[u8]]| resource(IPTC, "", &datasets.concat());
    let check = |before: &[&[u8]], after: Edit| assert_eq!(edit(&before.concat()), after);

    let both = of(&[&notice, &city, &notice]);
    let clean = of(&[&notice, &notice]);
    check(
        &[&digest, &resolution, &both],
        Edit::Replace([&resolution[..], &clean].concat()),
    );
    // The digest of unchanged data is correct.
    check(&[&digest, &resolution, &clean], Edit::Keep);
    check(&[&of(&[&city])], Edit::Drop);
    check(&[&of(&[&city]), &digest], Edit::Drop);
    // A length of five bytes, with the value five.
    let long = [
        &[0x1C, 2, 90, 0x80, 5, 0, 0, 0, 0, 5][..],
        b"Zzyzx",
        &notice,
    ]
    .concat();
    check(&[&of(&[&long])], Edit::Replace(of(&[&notice])));
    // Zeros after the last data set are padding.
    check(&[&of(&[&notice, &[0, 0]])], Edit::Keep);
}

#[test]
fn thumbnails_exif_and_xmp_in_resources_are_removed() {
    let kept = resource(RESOLUTION, "", b"dpi.");
    for id in REMOVABLE {
        let both = [&resource(id, "", b"data")[..], &kept].concat();
        assert_eq!(edit(&both), Edit::Replace(kept.clone()), "{id:04x}");
    }
    assert_eq!(edit(&kept), Edit::Keep);
}

#[test]
fn malformed_resources_are_removed_as_a_whole() {
    let whole = resource(IPTC, "name", &dataset(116, b"mine"));
    for cut in 1..whole.len() - 1 {
        assert_eq!(edit(&whole[..cut]), Edit::Drop, "{cut}");
    }
    assert_eq!(edit(b"8BIX and more of it"), Edit::Drop);
    for damaged in [
        &b"not IIM"[..],
        &[0x1C, 2],
        &[0x1C, 2, 90, 0, 9, 1],
        &[0x1C, 2, 90, 0xFF, 0xFF],
    ] {
        assert_eq!(
            edit(&resource(IPTC, "", damaged)),
            Edit::Drop,
            "{damaged:02x?}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_resources_are_edited_once(
        resources in proptest::collection::vec(
            (
                proptest::sample::select(vec![IPTC, IPTC_DIGEST, RESOLUTION, 0x0409, 0x0422]),
                "[a-z]{0,3}",
                proptest::collection::vec((proptest::num::u8::ANY, "[a-z]{0,5}"), 0..4),
            ),
            0..4,
        ),
        damage in proptest::option::of((proptest::num::usize::ANY, proptest::num::u8::ANY)),
    ) {
        let written = resources.iter().map(|(id, name, datasets)| {
            let datasets = datasets.iter().map(|(number, text)| dataset(*number, text.as_bytes()));
            resource(*id, name, &datasets.collect::<Vec<_>>().concat())
        });
        let mut bytes = written.collect::<Vec<_>>().concat();
        if let (Some((at, byte)), false) = (damage, bytes.is_empty()) {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Edit::Replace(edited) = edit(&bytes) {
            proptest::prop_assert!(edited.len() <= bytes.len());
            proptest::prop_assert_eq!(edit(&edited), Edit::Keep);
        }
    }
}
