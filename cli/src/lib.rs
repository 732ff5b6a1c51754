//! The operator's program, `darkroom`: serves the application, and looks after its keys and its
//! stores.
//!
//! What tokens, links and chunks look like is the library's to say (`darkroom`), how an
//! application is served and where its stores are the host's (`darkroom-host`); here are the
//! command line and what operators do beside serving.
//!
//! # Layout
//!
//! One file or folder for each command: `serve`, `token` (and `keygen`), `sign`, `fsck`, `backup`
//! (and `restore`), `migrate`, `generate` (`completions` and `man`). Shared subjects:
//!
//! - `embedded`: the application inside this program
//! - `http`: asking a running server
//! - `keys`: the signing keys and what is signed with them
//! - `stores`: where the stores are, and the files that they are in
//! - `variables`: the settings of the deployment

#![forbid(unsafe_code)]

mod backup;
mod embedded;
mod fsck;
mod generate;
mod http;
mod keys;
mod migrate;
mod serve;
mod sign;
mod stores;
mod token;
mod variables;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Serves Darkroom, and looks after its keys and its stores.
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
    /// Print a bearer token signed with the first (or a named) key
    Token(token::Token),
    /// Print a fresh signing key as kid:secret, or keep it
    Keygen(token::Keygen),
    /// Print a signed URL for an image's bytes, made with the first (or a named) key
    Sign(sign::Sign),
    /// Check every record and every byte of the stores, and repair what can be
    Fsck(fsck::Fsck),
    /// Copy the file stores of a server, which may be running
    Backup(backup::Backup),
    /// Put a backup in place
    Restore(backup::Restore),
    /// Move all blobs of a deployment from its previous store to its current one
    #[command(alias = "migrate-blobs")]
    Migrate(migrate::Migrate),
    /// Print what completes these commands in a shell
    Completions(generate::Completions),
    /// Print the manual page, or write the pages of all commands
    Man(generate::Man),
}

/// Does what the command line says; the exit code is 0 where it was done, 1 where it failed or
/// something was found wrong, and 2 where the command line is not understood.
pub fn run() -> ExitCode {
    match CommandLine::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl CommandLine {
    fn run(self) -> Result<()> {
        let env_file = &self.env_file;
        match self.command {
            Command::Serve(serve) => serve.run(env_file),
            Command::Token(token) => token.run(env_file),
            Command::Keygen(keygen) => keygen.run(env_file),
            Command::Sign(sign) => sign.run(env_file),
            Command::Fsck(fsck) => fsck.run(env_file),
            Command::Backup(backup) => backup.run(env_file),
            Command::Restore(restore) => restore.run(env_file),
            Command::Migrate(migrate) => migrate.run(env_file),
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
    fn options_of_all_commands_do_not_get_into_the_way_of_their_own() {
        for line in [
            "serve --from a --listen 127.0.0.1:0",
            "token --sub a",
            "keygen --kid a",
            "sign --path /a --epoch 1",
            "fsck --from a --data-dir b",
            "backup --to a",
            "restore --from a",
            "migrate --url a",
            "completions bash",
            "man --out a",
        ] {
            let words = format!("darkroom {line} --env-file c");
            let parsed = CommandLine::try_parse_from(words.split(' '));
            let parsed = parsed.unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(parsed.env_file.path().to_str(), Some("c"), "{line}");
        }
    }
}
