//! Darkroom.
pub mod auth;
pub mod blobs;
pub mod catalog;
pub mod conformance;
