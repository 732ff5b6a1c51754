//! The ids of images and links as text.

use uuid::Uuid;

/// Parses an id in its canonical form: lower case, with hyphens.
pub fn canonical(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    let mut printed = Uuid::encode_buffer();
    (*id.hyphenated().encode_lower(&mut printed) == *text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn an_id_has_one_spelling(number: u128, other in "[0-9a-fA-F{}-]{30,40}|.{0,40}") {
            let id = Uuid::from_u128(number);
            proptest::prop_assert_eq!(canonical(&id.to_string()), Some(id));
            let spellings = [
                id.simple().to_string(),
                id.braced().to_string(),
                id.urn().to_string(),
                format!(" {id}"),
                format!("X{id}"),
                other,
            ];
            for spelling in spellings {
                let read = canonical(&spelling).map(|id| id.to_string());
                proptest::prop_assert!(read.is_none_or(|read| read == spelling));
            }
        }
    }
}
