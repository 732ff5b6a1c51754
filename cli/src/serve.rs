//! `darkroom serve`: serves the application on the embedded host until a signal stops it.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use darkroom_host::app::Application;
use darkroom_host::serve::{self, Deployment};
use tokio::runtime::Runtime;

use crate::embedded;
use crate::keys::{self, Wanted};
use crate::stores::Location;
use crate::token::OWN_IMAGES;
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
            let variables = Variables::read(&env_file, given)?;
            variables.signing_keys()?;
            if io::stdout().is_terminal() {
                self.show_page(&variables);
            }
        }
        let deployment = Deployment {
            application,
            config: self.location.config()?,
            env_file,
        };
        Runtime::new()?.block_on(serve::run(self.options, deployment))
    }
    /// Prints a link that opens the page, for whoever tries the application on this machine: it
    /// contains a token, which does not belong into a log, nor to a server for others.
    fn show_page(&self, variables: &Variables) {
        let listen = self.options.listen;
        let is_off = variables.get("page") == Some("off");
        if is_off || listen.port() == 0 || !listen.ip().is_loopback() {
            return;
        }
        let wanted = Wanted {
            sub: "dev",
            scope: OWN_IMAGES,
            expires_in: Duration::from_secs(60 * 60),
            audience: None,
            key_id: None,
        };
        // The link is a convenience: what is wrong with the keys or the limits is said elsewhere.
        if let Ok(token) = keys::mint(variables, &wanted) {
            println!("Upload and look at images as \"dev\": http://{listen}/#token={token}");
        }
    }
}
