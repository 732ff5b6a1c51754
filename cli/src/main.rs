//! The operator's program: see the library.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    darkroom_cli::run()
}
