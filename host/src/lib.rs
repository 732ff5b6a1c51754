//! The embedded host: serves a Spin HTTP application without a `spin` binary, from the same
//! `spin.toml` and `runtime-config.toml`.
//!
//! Spin is the reference. This host implements the part of it that one self-contained application
//! needs, with the same observable behaviour. If an application uses any other part, the host
//! refuses to start, and names it.
//!
//! # Layout
//! - [`manifest`], [`runtime_config`], [`variables`]: the description of the application;
//!   `similar`: names that were probably meant.
//! - [`engine`], [`component`], [`instances`], [`worker`], [`compute`]: a component and its instances;
//!   [`single_use`], [`processor_time`]: instances for one request each; [`ctx`]: the state of an instance.
//! - [`server`], [`connection`], [`routes`], [`target`], [`under_way`]: incoming HTTP; [`gather`],
//!   [`answered`]: bodies in transit; [`slow_body`], [`slow_reader`], [`patience`]: slow clients;
//!   [`problem`]: the host's own error responses; [`outbound`], [`allowed_hosts`]: outgoing HTTP;
//!   [`chain`]: requests between the application's components.
//! - [`bindings`], `interfaces`: the calls that a component may make.
//! - [`key_value`], [`sqlite`]: the stores; [`db`]: the file under both; [`postgres`]: databases of
//!   others.
//! - [`app`]: the application as a whole; [`room`]: how much of it the memory has room for;
//!   [`serve`]: serves it until a signal stops it; `listen`, `listener`: the address and its socket;
//!   [`readiness`]: whether the application accepts its settings; [`exit`]: exit codes; `allocator`:
//!   that of programs that are deployed.
//! - [`command`]: runs the component's unit tests, independently of the modules above.
//! - [`metrics`]: metrics of requests, for Prometheus; [`log`], [`stats`]: logs and counters.
//!
//! # Differences from Spin
//! Instances serve up to 16 requests at a time, and are dropped after a second without one; all
//! share one SQLite connection per database; errors of a statement come after its rows: all as on
//! Spin. The host differs in speed: its SQLite files are in WAL mode, writes that wait at the same
//! time share one durable commit, and an instance serves up to 1,024 requests, not 128. Instances are
//! in sets, one for each processor, among which requests are distributed, where Spin has one set. It
//! also limits slow clients and instances that compute for too long, which Spin leaves to the proxy in
//! front or does not limit. It takes the `runtime-config.toml` beside the manifest unless told
//! otherwise, and it ends at the start, with an exit code of its own, if the application does not
//! accept its settings. It measures requests for Prometheus, where Spin has OpenTelemetry.
//!
//! Of single-use instances (those of WASI 0.2), a bounded number runs at the same time, on threads
//! of low priority; an instance whose caller has gone before the response is ended, and one that
//! traps after the head of its response breaks the response off. Chains of requests between
//! components are bounded, the caller's time-outs apply to them, and a component that does not
//! exist is an error where Spin ends the caller. Any other difference is a mistake in the host.

#[cfg(feature = "mimalloc")]
mod allocator;
pub mod allowed_hosts;
pub mod answered;
pub mod app;
pub mod bindings;
pub mod chain;
pub mod command;
pub mod component;
pub mod compute;
pub mod connection;
pub mod ctx;
pub mod db;
pub mod engine;
pub mod exit;
pub mod gather;
pub mod instances;
mod interfaces;
pub mod key_value;
mod listen;
mod listener;
pub mod log;
pub mod manifest;
pub mod metrics;
pub mod outbound;
pub mod patience;
pub mod postgres;
pub mod problem;
pub mod processor_time;
pub mod readiness;
pub mod room;
pub mod routes;
pub mod runtime_config;
pub mod serve;
pub mod server;
mod similar;
pub mod single_use;
pub mod slow_body;
pub mod slow_reader;
pub mod sqlite;
pub mod stats;
pub mod target;
pub mod under_way;
pub mod variables;
mod wasi;
pub mod worker;
