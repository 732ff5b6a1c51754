//! What front ends say of an upload: what the uploader may, what is declared of each file,
//! and what all images get.

use crate::model::{Kind, Quota, Sha256, Visibility};

/// The most files of one upload.
pub const MAX_FILES: usize = 32;
/// The most files of one upload with a ticket.
const MAX_TICKET_FILES: usize = 1;
/// How long the records of used tickets are kept: longer than any ticket lives.
pub const TICKET_RECORD_SECONDS: i64 = 8 * 86_400;

/// What the uploader may do, and for whom.
#[derive(Clone, Debug, Default)]
pub struct UploadTerms {
    /// The owner of the images.
    pub owner: String,
    /// The most that the owner may keep.
    pub quota: Quota,
    /// The most bytes of a file, if fewer than the deployment allows.
    pub max_bytes: Option<u64>,
    /// The kinds that a file may be of, if not all that the deployment accepts.
    pub kinds: Option<Vec<Kind>>,
    /// The upload ticket that the request came with.
    pub ticket: Option<UploadTicket>,
}

/// An upload ticket that was verified. It is good for one upload of one file.
#[derive(Clone, Debug, Default)]
pub struct UploadTicket {
    /// The ticket's id. A commit uses it up.
    pub id: String,
    /// The attributes of the image: whoever holds the ticket cannot change them.
    pub attributes: Attributes,
}

/// What the uploader claims of a file, to be compared with the file.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Its length in bytes.
    pub length: Option<u64>,
    /// Its kind.
    pub kind: Option<Kind>,
    /// Its SHA-256.
    pub sha256: Option<Sha256>,
    /// Its name, as it was sent. It is cleaned before it is kept.
    pub filename: Option<String>,
}

/// What all images of an upload get.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// Tags, in the order given.
    pub tags: Vec<String>,
    /// Who may read the bytes without a token.
    pub visibility: Visibility,
}

impl UploadTerms {
    /// The most files of the upload.
    pub(super) fn max_files(&self) -> usize {
        match self.ticket {
            Some(_) => MAX_TICKET_FILES,
            None => MAX_FILES,
        }
    }

    /// Within what a key names one request: the owner's requests, or the ticket's, so that
    /// the holder of a ticket learns nothing of the owner's requests.
    pub(super) fn key_scope(&self) -> String {
        match &self.ticket {
            Some(ticket) => format!("ticket:{}", ticket.id),
            None => format!("owner:{}", self.owner),
        }
    }
}
