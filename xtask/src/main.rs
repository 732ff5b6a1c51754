//! Every chore of the repository, run as `cargo xtask <command>`.
//!
//! # Layout
//!
//! One file or folder for each command: `up`, `test` (and `ci`), `fuzz`, `bench`, `gallery`,
//! `openapi`, `variables`; the commands of the operator's program are passed on to it
//! (`operator`). Shared subjects:
//!
//! - `cargo`: running cargo and rustup, the paths of the repository
//! - `end_with`: hosts that end with xtask, however it ends
//! - `component`: building the WebAssembly component
//! - `guest`: the component's unit tests, compiled for the component's target
//! - `host`: choosing, starting and stopping the program that runs it
//! - `http`: the few HTTP requests that chores make
//! - `keys`: the development signing key and its tokens
//! - `tools`: other programs that tests and benchmarks need
//! - `say`: progress and errors, printed for a person
//! - `signals`: passing Ctrl-C on to the host, once
//! - `operator`: building and running the operator's program
//! - `stores`: the location of the stores

#![forbid(unsafe_code)]

mod bench;
mod cargo;
mod component;
mod end_with;
mod fuzz;
mod gallery;
mod guest;
mod host;
mod http;
mod keys;
mod openapi;
mod operator;
mod say;
mod signals;
mod stores;
mod test;
mod tools;
mod up;
mod variables;

/// The form of addresses, and of misspelt names: the same as the embedded host's.
#[path = "../../host/src/listen.rs"]
mod listen;
#[path = "../../host/src/similar.rs"]
mod similar;

use std::process::ExitCode;

use clap::Parser;

use host::{EX_CONFIG, Ended};
use operator::Passed;

/// Darkroom's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Build everything that is needed and serve Darkroom on this machine
    Up(up::Up),
    /// Check and test everything
    Test(test::Test),
    /// Check and test everything as CI does: a test that cannot run here is a failure
    Ci,
    /// Regenerate the description of the API from the code
    Openapi(openapi::Openapi),
    /// Regenerate the variables in spin.toml and README.md from the table in the code
    Variables(variables::Variables),
    /// Run the fuzzers, which look for inputs that break a promise
    Fuzz(fuzz::Fuzz),
    /// Benchmark the application under load, next to nginx
    Bench(bench::Bench),
    /// Derive a few pictures in every way, on a page to look at
    Gallery(gallery::Gallery),
    /// darkroom fsck: check every record and every byte in the stores
    Fsck(Passed),
    /// darkroom backup: copy the file stores of a server, which may be running
    Backup(Passed),
    /// darkroom restore: put a backup in place
    Restore(Passed),
    /// darkroom token: print a bearer token
    Token(Passed),
    /// darkroom sign: print a signed URL for an image's bytes
    Sign(Passed),
    /// darkroom migrate: move all blobs from the previous store to the current one
    MigrateBlobs(Passed),
    /// darkroom keygen: print a fresh signing key
    Keygen(Passed),
    /// darkroom config: check the configuration and print it
    Config(Passed),
    /// Become a program that ends with its parent
    #[command(hide = true)]
    EndWith(end_with::EndWith),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Up(up) => up.run(),
        Command::Test(test) => test.run(),
        Command::Ci => test::Test::for_ci().run(),
        Command::Openapi(openapi) => openapi.run(),
        Command::Variables(variables) => variables.run(),
        Command::Fuzz(fuzz) => fuzz.run(),
        Command::Bench(bench) => bench.run(),
        Command::Gallery(gallery) => gallery.run(),
        Command::Fsck(passed) => passed.run("fsck"),
        Command::Backup(passed) => passed.run("backup"),
        Command::Restore(passed) => passed.run("restore"),
        Command::Token(passed) => passed.run("token"),
        Command::Sign(passed) => passed.run("sign"),
        Command::MigrateBlobs(passed) => passed.run("migrate"),
        Command::Keygen(passed) => passed.run("keygen"),
        Command::Config(passed) => passed.run("config"),
        Command::EndWith(end_with) => end_with.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Prints the error, unless a program has printed it already.
fn failed(error: &anyhow::Error) -> ExitCode {
    let ended = error.downcast_ref::<Ended>();
    if ended.is_some_and(Ended::has_named_a_wrong_setting) {
        return ExitCode::from(EX_CONFIG);
    }
    say::failure(error);
    ExitCode::FAILURE
}
