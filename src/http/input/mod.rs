//! What handlers take: credentials, paths, queries and bodies, read and checked.

pub(crate) mod cursor;
pub(crate) mod extract;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod query;
