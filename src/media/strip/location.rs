//! Names of properties that reveal a location.

/// Parts of such names, by their first letter. They apply to Exif, XMP and texts in any
/// namespace, so that no choice of prefix can hide a property.
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
/// W3C's geo vocabulary, Darwin Core, cells of mobile networks, and applications' own.
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

/// The maximum length of a name that is searched. No known property has a longer name, and
/// a longer one may have been made to cause work.
const MAX_NAME: usize = 128;

/// The cost of looking a name up, in units of the [`Meter`](crate::media::meter::Meter), in
/// addition to its bytes.
pub(super) const NAME: u64 = 32;

/// Whether a property with this name (without its prefix) may reveal a location.
pub(super) fn is_location(name: &[u8]) -> bool {
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
    fn every_known_name_is_found_in_any_case() {
        let mut count = 0;
        for first in b'a'..=b'z' {
            for name in names(first).iter().chain(parts(first)) {
                assert_eq!(name.as_bytes().first(), Some(&first));
                assert!(is_location(name.as_bytes()), "{name}");
                assert!(is_location(name.to_uppercase().as_bytes()), "{name}");
                count += 1;
            }
        }
        assert_eq!(count, 36);
        for part in parts(b'l') {
            assert!(is_location(format!("mySub{part}2").as_bytes()), "{part}");
        }
    }

    #[test]
    fn names_of_locations_are_distinguished_from_others() {
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
            assert!(is_location(name.as_bytes()), "{name}");
        }
        assert!(is_location(&[b'x'; 129]) && !is_location(&[b'x'; 128]));
        for name in [
            "",
            "Creator",
            "CiAdrCity",
            "rights",
            "Description",
            "Longer",
            "Statement",
        ] {
            assert!(!is_location(name.as_bytes()), "{name}");
        }
    }
}
