//! The key ring: the secrets of the `signing_keys` setting.
//!
//! Grammar: `kid:secret[,kid:secret…]`, with the secret in base64url (padding optional).
//! The first key signs and all of them verify, so keys are rotated by adding the new one
//! in front and dropping the old one later.

use std::fmt;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The minimum length of a secret in bytes: the length of the hash (RFC 7518 §3.2).
pub const MIN_SECRET_BYTES: usize = 32;

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The purpose of a signature. Each purpose has its own key, so that a signature for one
/// is never valid for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Bearer tokens, signed with the secret itself, as RFC 7515 requires.
    Token,
    /// Signed URLs.
    Link,
    /// Upload tickets.
    Ticket,
    /// Pseudonyms of owners in logs: a keyed hash that is never verified.
    Pseudonym,
    /// Cursors of lists.
    Cursor,
}

impl Purpose {
    /// The `info` from which HKDF-Expand (RFC 5869 §2.3) derives the key; its only block is
    /// HMAC-SHA256(secret, info ‖ 0x01).
    fn info(self) -> &'static [u8] {
        match self {
            Self::Token => b"",
            Self::Link => b"darkroom link v1",
            Self::Ticket => b"darkroom ticket v1",
            Self::Pseudonym => b"darkroom pseudonym v1",
            Self::Cursor => b"darkroom cursor v1",
        }
    }
}

/// One secret and its name.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    // Keyed once: each signature clones two hash states and saves the two compressions
    // of the padded key.
    token: Hmac<Sha256>,
    link: Hmac<Sha256>,
    ticket: Hmac<Sha256>,
    pseudonym: Hmac<Sha256>,
    cursor: Hmac<Sha256>,
}

impl SigningKey {
    fn new(id: &str, secret: &[u8]) -> Result<Self, KeyRingError> {
        let keyed = |key: &[u8]| {
            let refused = |_| KeyRingError::Encoding { id: id.to_owned() };
            Hmac::<Sha256>::new_from_slice(key).map_err(refused)
        };
        let token = keyed(secret)?;
        let derived = |purpose: Purpose| {
            let mut mac = token.clone();
            mac.update(purpose.info());
            mac.update(&[1]);
            keyed(&mac.finalize().into_bytes())
        };
        Ok(Self {
            id: id.to_owned(),
            link: derived(Purpose::Link)?,
            ticket: derived(Purpose::Ticket)?,
            pseudonym: derived(Purpose::Pseudonym)?,
            cursor: derived(Purpose::Cursor)?,
            token,
        })
    }

    /// The key's name: the `kid` of a token.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// HMAC-SHA256 of `message`.
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> [u8; 32] {
        self.mac(purpose, message).finalize().into_bytes().into()
    }

    /// Whether `signature` is the one for `message`; takes constant time.
    pub fn verifies(&self, purpose: Purpose, message: &[u8], signature: &[u8]) -> bool {
        self.mac(purpose, message).verify_slice(signature).is_ok()
    }

    fn mac(&self, purpose: Purpose, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = match purpose {
            Purpose::Token => self.token.clone(),
            Purpose::Link => self.link.clone(),
            Purpose::Ticket => self.ticket.clone(),
            Purpose::Pseudonym => self.pseudonym.clone(),
            Purpose::Cursor => self.cursor.clone(),
        };
        mac.update(message);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The keys of a deployment: at least one.
#[derive(Clone, Debug)]
pub struct KeyRing {
    first: SigningKey,
    others: Vec<SigningKey>,
}

/// Why a key ring was refused. Messages name the key, never its secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// There is no key at all.
    #[error("contains no key; expected kid:base64url-secret, for example from `darkroom keygen`")]
    Empty,
    /// An entry has no colon, or nothing before it.
    #[error("entry {position} is not of the form kid:base64url-secret")]
    Form {
        /// The entry's position, counted from 1.
        position: usize,
    },
    /// The name has characters that are not letters, digits, `.`, `_` or `-`.
    #[error(
        "entry {position} has a key id with characters other than letters, digits, '.', '_' and '-'"
    )]
    Id {
        /// The entry's position, counted from 1.
        position: usize,
    },
    /// Two entries have the same name.
    #[error("key id {id:?} is used more than once")]
    Duplicate {
        /// The shared name.
        id: String,
    },
    /// The secret is not base64url.
    #[error("the secret of key {id:?} is not base64url")]
    Encoding {
        /// The key's name.
        id: String,
    },
    /// The secret is too short to be safe.
    #[error("the secret of key {id:?} has {bytes} bytes; at least {MIN_SECRET_BYTES} are needed")]
    Short {
        /// The key's name.
        id: String,
        /// The secret's length after decoding.
        bytes: usize,
    },
}

impl KeyRing {
    /// Parses the grammar above. White space around entries is allowed.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<SigningKey> = Vec::new();
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for (position, entry) in (1..).zip(entries) {
            let key = parse_entry(position, entry)?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(KeyRingError::Duplicate { id: key.id });
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(KeyRingError::Empty)?;
        Ok(Self {
            first,
            others: keys.collect(),
        })
    }

    /// The key that signs.
    pub fn signing(&self) -> &SigningKey {
        &self.first
    }

