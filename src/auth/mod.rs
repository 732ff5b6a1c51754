//! Access: the key ring, bearer tokens and the scopes they carry, signed URLs ([`link`])
//! and upload tickets ([`ticket`]).
//!
//! Pure functions on strings and times. Nothing here does I/O, so the same code mints
//! tokens in `darkroom token` and checks them in the component.
//!
//! A request's token passes through [`token::verify`] (signature first, then claims) and
//! becomes a [`Grant`], the proof that every later step requires.

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod keyring;
pub mod link;
mod pseudonym;
mod scope;
pub mod ticket;
pub mod token;

pub use keyring::{KeyRing, KeyRingError, MIN_SECRET_BYTES, Purpose, SigningKey};
pub use pseudonym::pseudonym;
pub use scope::{Scope, Scopes};

pub use token::{Audience, Claim, Claims, Requirements, TokenError};

use crate::model::QuotaClaim;

/// The maximum length of a `sub`, in characters.
pub const MAX_OWNER_CHARS: usize = 128;

/// Whether a text can be an owner: 1 to [`MAX_OWNER_CHARS`] characters, none of them a control
/// character.
pub fn is_owner(text: &str) -> bool {
    let chars = text.chars().take(MAX_OWNER_CHARS + 1).count();
    (1..=MAX_OWNER_CHARS).contains(&chars) && !text.chars().any(char::is_control)
}

/// The owner that a request acts for, and what it may do. Only [`token::verify`] makes a
/// grant from outside input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The token's `sub`: the owner of what is uploaded, and of the images in reach.
    pub owner: String,
    /// The scopes of the token.
    pub scopes: Scopes,
    /// The token's claim about the owner's quota.
    pub quota: QuotaClaim,
    /// The token's `exp`, in seconds since the Unix epoch.
    pub expires: u64,
}

impl Grant {
    /// Whether the grant includes `scope`, by itself or through `admin`.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(scope) || self.is_admin()
    }

    /// Whether the grant reaches every owner's images.
    pub fn is_admin(&self) -> bool {
        self.scopes.contains(Scope::Admin)
    }

    /// Whether the grant reaches this owner's images.
    pub fn reaches(&self, owner: &str) -> bool {
        self.confined_to().is_none_or(|own| own == owner)
    }

    /// The owner to whom every look-up is confined; `None` if there is no confinement.
    pub fn confined_to(&self) -> Option<&str> {
        (!self.is_admin()).then_some(self.owner.as_str())
    }
}
