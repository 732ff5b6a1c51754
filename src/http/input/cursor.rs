//! List cursors: a [`Position`] as an opaque string that is bound to its [`Walk`].
//!
//! Grammar: base64url of a payload and its HMAC-SHA256. The payload is a version
//! byte, a byte for the sort key's type, the id (16 bytes) and the sort key: 8 bytes,
//! big endian, or UTF-8. The HMAC, with the ring's key for cursors, covers the payload
//! and the [`Walk`], so that a cursor is valid only for its own query. Any key of the
//! ring is accepted, so that a walk can continue while keys are rotated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::auth::{KeyRing, Purpose};
use crate::model::{Position, SortKey, Timestamp};

const VERSION: u8 = 2;
const MAC_BYTES: usize = 32;

/// The properties that are the same on every page of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walk<'a> {
    /// The owner of the images; `None` for the images of all owners.
    pub(crate) owner: Option<&'a str>,
    /// The filters and the order, in a canonical form.
    pub(crate) query: &'a str,
}

impl Walk<'_> {
    /// The message to sign. It is unique for each walk and payload: each part except the last is
    /// preceded by its length, and a flag says whether there is an owner.
    fn message(&self, payload: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        let mark = [u8::from(self.owner.is_some())];
        for part in [
            &mark[..],
            self.owner.unwrap_or_default().as_bytes(),
            payload,
        ] {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        message.extend_from_slice(self.query.as_bytes());
        message
    }
}

/// Prints a cursor.
pub(crate) fn print(ring: &KeyRing, walk: &Walk<'_>, position: &Position) -> String {
    let mut bytes = payload(position);
    let mac = ring.signing().sign(Purpose::Cursor, &walk.message(&bytes));
    bytes.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The inverse of [`print`]; `None` for everything else.
pub(crate) fn parse(ring: &KeyRing, walk: &Walk<'_>, cursor: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (payload, mac) = bytes.split_last_chunk::<MAC_BYTES>()?;
    let message = walk.message(payload);
    let is_valid = |key: &crate::auth::SigningKey| key.verifies(Purpose::Cursor, &message, mac);
    if !ring.iter().any(is_valid) {
        return None;
    }
    let (head, rest) = payload.split_first_chunk::<2>()?;
    let (id, key) = rest.split_first_chunk::<16>()?;
    let key = match *head {
        [VERSION, 0] => SortKey::CreatedAt(Timestamp::from_millis(i64::from_be_bytes(
            key.try_into().ok()?,
        ))),
        [VERSION, 1] => SortKey::Size(u64::from_be_bytes(key.try_into().ok()?)),
        [VERSION, 2] => SortKey::Filename(std::str::from_utf8(key).ok()?.to_owned()),
        _ => return None,
    };
    let id = Uuid::from_bytes(*id);
    Some(Position { key, id })
}

fn payload(position: &Position) -> Vec<u8> {
    let (kind, key) = match &position.key {
        SortKey::CreatedAt(time) => (0, time.millis().to_be_bytes().to_vec()),
        SortKey::Size(size) => (1, size.to_be_bytes().to_vec()),
        SortKey::Filename(name) => (2, name.as_bytes().to_vec()),
    };
    [&[VERSION, kind], &position.id.as_bytes()[..], &key].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = "old:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
    const NEW: &str = "new:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA";
    const WALK: Walk<'static> = Walk {
        owner: Some("alice"),
        query: "tag=a&sort=size",
    };

    fn ring(text: &str) -> KeyRing {
        KeyRing::parse(text).expect("a ring")
    }

    fn position() -> Position {
        let (key, id) = (SortKey::Size(5), Uuid::from_u128(7));
        Position { key, id }
    }

    #[test]
    fn a_cursor_is_valid_while_its_key_is_in_the_ring() {
        let cursor = print(&ring(OLD), &WALK, &position());
        let both = ring(&format!("{NEW},{OLD}"));
        assert_eq!(parse(&both, &WALK, &cursor), Some(position()));
        assert_eq!(parse(&ring(NEW), &WALK, &cursor), None);
    }

    #[test]
    fn a_cursor_is_valid_only_for_its_own_walk() {
        let cursor = print(&ring(OLD), &WALK, &position());
        let owners = [Some("bob"), Some("alic"), Some(""), None];
        let other_owners = owners.map(|owner| Walk { owner, ..WALK });
        let queries = ["", "tag=a", "tag=a&sort=-size", "tag=b&sort=size"];
        let other_queries = queries.map(|query| Walk { query, ..WALK });
        let shifted = Walk {
            owner: Some("alicet"),
            query: "ag=a&sort=size",
        };
        for walk in other_owners.iter().chain(&other_queries).chain([&shifted]) {
            assert_eq!(parse(&ring(OLD), walk, &cursor), None, "{walk:?}");
        }
    }

    #[test]
    fn a_signature_of_a_link_is_not_valid_for_a_cursor() {
        let message = WALK.message(&payload(&position()));
        let mac = ring(OLD).signing().sign(Purpose::Link, &message);
        let text = URL_SAFE_NO_PAD.encode([&payload(&position())[..], &mac].concat());
        assert_eq!(parse(&ring(OLD), &WALK, &text), None);
    }

    fn any_position() -> impl Strategy<Value = Position> {
        let time = (0i64..253_402_300_799_999).prop_map(Timestamp::from_millis);
        let key = prop_oneof![
            time.prop_map(SortKey::CreatedAt),
            any::<u64>().prop_map(SortKey::Size),
            ".{0,20}".prop_map(SortKey::Filename),
        ];
        (key, any::<u128>()).prop_map(|(key, id)| Position {
            key,
            id: Uuid::from_u128(id),
        })
    }

    proptest! {
        #[test]
        fn parse_is_the_inverse_of_print(position in any_position(), owner in ".{0,9}", query in ".{0,9}") {
            let walk = Walk { owner: Some(&owner), query: &query };
            let ring = ring(OLD);
            prop_assert_eq!(parse(&ring, &walk, &print(&ring, &walk, &position)), Some(position));
        }

        #[test]
        fn a_cursor_with_a_changed_byte_is_refused(at in 0usize..1000, with in "[ -~]") {
            let cursor = print(&ring(OLD), &WALK, &position());
            let at = at % cursor.len();
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, &with);
            if changed != cursor {
                prop_assert_eq!(parse(&ring(OLD), &WALK, &changed), None);
            }
        }

        #[test]
        fn other_text_is_not_a_cursor(text in ".{0,100}") {
            prop_assert_eq!(parse(&ring(OLD), &WALK, &text), None);
        }
    }
}
