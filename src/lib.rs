//! Darkroom.
pub mod auth;
