//! Helpers shared by the tests and fuzzers of several modules.

pub(crate) mod chance;
