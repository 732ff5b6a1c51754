//! What tests and fuzzers of several parts use.

pub(crate) mod chance;
