//! Signed URLs: whoever holds one may read one image's bytes until it expires,
//! without a token.
//!
//! Grammar: the path of the content, and a query in canonical form: parameters
//! sorted by name, each name at most once, percent-encoded as RFC 3986 §2.3 has it
//! (upper-case hex, everything but `A–Z a–z 0–9 - . _ ~` encoded). Three of them are
//! the link's own: `expires` (seconds since the Unix epoch), `kid` (the key) and
//! `signature`; `epoch`, where it is not 0, counts the times that the image's links
//! were revoked. The others are of [`PARAMETERS`]: a link with any other name is refused
//! although its signature is good, so that no parameter of a later version changes what
//! an old link means.
//!
//! What is signed, with the ring's key for links, is
//! `{method}\n{path}\n{query without signature}`: nothing can be added, dropped or
//! changed. The order of parameters is free on the way back, their encoding is not.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{KeyRing, Purpose, TokenError};
use crate::number;

/// What is percent-encoded in a query: all but what RFC 3986 §2.3 lets stand.
pub const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Names that the link itself uses: callers' parameters must be others.
pub const OWN: [&str; 4] = ["epoch", "expires", "kid", "signature"];

/// The parameter by which a request is known to come with a link.
pub const SIGNATURE: &str = "signature";

/// The most parameters of a link, its own among them. A stranger's query is judged too, so
/// they are counted before any of them is read.
const MAX_PARAMETERS: usize = 64;

/// What a link may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkMethod {
    /// GET, and so HEAD.
    Get,
    /// HEAD alone.
    Head,
}

impl LinkMethod {
    /// The word that is signed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Get, Self::Head]
            .into_iter()
            .find(|method| method.as_str() == word)
    }
}

/// Names of the parameters beside its own that mean something in a link.
pub const PARAMETERS: [&str; 1] = ["download"];

/// A link to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// What it may be used for.
    pub method: LinkMethod,
    /// The path, without a query.
    pub path: &'a str,
    /// The query's other parameters: names and values.
    pub parameters: &'a [(&'a str, &'a str)],
    /// How often the image's links had been revoked when it was made.
    pub epoch: u64,
    /// The second since the Unix epoch from which it is refused.
    pub expires: u64,
}

/// What a link that was verified says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedLink {
    /// To be held against the image's own.
    pub epoch: u64,
    /// The second since the Unix epoch from which it is refused.
    pub expires: u64,
}

/// Why a link was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It is not as we made it. What is wrong is not told.
    #[error("the link's signature is not valid")]
    Wrong,
    /// It is signed as it should be, with a parameter that means nothing here.
    #[error("the link has a parameter that Darkroom does not know")]
    UnknownParameter,
    /// It was good once.
    #[error("the link has expired")]
    Expired,
}

impl Link<'_> {
    /// The path and query that carry the signature of the ring's first key, or of
    /// the one named.
    pub fn sign(&self, ring: &KeyRing, kid: Option<&str>) -> Result<String, TokenError> {
        let key = match kid {
            Some(kid) => ring.find(kid).ok_or(TokenError::UnknownKey)?,
            None => ring.signing(),
        };
        let mut query = Query::default();
        let given = self
            .parameters
            .iter()
            .filter(|(name, _)| !OWN.contains(name));
        query.extend(given.map(|(name, value)| (*name, *value)));
        if self.epoch > 0 {
            query.extend([("epoch", self.epoch.to_string().as_str())]);
        }
        query.extend([
            ("expires", self.expires.to_string().as_str()),
            ("kid", key.id()),
        ]);
        let message = message(self.method, self.path, &query);
        let signature = URL_SAFE_NO_PAD.encode(key.sign(Purpose::Link, message.as_bytes()));
        query.extend([(SIGNATURE, signature.as_str())]);
        Ok(format!("{}?{}", self.path, query.print()))
    }
}

/// Checks the signature, then the parameters and the expiry, of a request with this method (GET or
/// HEAD), path and raw query, at the second `now`. There is no leeway: the clock
/// that made the link is the one that judges it.
pub fn verify(
    ring: &KeyRing,
    method: &str,
    path: &str,
    query: &str,
    now: u64,
) -> Result<VerifiedLink, LinkError> {
    let mut query = Query::parse(query).ok_or(LinkError::Wrong)?;
    let signature = query.0.remove(SIGNATURE).ok_or(LinkError::Wrong)?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| LinkError::Wrong)?;
    let key = query
        .0
        .get("kid")
        .and_then(|kid| ring.find(kid))
        .ok_or(LinkError::Wrong)?;
    let signed_for = |signed: LinkMethod| {
        let message = message(signed, path, &query);
        key.verifies(Purpose::Link, message.as_bytes(), &signature)
    };
    let allowed = match method {
        "GET" => signed_for(LinkMethod::Get),
        "HEAD" => signed_for(LinkMethod::Get) || signed_for(LinkMethod::Head),
        _ => false,
    };
    if !allowed {
        return Err(LinkError::Wrong);
    }
    let is_known = |name: &str| OWN.contains(&name) || PARAMETERS.contains(&name);
    if !query.0.keys().all(|name| is_known(name)) {
        return Err(LinkError::UnknownParameter);
    }
    let number = |name| {
        let text = query.0.get(name);
        text.map(|text| number::whole(text).ok_or(LinkError::Wrong))
    };
    let expires = number("expires").ok_or(LinkError::Wrong)??;
    if now >= expires {
        return Err(LinkError::Expired);
    }
    Ok(VerifiedLink {
        epoch: number("epoch").transpose()?.unwrap_or(0),
        expires,
    })
}

fn message(method: LinkMethod, path: &str, query: &Query) -> String {
    format!("{}\n{path}\n{}", method.as_str(), query.print())
}

/// A query whose names are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Query(BTreeMap<String, String>);

impl Query {
    fn extend<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        self.0.extend(pairs.into_iter().map(owned));
    }

    fn print(&self) -> String {
        let encode = |text| utf8_percent_encode(text, UNRESERVED);
        let pairs = self
            .0
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The inverse of [`print`](Self::print), but for the order; `None` if a name
    /// stands twice, anything is encoded in another way than we do, or there are more
    /// than [`MAX_PARAMETERS`].
    fn parse(text: &str) -> Option<Self> {
        if text.split('&').nth(MAX_PARAMETERS).is_some() {
            return None;
        }
        let mut query = Self::default();
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=')?;
            if query.0.insert(decode(name)?, decode(value)?).is_some() {
                return None;
            }
        }
        Some(query)
    }
}

fn decode(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    let canonical = utf8_percent_encode(&decoded, UNRESERVED).to_string();
    (canonical == text).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests;
