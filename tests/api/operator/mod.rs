//! What an operator does and sees.

mod admin;
mod backup;
mod cli;
mod migrate;
mod observability;
mod settings;
