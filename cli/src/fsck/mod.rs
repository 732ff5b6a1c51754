//! `darkroom fsck`: checks and repairs the stores.
//!
//! The application itself does the audit, since it supports every kind of store. A running server
//! is asked over HTTP; without one, the application is served for the duration of the audit. Store
//! files are also checked directly: with SQLite's own check, and for chunks that no record
//! explains.

mod audit;
mod local;
mod orphans;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use darkroom_host::runtime_config::RuntimeConfig;
use darkroom_host::serve::Deployment;

use crate::stores::{self, Files, Location};
use crate::variables::EnvFile;
use crate::{embedded, keys};
use audit::Server;

/// How long the token for an audit is valid.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks every record and every byte. The exit code is 1 if anything is wrong.
#[derive(Args)]
pub(crate) struct Fsck {
    /// The URL of a running server to audit [default: serve the application for the audit]
    #[arg(long, conflicts_with_all = ["data_dir", "runtime_config_file"])]
    url: Option<String>,
    /// A token for --url with the scope maintenance, or admin for --remove-damaged [default: one
    /// is signed with the first signing key]
    #[arg(long, requires = "url")]
    token: Option<String>,
    #[command(flatten)]
    location: Location,
    /// The manifest of an application to serve instead of the embedded one
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    wanted: Repairs,
}

/// The repairs to make.
#[derive(Args, Clone, Copy, Debug, Default)]
struct Repairs {
    /// Make all repairs that lose no data, and sweep
    #[arg(long)]
    repair: bool,
    /// Delete images whose bytes are missing or damaged
    #[arg(long, requires = "repair")]
    remove_damaged: bool,
}

impl Fsck {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let wrong = match &self.url {
            Some(url) => self.online(url, env_file)?,
            None => self.offline(env_file)?,
        };
        match wrong {
            0 if self.wanted.repair => println!("Everything is in order now."),
            0 => println!("Everything is in order."),
            1 => bail!("1 thing is wrong"),
            _ => bail!("{wrong} things are wrong"),
        }
        Ok(())
    }

    /// Audits the stores of a running server; returns how many things are wrong.
    fn online(&self, url: &str, env_file: &EnvFile) -> Result<u64> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => keys::admin_token(&env_file.variables()?, "fsck", LONGEST)?,
        };
        let server = Server::new(url.trim_end_matches('/'), &token);
        audit::run(&server, self.wanted)
    }

    /// Audits stores without a running server; returns how many things are wrong.
    fn offline(&self, env_file: &EnvFile) -> Result<u64> {
        let config = self.location.existing_config()?;
        let files = Files::in_use(&config, &env_file.variables()?)?;
        let mut wrong = 0;
        for path in files.paths() {
            ensure!(
                path.is_file(),
                "the file {} does not exist; name the stores with --data-dir or \
                 --runtime-config-file",
                path.display()
            );
            wrong += check_file(path)?;
        }
        if wrong > 0 {
            // An audit of a damaged file would be meaningless.
            return Ok(wrong);
        }
        wrong += self.audit_by_host(config, env_file)?;
        if let Some(blobs) = &files.blobs {
            wrong += orphans::run(&files.catalog, blobs, self.wanted.repair)?;
        }
        Ok(wrong)
    }

    fn audit_by_host(&self, config: RuntimeConfig, env_file: &EnvFile) -> Result<u64> {
        let deployment = Deployment {
            application: embedded::application(self.from.as_deref())?,
            config,
            env_file: env_file.existing()?.to_owned(),
        };
        local::serve(&deployment, |url, token| {
            audit::run(&Server::new(url, token), self.wanted)
        })
    }
}

/// Runs SQLite's own check on a file and prints the faults; returns how many there are.
fn check_file(path: &Path) -> Result<u64> {
    let connection = stores::open(path)?;
    let mut check = connection.prepare("PRAGMA quick_check")?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let faults = lines.iter().filter(|line| *line != "ok");
    for fault in faults.clone() {
        println!("damaged_file {}: {fault}", path.display());
    }
    Ok(faults.count() as u64)
}
