//! End to end: the component on a host, over HTTP.
//!
//! `cargo xtask test --only api` builds both and runs these; which host it is
//! makes no difference to what is promised. A module is a subject, a test's name a
//! promise. Tests share a server where they can and keep apart by owners of their
//! own; those that change settings, crash it or count what is stored start one.

#![forbid(unsafe_code)]

mod support;

mod abuse;
mod admin;
mod attacks;
mod avif;
mod backup;
mod bombs;
mod carriers;
mod cli;
mod clients;
mod conditional;
mod conformance;
mod contract;
mod corpus;
mod crash;
mod delete;
mod digest;
mod download;
mod durability;
mod edits;
mod errors;
mod faults;
mod filenames;
mod filters;
mod http2;
mod idempotency;
mod integrity;
mod interrupted;
mod limits;
mod links;
mod list;
mod load;
mod lost_updates;
mod malformed;
mod memory;
mod migrate;
mod multipart;
mod observability;
mod owners;
mod polyglots;
mod privacy;
mod publishing;
mod quotas;
mod ranges;
mod recipes;
mod redis;
mod redis_faults;
mod s3;
mod settings;
mod tickets;
mod tokens;
mod types;
mod upload;
mod walks;
mod wishes;
