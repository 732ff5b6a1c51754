//! The routes of the API, by resource, and what all requests have in common.

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
