//! The operator's work: administration, backups, migration, settings, logs and metrics.

mod admin;
mod backup;
mod backup_postgres;
mod cli;
mod deployment;
mod migrate;
mod migrate_catalog;
mod observability;
mod rates;
mod round_trips;
mod settings;
