//! Finds the name that was probably meant by a name that does not exist.

/// The name among `known` that is most similar to `name`, if any is similar enough.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let close = known.into_iter().filter_map(|candidate| {
        let edits = distance(name.as_bytes(), candidate.as_bytes());
        (edits <= name.len().max(candidate.len()) / 3).then_some((edits, candidate))
    });
    close
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// How many bytes have to be inserted, deleted or replaced to turn `a` into `b` (the Levenshtein
/// distance).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }

    #[test]
    fn a_misspelt_name_is_similar_and_another_one_is_not() {
        let known = ["signing_keys", "max_pixels", "public_base_url", "metrics"];
        for (name, expected) in [
            ("signing_key", Some("signing_keys")),
            ("singing_keys", Some("signing_keys")),
            ("max_pixel", Some("max_pixels")),
            ("public_url", Some("public_base_url")),
            ("metrics", Some("metrics")),
            ("log_level", None),
            ("", None),
        ] {
            assert_eq!(closest(name, known), expected, "{name}");
        }
    }
}
