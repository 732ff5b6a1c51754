//! The command line of the embedded host.

#![forbid(unsafe_code)]

use anyhow::Result;
use clap::Parser;
use darkroom_host::app::Application;
use darkroom_host::exit;
use darkroom_host::runtime_config::RuntimeConfig;
use darkroom_host::serve::{self, Deployment};
use std::path::PathBuf;
use std::process::ExitCode;

/// Serves a Spin HTTP application.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    /// The application's manifest.
    #[arg(long, short, default_value = "spin.toml", value_name = "FILE")]
    from: PathBuf,
    /// The runtime configuration, which defines the stores [default: runtime-config.toml beside
    /// the manifest, if it exists].
    #[arg(long, value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,
    /// The directory for default stores and compiled code [default: .spin beside the manifest].
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    options: serve::Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(CommandLine::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            exit::code(&error)
        }
    }
}

async fn run(line: CommandLine) -> Result<()> {
    let application = Application::File(line.from);
    let folder = application.folder()?;
    let deployment = Deployment {
        config: RuntimeConfig::find(
            line.runtime_config_file.as_deref(),
            line.state_dir.as_deref(),
            &folder,
        )?,
        env_file: folder.join(".env"),
        application,
    };
    serve::run(line.options, deployment).await
}
