//! `darkroom serve`: serves the application on the embedded host until a signal stops it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use darkroom_host::app::Application;
use darkroom_host::serve::{self, Deployment};
use tokio::runtime::Runtime;

use crate::embedded;
use crate::stores::Location;
use crate::variables::{EnvFile, Variables};

/// Serves the application embedded in this program.
#[derive(Args)]
pub(crate) struct Serve {
    /// The manifest of an application to serve instead of the embedded one
    #[arg(long, short, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    location: Location,
    #[command(flatten)]
    options: serve::Options,
}

impl Serve {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let env_file = env_file.existing()?.to_owned();
        let application = embedded::application(self.from.as_deref())?;
        if let Application::Embedded { .. } = application {
            // Without signing keys, the component would start but refuse every request.
            let given = self.options.variable.iter().cloned().collect();
            Variables::read(&env_file, given)?.signing_keys()?;
        }
        let deployment = Deployment {
            application,
            config: self.location.config()?,
            env_file,
        };
        Runtime::new()?.block_on(serve::run(self.options, deployment))
    }
}
