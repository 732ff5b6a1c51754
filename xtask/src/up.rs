//! `cargo xtask up`: from a fresh clone to a running application.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::Args;

use crate::cargo::{self, Progress};
use crate::component::{self, Components, Profile};
use crate::host::{Build, Choice, Host, Kind, Launch, Program};
use crate::keys::{self, OWN_IMAGES, TokenOptions};
use crate::signals::Relay;
use crate::similar::closest;
use crate::stores::Location;
use crate::{http, listen, operator, say};

/// Builds everything that is needed, starts a host and keeps it running until Ctrl-C.
#[derive(Args)]
pub(crate) struct Up {
    /// The address to serve on, such as 127.0.0.1:3000, localhost:3000 or 3000; with port 0, the
    /// system chooses a free port
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS", value_parser = listen::parse)]
    listen: SocketAddr,
    #[command(flatten)]
    location: Location,
    /// What runs the components
    #[arg(long, value_enum, default_value = "auto")]
    host: Choice,
    /// Build the embedded host with all optimisations, as for deployment
    #[arg(long, conflicts_with = "debug")]
    release: bool,
    /// Build the components without optimisation: quicker to build, slower to run
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
        // Everything that can be wrong is checked before anything is built.
        self.check_names()?;
        let data_dir = self.location.data_dir()?;
        let runtime_config = self.location.config(&data_dir)?;
        let reserved = TcpListener::bind(self.listen);
        let reserved =
            reserved.map_err(|error| anyhow!(listen::unavailable(self.listen, &error)))?;
        let address = reserved.local_addr()?;
        let mut environment = keys::variables()?;
        let (program, components) = self.build(build, profile)?;
        let signing_keys = match self.variable("signing_keys") {
            Some(keys) => keys,
            None => keys::ensure()?,
        };
        environment.push((
            "SPIN_VARIABLE_SIGNING_KEYS".to_owned(),
            signing_keys.clone(),
        ));
        if self.variable("public_base_url").is_none() {
            ensure_base_url(&mut environment, address);
        }
        let audience = self
            .variable("token_audience")
            .or_else(|| keys::variable(&environment, "token_audience"));
        let launch = Launch {
            manifest: components.manifest,
            runtime_config,
            state_dir: data_dir,
            listen: address.to_string(),
            variables: self
                .variables
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            environment,
            max_instance_memory: self.max_instance_memory,
            arguments: Vec::new(),
            log: None,
        };
        if program.kind == Kind::Spin {
            // The embedded host does so itself.
            operator::check_config(&launch.environment, &self.variables)?;
        }
        say::step("Starting the host");
        drop(reserved);
        serve(&program, &launch, &signing_keys, audience)
    }

    /// Checks that the variables of the command line exist.
    fn check_names(&self) -> Result<()> {
        let known = component::variables()?;
        for (name, _) in &self.variables {
            if !known.contains(name) {
                let meant = closest(name, known.iter().map(String::as_str));
                let meant =
                    meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
                bail!("--variable {name}: spin.toml declares no such variable{meant}");
            }
        }
        Ok(())
    }

    /// Builds the components while the host is being built, or found.
    fn build(&self, build: Build, profile: Profile) -> Result<(Program, Components)> {
        cargo::ensure_wasm_target()?;
        if self.host == Choice::Spin {
            // Nothing is built in vain if there is no Spin.
            return Ok((
                Program::resolve(self.host, build)?,
                component::build(profile, Progress::Shown)?,
            ));
        }
        thread::scope(|scope| {
            let components = scope.spawn(|| component::build(profile, Progress::Hidden));
            let program = Program::resolve(self.host, build);
            let components = components.join();
            let components = components.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((program?, components?))
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

/// Sets the variable `public_base_url` to the address, unless it is set, so that links and tickets
/// are whole URLs.
fn ensure_base_url(environment: &mut Vec<(String, String)>, address: SocketAddr) {
    if keys::variable(environment, "public_base_url").is_none() {
        let url = http::reachable(&format!("http://{address}"));
        environment.push(("SPIN_VARIABLE_PUBLIC_BASE_URL".to_owned(), url));
    }
}

fn welcome(address: &str, token: &str) -> String {
    format!(
        "\nDarkroom serves {address} (documentation: {address}/docs). Ctrl-C stops it.\n\n\
         Open the page; its link contains a token that is valid for one hour:\n\n  \
         {address}/#token={token}\n\n\
         Or upload a picture with the token:\n\n  \
         curl -F file=@photo.jpg -H \"Authorization: Bearer {token}\" {address}/v1/images\n"
    )
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a variable must have the form name=value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        up: Up,
    }

    fn parse(line: &str) -> Result<Up, String> {
        let words = format!("up {line}");
        let parsed = CommandLine::try_parse_from(words.split_whitespace());
        parsed
            .map(|parsed| parsed.up)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn links_are_whole_urls_unless_the_variable_is_set() {
        let base = |set: &[(&str, &str)], address: &str| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let mut environment = set.iter().map(pair).collect();
            ensure_base_url(&mut environment, address.parse().expect("an address"));
            keys::variable(&environment, "public_base_url").expect("a URL")
        };
        assert_eq!(base(&[], "127.0.0.1:3900"), "http://127.0.0.1:3900");
        assert_eq!(base(&[], "0.0.0.0:80"), "http://127.0.0.1:80");
        let set = [("SPIN_VARIABLE_PUBLIC_BASE_URL", "https://a.example")];
        assert_eq!(base(&set, "127.0.0.1:3900"), "https://a.example");
    }

    #[test]
    fn mistakes_are_found_before_anything_is_built() {
        assert!(parse("--listen 3900").expect("valid").check_names().is_ok());
        assert!(parse("--listen nowhere").is_err_and(|error| error.contains("localhost:3000")));
        let misspelt = parse("--variable max_pixel=1").expect("valid").run();
        let error = misspelt.expect_err("refused").to_string();
        assert!(error.contains("did you mean max_pixels?"), "{error}");

        let absent = parse("--runtime-config-file absent.toml")
            .expect("valid")
            .run();
        let error = absent.expect_err("refused").to_string();
        assert!(error.contains("absent.toml"), "{error}");

        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("an address");
        let folder = tempfile::tempdir().expect("a temporary directory");
        let line = format!("--listen {address} --data-dir {}", folder.path().display());
        let error = parse(&line)
            .expect("valid")
            .run()
            .expect_err("refused")
            .to_string();
        assert!(error.contains(&address.to_string()), "{error}");
    }
}
