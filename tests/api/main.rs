//! End-to-end tests: the component on a host, over HTTP.
//!
//! `cargo xtask test --only api` builds both and runs these; which host it is
//! makes no difference to what is promised. A module is a subject, a test's name a
//! promise; a folder says in its `mod.rs` what is in it. Tests share a server where they can
//! and keep apart by owners of their own; those that change settings, crash it or count what
//! is stored start one.

#![forbid(unsafe_code)]

mod support;

mod clients;
mod conformance;
mod contract;
mod faults;
mod hostile;
mod load;
mod media;
mod memory;
mod operator;
mod routes;
