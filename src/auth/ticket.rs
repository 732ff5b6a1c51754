//! Upload tickets: anybody who holds one may upload files for its owner, without a token, one by
//! one and as many as it allows, until it expires.
//!
//! Grammar: `{kid}.{payload}.{signature}`, where the payload is JSON in base64url and the
//! signature is that of `{kid}.{payload}` by the ring's key for tickets. The catalog
//! has a record of the ticket, which counts its uploads.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{KeyRing, Purpose};
use crate::model::QuotaClaim;

/// The maximum length of a ticket in bytes. Longer ones are refused unread.
pub const MAX_TICKET_BYTES: usize = 8192;

/// What a ticket allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Identifies the ticket's record: letters, digits and `-`.
    pub id: String,
    /// The owner of the image.
    pub sub: String,
    /// The ticket is refused from this second since the Unix epoch on.
    pub exp: u64,
    /// How many images may come by the ticket; `None` for one, in tickets from before they were
    /// recorded when they were created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uploads: Option<u32>,
    /// The maximum file size in bytes; `None` for the deployment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// The media types allowed; empty for those of the deployment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content_types: Vec<String>,
    /// The image's tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The image's metadata.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The image's file name; `None` for the one that the uploader gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The image's visibility, as a word; `None` for private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// The quota claim of the token that the ticket was made with.
    #[serde(default, skip_serializing_if = "QuotaClaim::is_empty")]
    pub quota: QuotaClaim,
}

/// Why a ticket was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// The ticket is not one that this ring signed. The error does not say why.
    #[error("the upload ticket is not valid")]
    Wrong,
    /// The ticket was valid once.
    #[error("the upload ticket has expired")]
    Expired,
}

impl Ticket {
    /// Returns the ticket as text, signed with the ring's first key.
    pub fn sign(&self, ring: &KeyRing) -> Result<String, TicketError> {
        let key = ring.signing();
        let payload = serde_json::to_vec(self).map_err(|_| TicketError::Wrong)?;
        let message = format!("{}.{}", key.id(), URL_SAFE_NO_PAD.encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(Purpose::Ticket, message.as_bytes()));
        Ok(format!("{message}.{signature}"))
    }
}

/// Checks the signature, then the expiry, at the second `now`.
pub fn verify(ring: &KeyRing, now: u64, text: &str) -> Result<Ticket, TicketError> {
    if text.len() > MAX_TICKET_BYTES {
        return Err(TicketError::Wrong);
    }
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TicketError::Wrong);
    // The id of a key may contain dots; the other two parts do not.
    let (message, signature) = text.rsplit_once('.').ok_or(TicketError::Wrong)?;
    let (kid, payload) = message.rsplit_once('.').ok_or(TicketError::Wrong)?;
    let key = ring.find(kid).ok_or(TicketError::Wrong)?;
    if !key.verifies(Purpose::Ticket, message.as_bytes(), &decode(signature)?) {
        return Err(TicketError::Wrong);
    }
    let ticket: Ticket =
        serde_json::from_slice(&decode(payload)?).map_err(|_| TicketError::Wrong)?;
    if now >= ticket.exp {
        return Err(TicketError::Expired);
    }
    Ok(ticket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Limit;

    const RING: &str = "a.b:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

    fn ring(text: &str) -> KeyRing {
        KeyRing::parse(text).expect("a ring")
    }

    fn ticket() -> Ticket {
        Ticket {
            id: "t1".into(),
            sub: "alice".into(),
            exp: 1000,
            max_uploads: Some(3),
            max_bytes: Some(5),
            content_types: vec!["image/png".into()],
            tags: vec!["a".into()],
            metadata: BTreeMap::from([("order".into(), "7".into())]),
            filename: Some("a.png".into()),
            visibility: Some("public".into()),
            quota: QuotaClaim {
                bytes: Limit::Chosen(Some(7)),
                images: Limit::Chosen(None),
            },
        }
    }

    #[test]
    fn a_signed_ticket_verifies_until_it_expires() {
        let text = ticket().sign(&ring(RING)).expect("signs");
        assert_eq!(verify(&ring(RING), 999, &text), Ok(ticket()));
        assert_eq!(verify(&ring(RING), 1000, &text), Err(TicketError::Expired));
        let other = ring("a.b:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA");
        assert_eq!(verify(&other, 999, &text), Err(TicketError::Wrong));
    }

    #[test]
    fn a_token_is_not_a_ticket() {
        let claims = crate::auth::Claims {
            sub: "alice".into(),
            exp: 2000,
            ..Default::default()
        };
        let token = crate::auth::token::mint(&ring(RING), None, &claims).expect("mints");
        assert_eq!(verify(&ring(RING), 0, &token), Err(TicketError::Wrong));
    }

    proptest::proptest! {
        #[test]
        fn any_single_changed_byte_is_refused(at in 0usize..1000, with in "[ -~]") {
            let text = ticket().sign(&ring(RING)).expect("signs");
            let at = at % text.len();
            let mut changed = text.clone();
            changed.replace_range(at..=at, &with);
            if changed != text {
                proptest::prop_assert_eq!(verify(&ring(RING), 0, &changed), Err(TicketError::Wrong));
            }
        }

        #[test]
        fn no_input_panics(text in ".{0,80}") {
            let _ = verify(&ring(RING), 0, &text);
        }
    }
}
