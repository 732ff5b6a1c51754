//! The embedded host: serves a Spin HTTP application where no `spin` binary
//! is installed, from the same `spin.toml` and `runtime-config.toml`.
//!
//! Spin is the reference. This program offers the part of it that one
//! self-contained application needs, with the same observable behaviour, and
//! refuses the rest at start by name.
//!
//! # Layout
//! - [`manifest`], [`runtime_config`], [`variables`]: what is to be served.
//! - [`engine`], [`component`], [`worker`], [`compute`]: the component and its instances;
//!   [`ctx`]: the state of one.
//! - [`server`], [`connection`], [`routes`], [`target`], [`under_way`]: HTTP in; [`gather`],
//!   [`answered`]: bodies on their way; [`slow_body`], [`slow_reader`], [`patience`]: those
//!   that take too long; [`problem`]: what the host answers itself;
//!   [`outbound`]: HTTP out.
//! - [`bindings`], `interfaces`: the calls that a component may make of what follows.
//! - [`key_value`], [`sqlite`]: the stores; [`db`] is the file under both.
//! - [`app`]: all of it put together; [`serve`]: served until a signal ends it.
//! - [`command`]: runs the component's unit tests; nothing of the above is in it.
//! - [`log`], [`stats`]: what can be seen from outside.

pub mod answered;
pub mod app;
pub mod bindings;
pub mod command;
pub mod component;
pub mod compute;
pub mod connection;
pub mod ctx;
pub mod db;
pub mod engine;
pub mod gather;
mod interfaces;
pub mod key_value;
pub mod log;
pub mod manifest;
pub mod outbound;
pub mod patience;
pub mod problem;
pub mod routes;
pub mod runtime_config;
pub mod serve;
pub mod server;
pub mod slow_body;
pub mod slow_reader;
pub mod sqlite;
pub mod stats;
pub mod target;
pub mod under_way;
pub mod variables;
pub mod worker;
