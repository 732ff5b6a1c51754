//! The operator's program, `darkroom`: serves the application, and manages its keys and its
//! stores.
//!
//! The library `darkroom` defines tokens, links and chunks. The host, `darkroom-host`, serves the
//! application and opens its stores. This crate has the command line, and the operator's tasks
//! other than serving.
//!
//! # Layout
//!
//! One file or directory for each command: `serve`, `health`, `config`, `token` (and `keygen`),
//! `sign`, `fsck`, `backup` (and `restore`), `migrate`, `migrate_catalog`,
//! `generate` (`completions` and `man`). Shared
//! subjects:
//!
//! - `embedded`: the application embedded in this program
//! - `http`: requests to a running server
//! - `keys`: the signing keys and the tokens signed with them
//! - `stores`: the location of the stores, and their files
//! - `variables`: the settings of the deployment

#![forbid(unsafe_code)]

mod backup;
mod config;
mod embedded;
mod fsck;
mod generate;
mod health;
mod http;
mod keys;
mod migrate;
mod migrate_catalog;
mod serve;
mod sign;
mod stores;
mod token;
mod variables;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use darkroom_host::exit;

/// Serves Darkroom, and manages its keys and its stores.
#[derive(Parser)]
#[command(name = "darkroom", version)]
struct CommandLine {
    #[command(flatten)]
    env_file: variables::EnvFile,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the application
    Serve(serve::Serve),
    /// Ask a server whether it is ready, as a health check does
    Health(health::Health),
    /// Check the configuration and print it
    Config(config::Config),
    /// Print a bearer token, signed with the first key or a named one
    Token(token::Token),
    /// Generate a signing key, and print it as kid:secret or save it
    Keygen(token::Keygen),
    /// Print a signed URL for an image's bytes, signed with the first key or a named one
    Sign(sign::Sign),
    /// Check every record and every byte of the stores, and repair them on request
    Fsck(fsck::Fsck),
    /// Copy the file stores of a server, which may be running
    Backup(backup::Backup),
    /// Restore a backup where there are no stores yet
    Restore(backup::Restore),
    /// Move all blobs of a deployment from its previous store to its current one
    #[command(alias = "migrate-blobs")]
    Migrate(migrate::Migrate),
    /// Move the catalog from SQLite to PostgreSQL, or back
    MigrateCatalog(migrate_catalog::MigrateCatalog),
    /// Print a shell's completion script for these commands
    Completions(generate::Completions),
    /// Print the manual page, or write the pages of all commands
    Man(generate::Man),
}

/// Runs the command that the command line names. The exit code is 0 if the command succeeded, 1 if
/// it failed or found something wrong, 2 if the command line is invalid, and 78 if a setting is
/// wrong.
pub fn run() -> ExitCode {
    match CommandLine::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            exit::code(&error)
        }
    }
}

impl CommandLine {
    fn run(self) -> Result<()> {
        let env_file = &self.env_file;
        match self.command {
            Command::Serve(serve) => serve.run(env_file),
            Command::Health(health) => health.run(),
            Command::Config(config) => config.run(env_file),
            Command::Token(token) => token.run(env_file),
            Command::Keygen(keygen) => keygen.run(env_file),
            Command::Sign(sign) => sign.run(env_file),
            Command::Fsck(fsck) => fsck.run(env_file),
            Command::Backup(backup) => backup.run(env_file),
            Command::Restore(restore) => restore.run(env_file),
            Command::Migrate(migrate) => migrate.run(env_file),
            Command::MigrateCatalog(migrate) => migrate.run(env_file),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn global_options_do_not_conflict_with_those_of_a_command() {
        for line in [
            "serve --from a --listen 127.0.0.1:0",
            "health --url a",
            "config check --data-dir a --variable b=c",
            "token --sub a",
            "keygen --kid a",
            "sign --path /a --epoch 1",
            "fsck --from a --data-dir b",
            "backup --to a",
            "restore --from a",
            "migrate --url a",
            "migrate-catalog --to postgres --rehearse --data-dir a",
            "completions bash",
            "man --out a",
        ] {
            let words = format!("darkroom {line} --env-file c");
            let parsed = CommandLine::try_parse_from(words.split(' '));
            let parsed = parsed.unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(parsed.env_file.path().to_str(), Some("c"), "{line}");
        }
    }

    #[test]
    fn the_readme_lists_all_commands() {
        let readme = include_str!("../../README.md");
        let (_, table) = readme.split_once("| `darkroom …` | Description |").unwrap();
        let rows = table.lines().skip(2);
        let rows = rows.take_while(|row| row.starts_with('|'));
        let names = rows.flat_map(|row| {
            let cell = row.split(" | ").next().unwrap();
            cell.split('`').skip(1).step_by(2)
        });
        let mut listed: Vec<&str> = names.map(|name| name.split(' ').next().unwrap()).collect();
        listed.sort_unstable();
        let command = CommandLine::command();
        let mut all: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        all.sort_unstable();
        assert_eq!(listed, all);
    }
}
