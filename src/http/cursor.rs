//! List cursors: a [`Position`] as an opaque string.
//!
//! Grammar: base64url of a version byte, the time in milliseconds (8 bytes, big
//! endian) and the id (16 bytes).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::catalog::{Position, Timestamp};

const VERSION: u8 = 1;

/// Prints a cursor.
pub(super) fn print(position: Position) -> String {
    let time = position.created_at.millis().to_be_bytes();
    URL_SAFE_NO_PAD.encode([&[VERSION], &time[..], position.id.as_bytes()].concat())
}

/// The inverse of [`print`]; `None` for everything else.
pub(super) fn parse(cursor: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (time, id) = rest.split_first_chunk()?;
    let position = Position {
        created_at: Timestamp::from_millis(i64::from_be_bytes(*time)),
        id: Uuid::from_slice(id).ok()?,
    };
    (*version == VERSION && print(position) == cursor).then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn parse_is_the_inverse_of_print(millis in 0i64..253_402_300_799_999, id: u128) {
            let created_at = Timestamp::from_millis(millis);
            let position = Position { created_at, id: Uuid::from_u128(id) };
            proptest::prop_assert_eq!(parse(&print(position)), Some(position));
        }

        #[test]
        fn nothing_else_is_a_cursor(text in "[A-Za-z0-9_=-]{0,40}") {
            if let Some(position) = parse(&text) {
                proptest::prop_assert_eq!(print(position), text);
            }
        }
    }
}
