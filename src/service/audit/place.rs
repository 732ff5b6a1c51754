//! The place where a page of an audit begins, as text: `images:`, `blobs:` or `uploads:` followed
//! by the id of the record before it, or `counts`. It is neither secret nor bound to anything.

use std::fmt;
use std::str::FromStr;

/// A place in the order of an audit: all images by id, then all blobs by id, then all resumable
/// uploads by id, then the counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// After the image with this id.
    Images(String),
    /// After the blob with this id.
    Blobs(String),
    /// After the resumable upload with this id.
    Uploads(String),
    /// At the counts, which fit on one page.
    Counts,
}

impl Default for Place {
    /// The beginning of the audit.
    fn default() -> Self {
        Self::Images(String::new())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Images(id) => write!(f, "images:{id}"),
            Self::Blobs(id) => write!(f, "blobs:{id}"),
            Self::Uploads(id) => write!(f, "uploads:{id}"),
            Self::Counts => f.write_str("counts"),
        }
    }
}

/// The text does not name a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not a cursor of an audit")]
pub struct NotAPlace;

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        match text.split_once(':') {
            Some(("images", id)) => Ok(Self::Images(id.to_owned())),
            Some(("blobs", id)) => Ok(Self::Blobs(id.to_owned())),
            Some(("uploads", id)) => Ok(Self::Uploads(id.to_owned())),
            None if text == "counts" => Ok(Self::Counts),
            _ => Err(NotAPlace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn parse_is_the_inverse_of_print(id: String) {
            let places = [
                Place::Images(id.clone()),
                Place::Blobs(id.clone()),
                Place::Uploads(id),
                Place::Counts,
            ];
            for place in places {
                proptest::prop_assert_eq!(place.to_string().parse(), Ok(place));
            }
        }

        #[test]
        fn nothing_else_is_a_place(text: String) {
            if let Ok(place) = text.parse::<Place>() {
                proptest::prop_assert_eq!(place.to_string(), text);
            }
        }
    }
}
