//! Tokens: valid ones, minted as by the application, and unusual ones, made by hand.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use darkroom::auth::{Claims, KeyRing, token};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// The setting `signing_keys` of every server that does not set another value.
pub(crate) const KEYS: &str = "test:ZGFya3Jvb20tZW5kLXRvLWVuZC10ZXN0LWtleS0wMDE";
/// The secret in it, decoded.
pub(crate) const SECRET: &[u8] = b"darkroom-end-to-end-test-key-001";
/// The scopes for everything that an owner may do.
pub(crate) const ALL_SCOPES: &str = "images:read images:write images:delete";

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

/// A token that is valid for five minutes.
pub(crate) fn token(owner: &str, scope: &str) -> String {
    token_by(KEYS, owner, scope)
}

/// The same, signed with the first of these keys.
pub(crate) fn token_by(keys: &str, owner: &str, scope: &str) -> String {
    let ring = KeyRing::parse(keys).expect("valid keys");
    let claims = Claims {
        sub: owner.to_owned(),
        exp: now() + 300,
        scope: scope.to_owned(),
        ..Claims::default()
    };
    token::mint(&ring, None, &claims).expect("can be signed")
}

/// A token with this header and these claims, signed with HMAC-SHA256.
pub(crate) fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    signed_text(&header.to_string(), claims.to_string().as_bytes(), secret)
}

/// The same for any text, JSON or not.
pub(crate) fn signed_text(header: &str, payload: &[u8], secret: &[u8]) -> String {
    let (header, payload) = (
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload),
    );
    let message = format!("{header}.{payload}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
    mac.update(message.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{message}.{signature}")
}
