//! Darkroom: an image backend in one WebAssembly component.
//!
//! # Layout
//! - [`http`]: the contract: routes, extractors, errors. Knows nothing of stores.
//! - [`auth`]: the key ring, tokens and scopes. Pure.
//! - [`service`]: what the product does: take images in, give them out, clean up.
//! - [`media`]: what the bytes of an image say. Pure.
//! - [`blobs`]: the bytes, behind a trait; [`catalog`]: all else, behind another.
//! - [`model`]: the nouns: images, blobs, digests, times, lists, kinds, quotas. No I/O.
//! - [`cause`]: what lies behind the failure of a store.
//! - [`number`]: the one reader of whole numbers that come as text. Pure.
//! - [`platform`]: what a host must give besides stores: clock, randomness, HTTP.
//! - [`app`]: the composition root: stores, settings and platform become the application.
//! - [`patience`]: how long stores are waited for.
//! - [`settings`]: every variable, parsed and checked once.
//! - [`trace`]: what is noted of a request while it is served.
//! - `spin`: the edge: Spin's stores, variables, clock and entry point. Only there
//!   is Spin known, and only in the component is it compiled.
//! - [`conformance`]: the vocabulary of the suites that every store passes.
//! - `fuzz`: what holds whatever is sent, for fuzzers and tests only.
//! - `testing`: what tests and fuzzers of several parts use.
//!
//! # The way of an upload
//! `http::routes::upload` → token or ticket become terms → a session of the service
//! ([`service::Service::begin_upload`]) → [`service::Upload::file`], once per file: bytes
//! are judged ([`media::Inspector`]), hashed and written ([`blobs::BlobStore::create`]) as
//! they come → [`service::Upload::commit`]: one catalog statement → 201.
//!
//! # The way of a download
//! `http::routes::content` → token becomes a grant → one catalog row
//! ([`service::Service::find`]) → chunks, each when the client has taken the one before
//! ([`service::Service::read`]) → bytes.

// In the component, what the SDK's macros make is not: all else is compiled here too.
#![cfg_attr(not(target_family = "wasm"), forbid(unsafe_code))]

pub mod app;
pub mod auth;
pub mod blobs;
pub mod catalog;
pub mod cause;
pub mod conformance;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod http;
pub mod media;
pub mod model;
pub mod number;
pub mod patience;
pub mod platform;
pub mod service;
pub mod settings;
#[cfg(all(target_family = "wasm", not(test)))]
pub mod spin;
#[cfg(any(test, feature = "fuzzing"))]
mod testing;
pub mod trace;

/// The component's entry point.
#[cfg(all(target_family = "wasm", not(test)))]
#[spin_sdk::http_service]
async fn handle(request: spin_sdk::http::Request) -> axum::response::Response {
    #[cfg(feature = "conformance")]
    return spin::conformance::handle(request).await;
    #[cfg(not(feature = "conformance"))]
    spin::handle(request).await
}
