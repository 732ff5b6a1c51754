//! `cargo xtask fsck`: whether the stores are sound, and putting right what is not.
//!
//! The audit itself is the server's, which knows every kind of store. A running one is
//! asked over HTTP; without one, a host is started on the stores. Where these are
//! files, they are looked at directly too: whether SQLite finds them sound, and
//! whether they hold chunks that no record explains.

mod audit;
mod orphans;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::component::{self, Profile};
use crate::host::{Choice, Host, Launch, Program};
use crate::keys::{self, Wanted};
use crate::stores::{self, Files, Location};
use audit::Server;

/// Checks every record and every byte; the exit code is 1 if anything is wrong.
#[derive(Args)]
pub(crate) struct Fsck {
    /// A running server to ask [default: one is started on the stores]
    #[arg(long, conflicts_with_all = ["data_dir", "runtime_config_file", "host"])]
    url: Option<String>,
    /// A token with the scope admin [default: one is signed with the first signing key]
    #[arg(long)]
    token: Option<String>,
    #[command(flatten)]
    location: Location,
    /// What runs the component
    #[arg(long, value_enum, default_value = "auto")]
    host: Choice,
    #[command(flatten)]
    wanted: Wishes,
}

/// What is to be done about what is found.
#[derive(Args, Clone, Copy, Debug, Default)]
struct Wishes {
    /// Put right what can be without losing anything, and sweep
    #[arg(long)]
    repair: bool,
    /// Delete images whose bytes are gone or damaged
    #[arg(long, requires = "repair")]
    remove_damaged: bool,
}

impl Fsck {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let wrong = match &self.url {
            Some(url) => self.online(url)?,
            None => self.offline()?,
        };
        match wrong {
            0 if self.wanted.repair => println!("Everything is in order now."),
            0 => println!("Everything is in order."),
            1 => bail!("1 thing is wrong"),
            _ => bail!("{wrong} things are wrong"),
        }
        Ok(())
    }

    /// How much is wrong with the stores of a running server.
    fn online(&self, url: &str) -> Result<u64> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => admin_token(&keys::existing()?)?,
        };
        let server = Server::new(url.trim_end_matches('/'), &token);
        audit::run(&server, self.wanted)
    }

    /// How much is wrong with stores that no server needs to be running on.
    fn offline(&self) -> Result<u64> {
        let data_dir = self.location.data_dir()?;
        let config = self.location.existing_config(&data_dir)?;
        let files = Files::in_use(&config)?;
        let mut wrong = 0;
        for path in files.paths() {
            ensure!(
                path.is_file(),
                "there is no {}; which stores are meant? (--data-dir, --runtime-config-file)",
                path.display()
            );
            wrong += check_file(path)?;
        }
        if wrong > 0 {
            // What the server says of a broken file means nothing.
            return Ok(wrong);
        }
        wrong += self.audit_by_host(&data_dir, &config)?;
        if let (Some(catalog), Some(blobs)) = (&files.catalog, &files.blobs) {
            wrong += orphans::run(catalog, blobs, self.wanted.repair)?;
        }
        Ok(wrong)
    }

    fn audit_by_host(&self, data_dir: &Path, config: &Path) -> Result<u64> {
        let program = Program::resolve(self.host)?;
        let component = component::build(Profile::Release)?;
        let mut environment = keys::variables()?;
        let signing_keys = keys::ensure()?;
        environment.push((
            "SPIN_VARIABLE_SIGNING_KEYS".to_owned(),
            signing_keys.clone(),
        ));
        let log = data_dir.join("fsck.log");
        let launch = Launch {
            manifest: component.manifest,
            runtime_config: config.to_owned(),
            state_dir: data_dir.to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            variables: Vec::new(),
            environment,
            max_instance_memory: None,
            log: Some(log),
        };
        let mut host = Host::spawn(&program, &launch)?;
        host.wait_until_ready()?;
        let server = Server::new(&host.address, &admin_token(&signing_keys)?);
        audit::run(&server, self.wanted)
    }
}

/// A token for the time that an audit takes.
fn admin_token(signing_keys: &str) -> Result<String> {
    let audience = keys::variable(&keys::variables()?, "token_audience");
    keys::mint(
        signing_keys,
        &Wanted {
            sub: "fsck",
            scope: "admin",
            expires_in: Duration::from_secs(24 * 60 * 60),
            audience,
            key_id: None,
        },
    )
}

/// SQLite's own check of a file: how much is wrong with it.
fn check_file(path: &Path) -> Result<u64> {
    let connection = stores::open(path)?;
    let mut check = connection.prepare("PRAGMA quick_check")?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} can not be read", path.display()))?;
    let faults = lines.iter().filter(|line| *line != "ok");
    for fault in faults.clone() {
        println!("damaged_file {}: {fault}", path.display());
    }
    Ok(faults.count() as u64)
}
