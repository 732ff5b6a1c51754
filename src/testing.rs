//! What tests and fuzzers of several parts use.

pub mod chance;
