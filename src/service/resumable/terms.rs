//! What the catalog records of an upload's terms: JSON, which only this file reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Attributes, Declared, NewResumable, UploadTerms};
use crate::model::{Kind, Quota, Sha256, Visibility};
use crate::service::{RateClient, UploadTicket};

/// The terms as they are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Recorded {
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_images: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kinds: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    /// The name that the ticket gives to the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    named: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// What the front end wants to show again.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<String, String>,
}

impl Recorded {
    pub(super) fn of(new: &NewResumable) -> Self {
        let terms = &new.terms;
        let ticket = terms.ticket.as_ref();
        let attributes = ticket.map_or(&new.attributes, |ticket| &ticket.attributes);
        let kinds = terms.kinds.as_ref();
        Self {
            quota_images: terms.quota.images,
            quota_bytes: terms.quota.bytes,
            max_bytes: terms.max_bytes,
            kinds: kinds.map(|kinds| {
                let names = kinds.iter().map(|kind| kind.media_type().to_owned());
                names.collect()
            }),
            ticket: ticket.map(|ticket| ticket.id.clone()),
            named: ticket.and_then(|ticket| ticket.filename.clone()),
            filename: new.declared.filename.clone(),
            media_type: new.declared.media_type.clone(),
            sha256: new.declared.sha256.map(|sha256| sha256.to_string()),
            tags: attributes.tags.clone(),
            visibility: Some(attributes.visibility.as_str().to_owned()),
            metadata: attributes.metadata.clone(),
            labels: new.labels.clone(),
        }
    }

    /// Only what is still shown once the upload is complete.
    pub(super) fn of_complete(self) -> Self {
        Self {
            labels: self.labels,
            ..Self::default()
        }
    }

    pub(super) fn print(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn filename(&self) -> Option<&str> {
        self.named.as_deref().or(self.filename.as_deref())
    }

    /// Whose allowance the bytes are taken from.
    pub(super) fn rate_client(&self, owner: &str) -> RateClient {
        match &self.ticket {
            Some(id) => RateClient::Ticket(id.clone()),
            None => RateClient::Owner(owner.to_owned()),
        }
    }

    pub(super) fn quota(&self) -> Quota {
        Quota {
            images: self.quota_images,
            bytes: self.quota_bytes,
        }
    }

    pub(super) fn terms(&self, owner: &str) -> UploadTerms {
        let kinds = self.kinds.as_ref().map(|names| {
            let kinds = names.iter().filter_map(|name| Kind::from_media_type(name));
            kinds.collect()
        });
        UploadTerms {
            owner: owner.to_owned(),
            quota: self.quota(),
            max_bytes: self.max_bytes,
            kinds,
            ticket: self.ticket.clone().map(|id| UploadTicket {
                id,
                // Whether it has a record was checked at the beginning.
                max_uploads: None,
                attributes: self.attributes(),
                filename: self.named.clone(),
            }),
        }
    }

    pub(super) fn declared(&self) -> Declared {
        Declared {
            length: None,
            media_type: self.media_type.clone(),
            sha256: self.sha256.as_deref().and_then(Sha256::parse),
            filename: self.filename.clone(),
        }
    }

    pub(super) fn attributes(&self) -> Attributes {
        let visibility = self.visibility.as_deref().and_then(Visibility::parse);
        Attributes {
            tags: self.tags.clone(),
            visibility: visibility.unwrap_or_default(),
            metadata: self.metadata.clone(),
        }
    }
}