    /// The key named `id`.
    pub fn find(&self, id: &str) -> Option<&SigningKey> {
        self.iter().find(|key| key.id == id)
    }

    /// Every key, the signing one first.
    pub fn iter(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

fn parse_entry(position: usize, entry: &str) -> Result<SigningKey, KeyRingError> {
    let (id, secret) = entry
        .split_once(':')
        .filter(|(id, _)| !id.is_empty())
        .ok_or(KeyRingError::Form { position })?;
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !id.chars().all(named) {
        return Err(KeyRingError::Id { position });
    }
    let secret = BASE64URL
        .decode(secret)
        .map_err(|_| KeyRingError::Encoding { id: id.to_owned() })?;
    if secret.len() < MIN_SECRET_BYTES {
        return Err(KeyRingError::Short {
            id: id.to_owned(),
            bytes: secret.len(),
        });
    }
    SigningKey::new(id, &secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

    fn refused(text: &str) -> KeyRingError {
        KeyRing::parse(text).expect_err("must be refused")
    }

    #[test]
    fn the_first_key_signs_and_all_are_found() {
        let ring = KeyRing::parse(&format!("new:{SECRET}, old:{SECRET}=\n")).expect("parses");
        assert_eq!(ring.signing().id(), "new");
        assert!(ring.find("old").is_some() && ring.find("older").is_none());
        assert_eq!(ring.iter().count(), 2);
    }

    #[test]
    fn wrong_rings_are_refused_by_name() {
        assert_eq!(refused(""), KeyRingError::Empty);
        assert_eq!(refused(" , "), KeyRingError::Empty);
        assert_eq!(refused(SECRET), KeyRingError::Form { position: 1 });
        assert_eq!(
            refused(&format!(":{SECRET}")),
            KeyRingError::Form { position: 1 }
        );
        assert_eq!(
            refused(&format!("a b:{SECRET}")),
            KeyRingError::Id { position: 1 }
        );
        assert_eq!(
            refused(&format!("a:{SECRET},a:{SECRET}")),
            KeyRingError::Duplicate { id: "a".into() }
        );
        assert_eq!(refused("a:+/+/"), KeyRingError::Encoding { id: "a".into() });
        assert_eq!(
            refused("a:AAAA"),
            KeyRingError::Short {
                id: "a".into(),
                bytes: 3
            }
        );
    }

    #[test]
    fn nothing_printed_contains_the_secret() {
        let ring = KeyRing::parse(&format!("a:{SECRET}")).expect("parses");
        assert!(!format!("{ring:?}").contains(SECRET));
        let message = refused(&format!("a:{SECRET},a:{SECRET}")).to_string();
        assert!(!message.contains(SECRET));
    }

    #[test]
    fn signatures_are_those_of_rfc_4231() {
        // RFC 4231 §4.7: a key longer than the block, test case 6.
        let key = SigningKey::new("k", &[0xaa; 131]).expect("any length");
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let expected = [0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f];
        let signature = key.sign(Purpose::Token, message);
        assert_eq!(signature[..8], expected);
        assert!(key.verifies(Purpose::Token, message, &signature));
        for wrong in [&[0; 32][..], &[], &signature[..31]] {
            assert!(!key.verifies(Purpose::Token, message, wrong));
        }
    }

    #[test]
    fn a_signature_for_one_purpose_is_not_valid_for_another() {
        let key = SigningKey::new("k", &[7; 32]).expect("any length");
        let purposes = [
            Purpose::Token,
            Purpose::Link,
            Purpose::Ticket,
            Purpose::Pseudonym,
            Purpose::Cursor,
        ];
        for made in purposes {
            let signature = key.sign(made, b"message");
            for held in purposes {
                assert_eq!(key.verifies(held, b"message", &signature), made == held);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn parse_is_the_inverse_of_print(
            keys in proptest::collection::btree_map(
                "[A-Za-z0-9._-]{1,9}",
                proptest::collection::vec(proptest::num::u8::ANY, MIN_SECRET_BYTES..80),
                1..4,
            ),
            comma in " ?,[ \n]?",
        ) {
            let print = |(id, secret): (&String, &Vec<u8>)| {
                let secret = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
                format!("{id}:{secret}")
            };
            let printed: Vec<String> = keys.iter().map(print).collect();
            let ring = KeyRing::parse(&printed.join(&comma)).expect("a ring");
            let named: Vec<&str> = ring.iter().map(SigningKey::id).collect();
            proptest::prop_assert_eq!(named, keys.keys().map(String::as_str).collect::<Vec<_>>());
            for (key, secret) in ring.iter().zip(keys.values()) {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
                mac.update(b"message");
                let expected: [u8; 32] = mac.finalize().into_bytes().into();
                proptest::prop_assert_eq!(key.sign(Purpose::Token, b"message"), expected);
            }
        }

        #[test]
        fn no_error_contains_the_secret(id in "[a-z:]{0,3}", secret in "[A-Za-z0-9+/=_-]{9,50}") {
            if let Err(error) = KeyRing::parse(&format!("{id}:{secret}")) {
                proptest::prop_assert!(!error.to_string().contains(&secret));
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = KeyRing::parse(&text);
        }
    }
}
