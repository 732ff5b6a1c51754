//! The inputs of handlers: credentials, paths, queries and bodies, parsed and checked.

pub(crate) mod admission;
pub(crate) mod cursor;
pub(crate) mod extract;
pub(crate) mod form;
pub(crate) mod iiif;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod owner;
pub(crate) mod query;
pub(crate) mod resumable;
pub(crate) mod transform;
pub(crate) mod upload_head;
pub(crate) mod upload_terms;
pub(crate) mod visibility;
