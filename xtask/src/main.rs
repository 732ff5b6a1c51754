//! Every chore of the repository, run as `cargo xtask <command>`.
//!
//! # Layout
//!
//! One file or folder for each command: `up`, `test` (and `ci`), `fuzz`, `bench`, `fsck`, `backup`
//! (and `restore`), `token` (and `keygen`), `sign`, `openapi`, `migrate` (`migrate-blobs`).
//! Shared subjects:
//!
//! - `cargo`: running cargo and rustup, the places in the repository
//! - `component`: building the WebAssembly component
//! - `guest`: the component's unit tests, compiled as it is
//! - `host`: choosing, starting and stopping the program that runs it
//! - `http`: the few requests that chores make
//! - `keys`: the development signing key and its tokens
//! - `peers`: other programs that tests and measurements talk to
//! - `say`: what a person sees while a chore runs
//! - `signals`: passing Ctrl-C on to the host, once
//! - `stores`: where the stores are, and the files that they are in

#![forbid(unsafe_code)]

mod backup;
mod bench;
mod cargo;
mod component;
mod fsck;
mod fuzz;
mod guest;
mod host;
mod http;
mod keys;
mod migrate;
mod openapi;
mod peers;
mod say;
mod sign;
mod signals;
mod stores;
mod test;
mod token;
mod up;

use std::process::ExitCode;

use clap::Parser;

/// Darkroom's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Build everything that is needed and serve Darkroom on this machine
    Up(up::Up),
    /// Check and test everything
    Test(test::Test),
    /// Check and test everything as CI does: what can not run here is a failure
    Ci,
    /// Write the description of the API anew, from the code
    Openapi(openapi::Openapi),
    /// Let fuzzers look for inputs that break a promise
    Fuzz(fuzz::Fuzz),
    /// Measure the application under load, beside nginx
    Bench(bench::Bench),
    /// Check every record and every byte of the stores, and repair what can be
    Fsck(fsck::Fsck),
    /// Copy the file stores of a server, which may be running
    Backup(backup::Backup),
    /// Put a backup in place
    Restore(backup::Restore),
    /// Print a bearer token signed with the first (or a named) key
    Token(token::Token),
    /// Print a signed URL for an image's bytes, made with the first (or a named) key
    Sign(sign::Sign),
    /// Move all blobs of a deployment from its previous store to its current one
    MigrateBlobs(migrate::MigrateBlobs),
    /// Print a fresh signing key as kid:secret
    Keygen(token::Keygen),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Up(up) => up.run(),
        Command::Test(test) => test.run(),
        Command::Ci => test::Test::for_ci().run(),
        Command::Openapi(openapi) => openapi.run(),
        Command::Fuzz(fuzz) => fuzz.run(),
        Command::Bench(bench) => bench.run(),
        Command::Fsck(fsck) => fsck.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Token(token) => token.run(),
        Command::Sign(sign) => sign.run(),
        Command::MigrateBlobs(migrate) => migrate.run(),
        Command::Keygen(keygen) => keygen.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::failure(&error);
            ExitCode::FAILURE
        }
    }
}
