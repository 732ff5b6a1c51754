//! Darkroom.
pub mod auth;
pub mod blobs;
pub mod conformance;
