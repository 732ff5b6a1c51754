//! The fields of an image that its owner may write: their limits, and the tags themselves.

use std::collections::BTreeMap;

use super::filename;

/// The most tags that an image may have.
pub const MAX_TAGS: usize = 32;
/// The longest tag, in characters.
pub const MAX_TAG_CHARS: usize = 64;
/// The longest name of a link or an upload ticket, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// The most bytes of all names and values of an image's metadata together.
pub const MAX_METADATA_BYTES: usize = 4096;
/// The most members of metadata that a change may name: no image can have more, since no
/// name may be empty.
pub const MAX_METADATA_MEMBERS: usize = MAX_METADATA_BYTES;

/// Why a field was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct FieldError {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong with it, phrased to follow the name.
    pub reason: String,
}

impl FieldError {
    /// Creates an error that refuses the field for this reason.
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

/// Checks tags: removes duplicates and the spaces around each tag, and keeps their order.
/// Duplicates count towards the limit, so that no tag past it needs to be compared.
pub fn tags<'a>(given: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, FieldError> {
    let mut tags: Vec<String> = Vec::new();
    for (number, tag) in given.into_iter().map(str::trim).enumerate() {
        if number == MAX_TAGS {
            return Err(FieldError::new(
                "tags",
                format!("must be at most {MAX_TAGS}"),
            ));
        }
        if !is_tag(tag) {
            let reason = format!(
                "must have 1 to {MAX_TAG_CHARS} characters each, with no comma or control character"
            );
            return Err(FieldError::new("tags", reason));
        }
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    Ok(tags)
}

fn is_tag(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && c != ',';
    let most_bytes = MAX_TAG_CHARS * char::MAX_LEN_UTF8;
    (1..=most_bytes).contains(&text.len())
        && text.chars().count() <= MAX_TAG_CHARS
        && text.chars().all(plain)
}

/// Checks metadata against its limits.
pub fn metadata(given: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, FieldError> {
    let bytes: usize = given
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > MAX_METADATA_BYTES {
        let reason = format!("must have at most {MAX_METADATA_BYTES} bytes in all");
        return Err(FieldError::new("metadata", reason));
    }
    let controls = |text: &String| text.chars().any(char::is_control);
    if given.keys().any(String::is_empty)
        || given
            .iter()
            .any(|(name, value)| controls(name) || controls(value))
    {
        let reason = "must have no empty names and no control characters";
        return Err(FieldError::new("metadata", reason));
    }
    Ok(given)
}

/// Checks the name that an owner gives to a link or an upload ticket.
pub fn name(given: &str) -> Result<String, FieldError> {
    let is_plain = !given.chars().any(char::is_control) && !given.trim().is_empty();
    if is_plain && given.chars().take(MAX_NAME_CHARS + 1).count() <= MAX_NAME_CHARS {
        return Ok(given.to_owned());
    }
    let reason = format!(
        "must have 1 to {MAX_NAME_CHARS} characters, not only spaces and no control characters"
    );
    Err(FieldError::new("name", reason))
}

/// Checks a file name, which is kept exactly as given. The names of uploads are cleaned
/// instead: they come from file systems, and an image is not refused because of its name.
pub fn filename(given: &str) -> Result<String, FieldError> {
    filename::check(given).map_err(|error| FieldError::new("filename", error.to_string()))?;
    Ok(given.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_trimmed_deduplicated_and_limited() {
        let check = |given: &[&str], expect: Option<&[&str]>| {
            let tags = tags(given.iter().copied()).ok();
            let expect = expect.map(|tags| tags.iter().map(|tag| (*tag).to_owned()).collect());
            assert_eq!(tags, expect, "{given:?}");
        };
        check(&[], Some(&[]));
        check(&[" b ", "a", "b", "ü"], Some(&["b", "a", "ü"]));
        check(&[""], None);
        check(&["a,b"], None);
        check(&["a\u{7}"], None);
        check(&[&"ü".repeat(64)], Some(&[&"ü".repeat(64)]));
        check(&[&"ü".repeat(65)], None);
        let many: Vec<String> = (0..33).map(|n| n.to_string()).collect();
        assert!(tags(many.iter().map(String::as_str)).is_err());
        assert!(tags(many.iter().map(String::as_str).take(32)).is_ok());
    }

    #[test]
    fn no_tag_after_the_33rd_is_read() {
        let mut given = 0;
        let endless = std::iter::from_fn(|| {
            given += 1;
            Some("same")
        });
        assert!(tags(endless).is_err());
        assert_eq!(given, 33);
    }

    #[test]
    fn metadata_is_limited() {
        let one = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        assert!(metadata(one("k", &"v".repeat(4095))).is_ok());
        assert!(metadata(one("k", &"v".repeat(4096))).is_err());
        assert!(metadata(one("", "v")).is_err());
        assert!(metadata(one("a\n", "v")).is_err());
        assert!(metadata(one("k", "\u{85}")).is_err());
        assert!(metadata(one("k", "")).is_ok());
    }

    #[test]
    fn a_name_is_short_and_says_something() {
        let most = "é".repeat(100);
        for valid in ["a", " a ", "Anna’s photos, 2026", &most] {
            assert_eq!(name(valid).as_deref(), Ok(valid));
        }
        for wrong in ["", "  ", "a\nb", "a\u{85}", &"é".repeat(101)] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_name_is_accepted_unchanged_or_refused() {
        for valid in ["a.png", "Grüße 猫.jpg", ".htaccess", &"é".repeat(127)] {
            assert_eq!(filename(valid).as_deref(), Ok(valid));
        }
        let long = "é".repeat(128);
        for wrong in [
            "",
            " ",
            "..",
            "a/b",
            "a\\b",
            "a\tb",
            " a",
            "a\u{202e}",
            "a\0",
            &long,
        ] {
            assert!(filename(wrong).is_err(), "{wrong:?}");
        }
    }
}
