//! Pseudonyms: what tells owners apart where their names must not stand, as in logs.

use super::{KeyRing, Purpose};

/// The owner's pseudonym: 16 hexadecimal digits, a keyed hash. It is the same as long
/// as the ring's first key is; who has not that key can neither reverse it nor tell
/// whether it is of a name that they guess. Two of a million owners are hardly ever
/// taken for one.
pub fn pseudonym(ring: &KeyRing, owner: &str) -> String {
    let hash = ring.signing().sign(Purpose::Pseudonym, owner.as_bytes());
    let first = hash.first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: [&str; 2] = [
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY",
        "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA",
    ];

    #[test]
    fn owners_are_told_apart_by_who_has_the_key() {
        let ring = |first: usize| {
            let text = format!("a:{},b:{}", SECRETS[first], SECRETS[1 - first]);
            KeyRing::parse(&text).expect("a ring")
        };
        let alice = pseudonym(&ring(0), "alice");
        assert_eq!(alice, pseudonym(&ring(0), "alice"));
        assert_ne!(alice, pseudonym(&ring(0), "alicf"));
        assert_ne!(alice, pseudonym(&ring(1), "alice"));
        assert!(alice.len() == 16 && alice.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
