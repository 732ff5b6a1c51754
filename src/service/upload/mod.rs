//! Taking images in: an upload is a session, whatever way its files come.
//!
//! 1. [`Service::begin_upload`] claims the request's idempotency key and refuses a ticket
//!    that is used up.
//! 2. [`Upload::file`], once per file: the bytes are judged, edited, hashed and written as
//!    they come, a chunk at a time.
//! 3. [`Upload::commit`]: all files become images, or none; or [`Upload::abort`]. A session
//!    that is dropped aborts itself; what a crash leaves is found by the sweep.
//!
//! A way to upload (a raw body, a form) is a front end: it reads the [`UploadTerms`], what
//! is [`Declared`] of each file and the [`Attributes`] of all, and feeds a session.
//!
//! - `session`: the protocol
//! - `terms`: what front ends say of an upload
//! - `idempotency`: requests that name a key; `fingerprint`: which of them are the same;
//!   `kept`: what is recorded of their answers
//! - `intake`: one file, from its first byte to its last; `digests`: its hashes
//! - `commit`: images of all files, in one statement; `ids`: their ids
//! - `discard`: deleting what is not committed

mod commit;
mod digests;
mod discard;
mod error;
mod fingerprint;
pub(super) mod idempotency;
mod ids;
mod intake;
mod kept;
mod session;
mod terms;

pub use error::UploadError;
pub use fingerprint::RequestIdentity;
pub use idempotency::{ANSWER_SECONDS, HOLD_SECONDS, KeyedRequest};
pub use session::Upload;
pub use terms::{
    Attributes, Declared, MAX_FILES, TICKET_RECORD_SECONDS, UploadTerms, UploadTicket,
};

use super::{Service, ServiceError};
