use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A signed URL. The secret is that of the key `kid`, decoded from base64url; `expires` is in
/// seconds since 1970.
pub fn signed_url(
    kid: &str,
    secret: &[u8],
    path: &str,
    parameters: &[(&str, &str)],
    expires: u64,
) -> String {
    let expires = expires.to_string();
    let mut all = parameters.to_vec();
    all.extend([("expires", expires.as_str()), ("kid", kid)]);
    all.sort_unstable();
    let pairs: Vec<String> = all
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let query = pairs.join("&");
    let key = hmac(secret, "darkroom link v1\x01");
    let signature = hmac(&key, &format!("GET\n{path}\n{query}"));
    format!(
        "{path}?{query}&signature={}",
        URL_SAFE_NO_PAD.encode(signature)
    )
}
