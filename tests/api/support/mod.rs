//! The foundation of the tests: servers, shared or separate, clients with tokens, images of any
//! size, and access to the stores.

mod admin;
mod answer;
mod chores;
mod client;
pub(crate) mod environment;
mod fake_redis;
mod fixtures;
pub(crate) mod frames;
mod gate;
mod image;
mod links;
mod nginx;
mod peer;
mod png;
pub(crate) mod process;
mod program;
mod raw;
mod redis;
mod refusal;
mod s3;
mod server;
pub(crate) mod setup;
mod stores;
mod tls;
mod tokens;
mod watchdog;

pub(crate) use answer::{header, problem};
pub(crate) use chores::{Chore, chore, ended, operator};
pub(crate) use client::{Client, created, send, unique};
pub(crate) use environment::{Kind, host_kind, peer, spin_differs};
pub(crate) use fake_redis::{FakeRedis, Fault};
pub(crate) use fixtures::{FIXTURES, Fixture, fixture};
pub(crate) use image::{check_image, content, path, repr_digest, sha256_hex};
pub(crate) use links::{signed_link, signed_ticket, ticket};
pub(crate) use nginx::Nginx;
pub(crate) use png::Png;
pub(crate) use program::Program;
pub(crate) use raw::{Raw, RawResponse};
pub(crate) use redis::{Redis, redis_keys, redis_reads};
pub(crate) use refusal::{EX_CONFIG, refusal};
pub(crate) use s3::S3;
pub(crate) use server::Darkroom;
pub(crate) use setup::{Disk, Setup};
pub(crate) use stores::eventually;
pub(crate) use tokens::{ALL_SCOPES, KEYS, SECRET, now, signed, signed_text, token, token_by};
