//! Hostile requests and files.

mod abuse;
pub(crate) mod attacks;
mod bombs;
mod corpus;
mod malformed;
mod polyglots;
