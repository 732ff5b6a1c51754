//! Uploading: an upload is a session, however its files arrive.
//!
//! 1. [`Service::begin_upload`] claims the request's idempotency key and refuses a ticket
//!    that has been used.
//! 2. [`Upload::file`], once per file: the bytes are inspected, edited, hashed and written
//!    as they arrive, a chunk at a time.
//! 3. [`Upload::commit`]: all files become images, or none; or [`Upload::abort`]. A session
//!    that is dropped aborts itself; after a crash, the sweep finds the remains.
//!
//! A way to upload (a raw body, a form) is a front end: it reads the [`UploadTerms`], the
//! declaration of each file ([`Declared`]) and the [`Attributes`] of all, and feeds a session.
//!
//! - `session`: the protocol
//! - `terms`: what front ends declare about an upload
//! - `idempotency`: requests with a key; `fingerprint`: which of them are the same; `kept`:
//!   the recorded part of their answers
//! - `intake`: one file, from its first byte to its last; `digests`: its hashes
//! - `commit`: turns all files into images in one statement; `ids`: their ids
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

pub(super) use commit::Completes;
pub use error::UploadError;
pub use fingerprint::RequestIdentity;
pub use idempotency::{ANSWER_SECONDS, HOLD_SECONDS, KeyedRequest};
pub use session::Upload;
pub(super) use terms::owner_key_scope;
pub use terms::{
    Attributes, Declared, MAX_FILES, TICKET_RECORD_SECONDS, UploadTerms, UploadTicket,
};

use super::{Service, ServiceError};
