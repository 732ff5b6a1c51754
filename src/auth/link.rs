//! Signed URLs: anybody who holds one may read the bytes of one image until it expires,
//! without a token.
//!
//! Grammar: the path of the content, and a query in canonical form: parameters sorted by
//! name, each name at most once, percent-encoded according to RFC 3986 §2.3 (upper-case
//! hex, everything but `A–Z a–z 0–9 - . _ ~` encoded). Five parameters belong to the link
//! itself: `expires` (seconds since the Unix epoch), `kid` (the key), `signature`,
//! `epoch` (how often the image's links have been revoked), which is left out while it
//! is 0, and `link` (the id of its record), which only named links have. The others are listed in [`PARAMETERS`]: a link with any other name is refused
//! even if its signature is valid, so that a parameter of a later version cannot change
//! what an old link means.
//!
//! The ring's key for links signs `{method}\n{path}\n{query without signature}`, so
//! nothing can be added, dropped or changed. A request may have the parameters in another
//! order, but not encoded in another way.
//!
//! Where a client requests many paths with one beginning, the path that is signed is that
//! beginning, and the parameters stand in it as those of its last segment (RFC 3986 §3.3).
//!
//! What is signed are the parameters as they are given, not what they mean: whoever signs a
//! transform may write it in any of its spellings, and different spellings are different links
//! to the same derived image. Links that Darkroom makes have the canonical form of a transform,
//! or the name of a preset, so that a link follows later changes of the preset.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use darkroom_transform::NAMES as TRANSFORM;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use uuid::Uuid;

use super::{KeyRing, Purpose, TokenError};
use crate::model::canonical;
use crate::number;

/// The characters that are percent-encoded in a query: all but those of RFC 3986 §2.3.
pub const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Parameters of the link itself; those of callers must have other names.
pub const OWN: [&str; 5] = ["epoch", "expires", "kid", "link", "signature"];

/// The parameter that marks a request as coming from a link.
pub const SIGNATURE: &str = "signature";

/// The maximum number of parameters of a link, including its own. Strangers send queries
/// too, so parameters are counted before any of them is read.
const MAX_PARAMETERS: usize = 64;

/// The method that a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkMethod {
    /// GET, which includes HEAD.
    Get,
    /// Only HEAD.
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

/// Names of parameters other than the link's own that have a meaning: `download`, and those of
/// derived images.
pub const PARAMETERS: [&str; 1 + TRANSFORM.len()] = {
    let mut all = ["download"; 1 + TRANSFORM.len()];
    let mut index = 0;
    while index < TRANSFORM.len() {
        all[index + 1] = TRANSFORM[index];
        index += 1;
    }
    all
};

/// What begins the paths of the IIIF Image API. An identifier follows.
pub const IIIF: &str = "/iiif/3/";

/// Moves the parameters of a signed URL into its path, where everything that follows them is
/// allowed too: `/iiif/3/{id};expires=…;kid=…;signature=…`.
pub fn in_path(signed: &str) -> String {
    // Neither character is in a name or a value, because both are encoded there.
    signed.replace(['?', '&'], ";")
}

/// Checks the parameters that [`in_path`] has moved behind `path`, as [`verify`] does. They are
/// those of the link itself alone.
pub fn verify_in_path(
    ring: &KeyRing,
    path: &str,
    parameters: &str,
    now: u64,
) -> Result<VerifiedLink, LinkError> {
    let verified = verify(ring, "GET", path, &parameters.replace(';', "&"), now)?;
    let mut names = parameters
        .split(';')
        .filter_map(|pair| pair.split('=').next());
    if names.all(|name| OWN.contains(&name)) {
        Ok(verified)
    } else {
        Err(LinkError::UnknownParameter)
    }
}

/// A link to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// The method that the link is for.
    pub method: LinkMethod,
    /// The path, without a query.
    pub path: &'a str,
    /// The query's other parameters: names and values.
    pub parameters: &'a [(&'a str, &'a str)],
    /// How often the image's links had been revoked when this one was made.
    pub epoch: u64,
    /// The link is refused from this second since the Unix epoch on.
    pub expires: u64,
    /// The id of the record of a named link.
    pub id: Option<Uuid>,
}

/// The contents of a link that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedLink {
    /// To be compared with the image's own epoch.
    pub epoch: u64,
    /// The link is refused from this second since the Unix epoch on.
    pub expires: u64,
    /// The id of a record that the image must have, if it is a named link.
    pub id: Option<Uuid>,
}

/// Why a link was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The link is not one that this ring signed. The error does not say why.
    #[error("the link's signature is not valid")]
    Wrong,
    /// The signature is valid, but the link has a parameter that Darkroom does not know.
    #[error("the link has a parameter that Darkroom does not know")]
    UnknownParameter,
    /// The link was valid once.
    #[error("the link has expired")]
    Expired,
}

impl Link<'_> {
    /// Returns the path and query, signed with the ring's first key or with the key named
    /// `kid`.
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
        if let Some(id) = self.id {
            query.extend([("link", id.to_string().as_str())]);
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

/// Checks the signature, then the parameters and the expiry, of a request with this method
/// (GET or HEAD), path and raw query, at the second `now`. There is no leeway: the link is
/// judged by the clock that it was made by.
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
    let id = query.0.get("link");
    let id = id.map(|text| canonical(text).ok_or(LinkError::Wrong));
    Ok(VerifiedLink {
        epoch: number("epoch").transpose()?.unwrap_or(0),
        expires,
        id: id.transpose()?,
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

    /// The inverse of [`print`](Self::print), except for the order. `None` if a name is used
    /// twice, if anything is not encoded as `print` encodes it, or if there are more than
    /// [`MAX_PARAMETERS`].
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
