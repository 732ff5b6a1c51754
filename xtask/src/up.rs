//! `cargo xtask up`: from a fresh clone to a running application.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Progress};
use crate::component::{self, Component, Profile};
use crate::host::{Build, Choice, Host, Launch, Program};
use crate::keys::{self, OWN_IMAGES, TokenOptions};
use crate::say;
use crate::signals::Relay;
use crate::stores::Location;

/// Builds everything that is needed, starts a host and keeps it running until Ctrl-C.
#[derive(Args)]
pub(crate) struct Up {
    /// The address to serve on; with port 0, the system chooses a free port
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: String,
    #[command(flatten)]
    location: Location,
    /// What runs the component
    #[arg(long, value_enum, default_value = "auto")]
    host: Choice,
    /// Build the embedded host with all optimisations, as for deployment
    #[arg(long, conflicts_with = "debug")]
    release: bool,
    /// Build the component without optimisation: quicker to build, slower to run
    #[arg(long)]
    debug: bool,
    /// Set a variable of spin.toml: name=value; can be repeated
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = parse_variable)]
    variables: Vec<(String, String)>,
    /// Limit the memory of an instance, in bytes
    #[arg(long, value_name = "BYTES")]
    max_instance_memory: Option<u64>,
}

impl Up {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let (build, profile) = match (self.release, self.debug) {
            (true, _) => (Build::Release, Profile::Release),
            (false, true) => (Build::Dev, Profile::Debug),
            (false, false) => (Build::Dev, Profile::Release),
        };
        let data_dir = self.location.data_dir()?;
        let runtime_config = self.location.config(&data_dir)?;
        let (program, component) = self.build(build, profile)?;
        let mut environment = keys::variables()?;
        let signing_keys = match self.variable("signing_keys") {
            Some(keys) => keys,
            None => keys::ensure()?,
        };
        environment.push((
            "SPIN_VARIABLE_SIGNING_KEYS".to_owned(),
            signing_keys.clone(),
        ));
        let audience = self
            .variable("token_audience")
            .or_else(|| keys::variable(&environment, "token_audience"));
        let launch = Launch {
            manifest: component.manifest,
            runtime_config,
            state_dir: data_dir,
            listen: self.listen.clone(),
            variables: self
                .variables
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            environment,
            max_instance_memory: self.max_instance_memory,
            log: None,
        };
        say::step("Starting the host");
        serve(&program, &launch, &signing_keys, audience)
    }

    /// Builds the component while the host is being built, or found.
    fn build(&self, build: Build, profile: Profile) -> Result<(Program, Component)> {
        cargo::ensure_wasm_target()?;
        if self.host == Choice::Spin {
            // Nothing is built in vain if there is no Spin.
            return Ok((
                Program::resolve(self.host, build)?,
                component::build(profile, Progress::Shown)?,
            ));
        }
        thread::scope(|scope| {
            let component = scope.spawn(|| component::build(profile, Progress::Hidden));
            let program = Program::resolve(self.host, build);
            let component = component.join();
            let component = component.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((program?, component?))
        })
    }

    fn variable(&self, name: &str) -> Option<String> {
        let given = self
            .variables
            .iter()
            .rev()
            .find(|(known, _)| known == name)?;
        Some(given.1.clone())
    }
}

fn serve(program: &Program, launch: &Launch, keys: &str, audience: Option<String>) -> Result<()> {
    let relay = Relay::install()?;
    let start = Instant::now();
    let mut host = Host::spawn(program, launch)?;
    let asked_to_stop = relay.to(host.id());
    let ready = host.wait_until_ready();
    if asked_to_stop.load(Ordering::SeqCst) {
        return Ok(());
    }
    ready?;
    say::step(&format!("Ready after {}", say::duration(start.elapsed())));
    let token = keys::mint(
        keys,
        &TokenOptions {
            sub: "dev",
            scope: OWN_IMAGES,
            expires_in: Duration::from_secs(60 * 60),
            audience,
            key_id: None,
        },
    )?;
    println!("{}", welcome(&host.address, &token));
    let status = host.wait()?;
    if asked_to_stop.load(Ordering::SeqCst) {
        return Ok(());
    }
    Err(host.ended(status))
}

fn welcome(address: &str, token: &str) -> String {
    format!(
        "\nDarkroom serves {address} (documentation: {address}/docs). Ctrl-C stops it.\n\n\
         Upload a picture; this token is valid for one hour:\n\n  \
         curl -F file=@photo.jpg -H \"Authorization: Bearer {token}\" {address}/v1/images\n"
    )
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a variable must have the form name=value".to_owned()),
    }
}
