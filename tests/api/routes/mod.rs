//! Requests by what they ask for: a resource, or what all of them have in common.

mod conditional;
mod delete;
mod digest;
mod download;
mod edits;
mod errors;
mod filenames;
mod filters;
mod idempotency;
mod limits;
mod links;
mod list;
mod lost_updates;
mod multipart;
mod owners;
mod pagination;
mod publishing;
mod quotas;
mod ranges;
mod rejected_bodies;
mod tickets;
mod tokens;
mod upload;
