/// Parts of names of what tells a place: in Exif, XMP and texts, whichever
/// namespace they are in, so that no choice of prefix hides one.
const PARTS: [&str; 7] = [
    "altitude",
    "coordinate",
    "footprint",
    "geograph",
    "latitude",
    "location",
    "longitude",
];

/// Whole names: IPTC Core and Extension, Photoshop, Dublin Core, W3C's geo
/// vocabulary, Darwin Core, cells of mobile networks, and what applications made up.
const NAMES: [&str; 29] = [
    "address",
    "cellid",
    "cgi",
    "city",
    "continent",
    "country",
    "countrycode",
    "countryname",
    "county",
    "coverage",
    "geotag",
    "island",
    "islandgroup",
    "lac",
    "lat",
    "locality",
    "lon",
    "long",
    "mcc",
    "mnc",
    "municipality",
    "place",
    "province",
    "provincestate",
    "region",
    "state",
    "stateprovince",
    "waterbody",
    "worldregion",
];

/// Whether a property of this name, without its prefix, tells a place.
pub(super) fn is_place(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |part: &str| name.windows(part.len()).any(|text| text == part.as_bytes());
    name.starts_with(b"gps")
        || NAMES.iter().any(|known| known.as_bytes() == name)
        || PARTS.iter().any(|part| has(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_places_are_told_from_others() {
        for name in [
            "GPSLatitude",
            "GpsLongtitude",
            "City",
            "STATE",
            "LocationShown",
            "long",
        ] {
            assert!(is_place(name.as_bytes()), "{name}");
        }
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
