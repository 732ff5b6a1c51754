//! Runs a program that is compiled to WebAssembly. cargo uses it as the runner of tests, and
//! passes the program and its arguments. The program may read and write in the current directory.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use darkroom_host::command;

/// Runs a WebAssembly program in the current directory.
#[derive(Parser)]
struct Options {
    /// The program, a core module of WASI preview 1.
    module: PathBuf,
    /// The program's arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match std::env::current_dir() {
        Ok(folder) => command::run(&options.module, &options.arguments, &folder).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(status) => ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX)),
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}
