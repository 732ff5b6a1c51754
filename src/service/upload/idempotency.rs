//! Requests that name a key are done once, and answered alike each time.
//!
//! A key is held by its request from before the body is read, and the commit that
//! makes its images records the answer under it: one statement, so that there is
//! never the one without the other. A request that fails lets its key go. One that
//! crashed holds it until [`HOLD_SECONDS`] have passed; after that another may take it,
//! and should the first come back to life, it commits nothing.
//!
//! Where the catalog does not answer a claim, the claim may hold, or hold yet. It is
//! abandoned in a way that outlasts it, at once and, while that fails, whenever somebody
//! asks for its key: so a repeat needs to wait for no more than the catalog.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::Digest as _;
use uuid::Uuid;

use super::intake::Received;
use super::kept::Kept;
use super::{Attributes, Service, ServiceError};
use crate::catalog::{CatalogError, KeyAnswer, KeyClaim, KeyState, NewAnswer};
use crate::model::{Image, Timestamp};

/// How long a request holds its key without an answer. A longer upload goes on, unless
/// the key is used again meanwhile.
pub const HOLD_SECONDS: i64 = 5 * 60;

/// How long answers are kept.
pub const ANSWER_SECONDS: i64 = 24 * 3600;

/// A request that names a key.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// The key. Keys of other owners, and of each ticket, have nothing to do with it.
    pub key: String,
    /// What a repeat has in common with it, besides its files and their attributes.
    pub request: RequestIdentity,
}

/// What makes two requests the same, as far as front ends can tell. It is only compared.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RequestIdentity {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// The type of the body, without parameters: the boundary of a form is another each
    /// time.
    pub content_type: String,
}

/// What makes two uploads the same.
#[derive(Debug, Serialize)]
pub(super) struct Fingerprint<'a> {
    #[serde(flatten)]
    request: &'a RequestIdentity,
    visibility: &'a str,
    tags: &'a [String],
    files: Vec<FileFingerprint<'a>>,
}

/// What makes two files the same.
#[derive(Debug, Serialize)]
struct FileFingerprint<'a> {
    filename: Option<&'a str>,
    /// Of what came.
    sha256: String,
}

impl<'a> Fingerprint<'a> {
    pub(super) fn of(
        request: &'a RequestIdentity,
        files: &'a [Received],
        attributes: &'a Attributes,
    ) -> Self {
        let files = files.iter().map(|file| FileFingerprint {
            filename: file.filename.as_deref(),
            sha256: file.original_sha256.to_string(),
        });
        Self {
            request,
            visibility: attributes.visibility.as_str(),
            tags: &attributes.tags,
            files: files.collect(),
        }
    }

    /// As text: a hash. It is recorded, so another form of it would refuse the repeats of
    /// requests that were answered before.
    pub(super) fn print(&self) -> String {
        let parts = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(parts))
    }
}

/// Whether a request is the first with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::service) enum Hold {
    /// It is, and holds the key until it is answered or lets it go.
    First(KeyClaim),
    /// The first was answered so.
    Repeat(KeyAnswer),
}

/// What is to be recorded with a commit.
#[derive(Clone, Debug)]
pub(super) struct Answering {
    /// The request's hold on its key.
    pub(super) claim: KeyClaim,
    /// Tells the request from others that are not the same.
    pub(super) fingerprint: String,
}

impl Answering {
    /// The record for these images, which are made `now`.
    pub(super) fn record<'a>(
        self,
        images: impl Iterator<Item = &'a Image>,
        now: Timestamp,
    ) -> NewAnswer {
        NewAnswer {
            claim: self.claim,
            answer: KeyAnswer {
                fingerprint: self.fingerprint,
                answer: Kept::of(images, now).print(),
            },
            expires_at: now.plus_seconds(ANSWER_SECONDS),
        }
    }
}

/// The most claims that are kept to be abandoned.
const MOST_ABANDONED: usize = 256;

/// Claims that may hold a key and are not to, each with its time, oldest first. What an
/// instance takes with it holds until its time is over.
#[derive(Debug, Default)]
pub(in crate::service) struct Abandoned {
    // Never held across an await.
    claims: Mutex<VecDeque<(KeyClaim, Timestamp)>>,
}

impl Abandoned {
    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<(KeyClaim, Timestamp)>) -> T) -> T {
        act(&mut self.claims.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, claim: KeyClaim, at: Timestamp) {
        self.with(|claims| {
            if claims.len() >= MOST_ABANDONED {
                claims.pop_front();
            }
            claims.push_back((claim, at));
        });
    }

    /// Those of the same key as `claim`.
    fn rivals_of(&self, claim: &KeyClaim) -> Vec<(KeyClaim, Timestamp)> {
        let is_rival = |other: &&(KeyClaim, Timestamp)| {
            other.0.scope == claim.scope && other.0.key == claim.key
        };
        self.with(|claims| claims.iter().filter(is_rival).cloned().collect())
    }

    fn remove(&self, claim: &KeyClaim) {
        self.with(|claims| claims.retain(|(other, _)| other.id != claim.id));
    }
}

