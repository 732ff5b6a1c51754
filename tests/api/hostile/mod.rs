//! Requests and files that mean harm.

mod abuse;
pub(crate) mod attacks;
mod bombs;
mod corpus;
mod malformed;
mod polyglots;
