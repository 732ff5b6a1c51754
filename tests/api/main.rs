//! End-to-end tests: the component on a host, over HTTP.
//!
//! `cargo xtask test --only api` builds both and runs these tests, which hold on either host.
//! Each module has one subject, and a test's name states what is promised; the `mod.rs` of a
//! folder describes its content. Tests share a server where they can, and use separate owners so
//! as not to disturb each other. A test that changes settings, crashes the server or counts
//! stored objects starts a server of its own.

#![forbid(unsafe_code)]

mod support;

mod chaining;
mod clients;
mod conformance;
mod contract;
mod faults;
mod hostile;
mod load;
mod media;
mod memory;
mod operator;
mod page;
mod resumable;
mod routes;