impl Service {
    /// Takes the key for a request. Keys of different scopes have nothing to do with each
    /// other.
    pub(in crate::service) async fn hold_key(
        &self,
        scope: &str,
        key: &str,
    ) -> Result<Hold, ServiceError> {
        let claim = KeyClaim {
            scope: scope.to_owned(),
            key: key.to_owned(),
            id: Uuid::now_v7().simple().to_string(),
        };
        let mut state = self.claim(&claim).await?;
        let rivals = self.parts.abandoned.rivals_of(&claim);
        if state == KeyState::Held && !rivals.is_empty() {
            for (rival, at) in rivals {
                self.abandon(&rival, at).await?;
            }
            state = self.claim(&claim).await?;
        }
        match state {
            KeyState::Claimed => Ok(Hold::First(claim)),
            KeyState::Held => Err(ServiceError::KeyHeld),
            KeyState::Answered(answer) => Ok(Hold::Repeat(answer)),
        }
    }

    async fn claim(&self, claim: &KeyClaim) -> Result<KeyState, CatalogError> {
        let now = self.now();
        let until = now.plus_seconds(HOLD_SECONDS);
        let state = self.catalog().claim_key(claim, now, until).await;
        if state.is_err() {
            self.parts.abandoned.add(claim.clone(), now);
            let (service, claim) = (self.clone(), claim.clone());
            self.spawn(async move {
                if let Err(error) = service.abandon(&claim, now).await {
                    service.log(&format!("a key may be held by nobody: {error}"));
                }
            });
        }
        state
    }

    async fn abandon(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError> {
        self.catalog().abandon_key(claim, at).await?;
        self.parts.abandoned.remove(claim);
        Ok(())
    }

    /// Lets the key of a request go that failed.
    pub(in crate::service) async fn release_key(&self, claim: &KeyClaim) {
        if let Err(error) = self.catalog().release_key(claim).await {
            self.parts.abandoned.add(claim.clone(), self.now());
            self.log(&format!("a key is let go when it is used again: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint<'a>(
        request: &'a RequestIdentity,
        tags: &'a [String],
        files: &[(Option<&'a str>, &'a str)],
    ) -> Fingerprint<'a> {
        let files = files.iter().map(|(filename, sha256)| FileFingerprint {
            filename: *filename,
            sha256: (*sha256).to_owned(),
        });
        Fingerprint {
            request,
            visibility: "private",
            tags,
            files: files.collect(),
        }
    }

    fn request() -> RequestIdentity {
        RequestIdentity {
            method: "POST".to_owned(),
            path: "/v1/images".to_owned(),
            query: String::new(),
            content_type: "image/png".to_owned(),
        }
    }

    #[test]
    fn what_differs_has_another_fingerprint() {
        let (request, tags) = (request(), ["a".to_owned()]);
        let first = fingerprint(&request, &tags, &[(None, "00")]);
        let same = fingerprint(&request, &tags, &[(None, "00")]);
        assert_eq!(first.print(), same.print());
        let with_query = RequestIdentity {
            query: "a=b".to_owned(),
            ..request.clone()
        };
        let without_type = RequestIdentity {
            content_type: String::new(),
            ..request.clone()
        };
        let others = [
            fingerprint(&request, &[], &[(None, "00")]),
            fingerprint(&request, &tags, &[(Some(""), "00")]),
            fingerprint(&request, &tags, &[(None, "01")]),
            fingerprint(&request, &tags, &[(None, "00"), (None, "00")]),
            fingerprint(&with_query, &tags, &[(None, "00")]),
            fingerprint(&without_type, &tags, &[(None, "00")]),
            Fingerprint {
                visibility: "public",
                ..fingerprint(&request, &tags, &[(None, "00")])
            },
        ];
        for other in others {
            assert_ne!(first.print(), other.print(), "{other:?}");
        }
    }

    /// Answers that were recorded before an upgrade are compared with requests after it.
    #[test]
    fn a_fingerprint_stays_what_it_was() {
        let (request, tags) = (request(), ["a".to_owned()]);
        let print = fingerprint(&request, &tags, &[(Some("a.png"), "00"), (None, "01")]).print();
        let text = r#"{"method":"POST","path":"/v1/images","query":"","content_type":"image/png","visibility":"private","tags":["a"],"files":[{"filename":"a.png","sha256":"00"},{"filename":null,"sha256":"01"}]}"#;
        assert_eq!(print, URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(text)));
    }
}
