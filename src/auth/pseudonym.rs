//! Pseudonyms: identifiers of owners for places, such as logs, where names must not appear.

use super::{KeyRing, Purpose};

/// The owner's pseudonym: 16 hexadecimal digits, a keyed hash. It stays the same as long
/// as the ring's first key does. Without that key, nobody can reverse it or test a guessed
/// name against it. Among a million owners, two are hardly ever given the same one.
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
    fn pseudonyms_distinguish_owners_and_depend_on_the_key() {
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
