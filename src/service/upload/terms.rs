//! What front ends declare about an upload: the uploader's permissions, the declaration of
//! each file, and the attributes of all images.

use std::collections::BTreeMap;

use crate::model::{Kind, Quota, Sha256, Visibility};

/// The most files in one upload.
pub const MAX_FILES: usize = 32;
/// The most files in one upload with a ticket, however many uploads it allows.
const MAX_TICKET_FILES: usize = 1;
/// How long the records of tickets are kept after they have expired, or after they were used if
/// they are from before all tickets were recorded: longer than those lived, and longer than an
/// upload takes.
pub const TICKET_RECORD_SECONDS: i64 = 8 * 86_400;

/// What the uploader may do, and on whose behalf.
#[derive(Clone, Debug, Default)]
pub struct UploadTerms {
    /// The owner of the images.
    pub owner: String,
    /// The most that the owner may keep.
    pub quota: Quota,
    /// The most bytes in a file, if fewer than the deployment allows.
    pub max_bytes: Option<u64>,
    /// The kinds that a file may have, if not all that the deployment accepts.
    pub kinds: Option<Vec<Kind>>,
    /// The upload ticket that the request uses.
    pub ticket: Option<UploadTicket>,
}

/// A verified upload ticket. Each upload with it has one file.
#[derive(Clone, Debug, Default)]
pub struct UploadTicket {
    /// The ticket's id. A commit counts its image.
    pub id: String,
    /// How many images may come by it; `None` for one, if it was not recorded when it was created.
    pub max_uploads: Option<u32>,
    /// The attributes of the image: the holder of the ticket cannot change them.
    pub attributes: Attributes,
    /// The name of the file; `None` for the one that the holder of the ticket gives it.
    pub filename: Option<String>,
}

/// What the uploader declares about a file, to be compared with the file.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Its length in bytes.
    pub length: Option<u64>,
    /// Its media type, without parameters; `None` if it says nothing about the file.
    pub media_type: Option<String>,
    /// Its SHA-256.
    pub sha256: Option<Sha256>,
    /// Its name as sent. It is cleaned before it is kept.
    pub filename: Option<String>,
}

/// The attributes that all images of an upload get.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// Tags in the order given.
    pub tags: Vec<String>,
    /// Who may read the bytes without a token.
    pub visibility: Visibility,
    /// The owner's own notes, by name.
    pub metadata: BTreeMap<String, String>,
}

impl UploadTicket {
    /// Whether only one image may come by the ticket.
    pub(in crate::service) fn is_for_one(&self) -> bool {
        self.max_uploads.is_none_or(|most| most <= 1)
    }
}

impl UploadTerms {
    /// The most files of the upload.
    pub(super) fn max_files(&self) -> usize {
        match self.ticket {
            Some(_) => MAX_TICKET_FILES,
            None => MAX_FILES,
        }
    }

    /// The scope in which a key identifies one request: the owner's requests or the ticket's,
    /// so that the holder of a ticket learns nothing about the owner's requests.
    pub(in crate::service) fn key_scope(&self) -> String {
        match &self.ticket {
            Some(ticket) => format!("ticket:{}", ticket.id),
            None => owner_key_scope(&self.owner),
        }
    }
}

/// The scope of the keys of an owner's requests.
pub(in crate::service) fn owner_key_scope(owner: &str) -> String {
    format!("owner:{owner}")
}
