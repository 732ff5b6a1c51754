/// Parts of names of what tells a place, by their first letter: in Exif, XMP and texts,
/// whichever namespace they are in, so that no choice of prefix hides one.
fn parts(first: u8) -> &'static [&'static str] {
    match first.to_ascii_lowercase() {
        b'a' => &["altitude"],
        b'c' => &["coordinate"],
        b'f' => &["footprint"],
        b'g' => &["geograph"],
        b'l' => &["latitude", "location", "longitude"],
        _ => &[],
    }
}

/// Whole names, by their first letter: IPTC Core and Extension, Photoshop, Dublin Core,
/// W3C's geo vocabulary, Darwin Core, cells of mobile networks, and what applications
/// made up.
fn names(first: u8) -> &'static [&'static str] {
    match first.to_ascii_lowercase() {
        b'a' => &["address"],
        b'c' => &[
            "cellid",
            "cgi",
            "city",
            "continent",
            "country",
            "countrycode",
            "countryname",
            "county",
            "coverage",
        ],
        b'g' => &["geotag"],
        b'i' => &["island", "islandgroup"],
        b'l' => &["lac", "lat", "locality", "lon", "long"],
        b'm' => &["mcc", "mnc", "municipality"],
        b'p' => &["place", "province", "provincestate"],
        b'r' => &["region"],
        b's' => &["state", "stateprovince"],
        b'w' => &["waterbody", "worldregion"],
        _ => &[],
    }
}

/// The longest name that is looked through: a longer one is none that anything known
/// gives to anything, and may as well have been made to be work.
const MAX_NAME: usize = 128;

/// What it costs to look a name up, in units of the [`Meter`](crate::media::meter::Meter),
/// beside its bytes.
pub(super) const NAME: u64 = 32;

/// Whether a property of this name, without its prefix, tells a place, or may.
pub(super) fn is_place(name: &[u8]) -> bool {
    let Some(first) = name.first() else {
        return false;
    };
    let begins = |text: &[u8], part: &str| {
        let start = text.get(..part.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(part.as_bytes()))
    };
    let is = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
    if name.len() > MAX_NAME || begins(name, "gps") || names(*first).iter().any(is) {
        return true;
    }
    let mut rest = name;
    while let [first, after @ ..] = rest {
        if parts(*first).iter().any(|part| begins(rest, part)) {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_by_its_first_letter_in_any_case() {
        let mut count = 0;
        for first in b'a'..=b'z' {
            for name in names(first).iter().chain(parts(first)) {
                assert_eq!(name.as_bytes().first(), Some(&first));
                assert!(is_place(name.as_bytes()), "{name}");
                assert!(is_place(name.to_uppercase().as_bytes()), "{name}");
                count += 1;
            }
        }
        assert_eq!(count, 36);
        for part in parts(b'l') {
            assert!(is_place(format!("mySub{part}2").as_bytes()), "{part}");
        }
    }

    #[test]
    fn names_of_places_are_told_from_others() {
        for name in [
            "GPSLatitude",
            "GpsLongtitude",
            "City",
            "STATE",
            "LocationShown",
            "long",
            "mySubLocation2",
            "provincestate",
        ] {
            assert!(is_place(name.as_bytes()), "{name}");
        }
        assert!(is_place(&[b'x'; 129]) && !is_place(&[b'x'; 128]));
        for name in [
            "",
            "Creator",
            "CiAdrCity",
            "rights",
            "Description",
            "Longer",
            "Statement",
        ] {
            assert!(!is_place(name.as_bytes()), "{name}");
        }
    }
}
