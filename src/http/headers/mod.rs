//! The grammar of header fields, and the decisions of RFC 9110 that depend on them. All functions
//! are pure.

pub(crate) mod accept;
pub(crate) mod byteranges;
mod charset;
pub(crate) mod conditional;
pub(crate) mod date;
pub(crate) mod digest;
pub(crate) mod disposition;
mod encoded_words;
pub(crate) mod entity_tag;
pub(crate) mod field_parameters;
mod file_name;
pub(crate) mod idempotency;
pub(crate) mod media_type;
pub(crate) mod range;
pub(crate) mod rate_limit;
pub(crate) mod structured;
pub(crate) mod traceparent;
pub(crate) mod tus;
