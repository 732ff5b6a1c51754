//! The embedded host: serves a Spin HTTP application where no `spin` binary
//! is installed, from the same `spin.toml` and `runtime-config.toml`.
//!
//! Spin is the reference. This program offers the part of it that one
//! self-contained application needs, with the same observable behaviour, and
//! refuses the rest at start by name.
//!
//! # Layout
//! - [`manifest`], [`runtime_config`], [`variables`]: what is to be served.
//! - [`engine`], [`worker`], [`bindings`]: the component and its instances.
//! - [`routes`], [`server`], [`slow_body`]: HTTP in; [`problem`], [`refusal`]: what the host
//!   answers itself; [`outbound`]: HTTP out.
//! - [`key_value`], [`sqlite`]: the stores; [`db`] is the file under both.
//! - [`app`]: all of it put together; [`serve`]: served until a signal ends it.
//! - [`log`], [`stats`]: what can be seen from outside.

pub mod app;
pub mod bindings;
pub mod db;
pub mod engine;
pub mod key_value;
pub mod log;
pub mod manifest;
pub mod outbound;
pub mod problem;
pub mod refusal;
pub mod routes;
pub mod runtime_config;
pub mod serve;
pub mod server;
pub mod slow_body;
pub mod sqlite;
pub mod stats;
pub mod variables;
pub mod worker;
