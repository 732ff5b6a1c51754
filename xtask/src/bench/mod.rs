//! `cargo xtask bench`: how fast the application is, beside nginx on the same
//! machine in the same minutes.

mod fixtures;
mod memory;
mod nginx;
mod table;
mod wrk;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::cargo::target_dir;
use crate::component::{self, Profile};
use crate::host::{Choice, Host, Kind, Launch, Program};
use crate::keys::{self, Wanted};
use crate::token::OWN_IMAGES;
use crate::{http, say, stores};
use nginx::Nginx;
use table::Row;
use wrk::{Load, Sample};

/// Measures the application under load.
#[derive(Args)]
pub(crate) struct Bench {
    /// What runs the component
    #[arg(long, value_enum, default_value = "auto")]
    host: Choice,
    /// How long each measurement takes
    #[arg(long, default_value_t = 8)]
    seconds: u32,
    /// How many connections send requests at the same time
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// How often each measurement is repeated, in turn with nginx; medians are told
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Run only this measurement; can be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What is done to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Health,
    Download(usize),
    Upload(usize),
}

const CASES: &[(&str, Action)] = &[
    ("health", Action::Health),
    ("download-100k", Action::Download(100_000)),
    ("download-1m", Action::Download(1_000_000)),
    ("upload-100k", Action::Upload(100_000)),
    ("upload-1m", Action::Upload(1_000_000)),
];

/// Everything that measurements share.
struct Stage {
    wrk: String,
    directory: PathBuf,
    host: Host,
    nginx: Nginx,
    token: String,
    runs: Cell<u32>,
}

impl Bench {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let cases = self.chosen()?;
        let program = Program::resolve(self.host)?;
        let stage = Stage::set(&program)?;
        let mut rows = Vec::new();
        for (name, action) in cases {
            say::step(&format!("Measuring {name}"));
            rows.push(self.measure(&stage, name, action)?);
        }
        let guest = match program.kind {
            Kind::Embedded => memory::peak_guest(stage.host.id(), &stage.log()),
            Kind::Spin => None,
        };
        if self.json {
            println!("{}", table::json(program.kind, &rows, guest));
        } else {
            table::print(program.kind, &rows, guest);
        }
        let errors: u64 = rows.iter().map(|row| row.app.errors).sum();
        ensure!(
            errors == 0,
            "{errors} requests failed; see {}",
            stage.log().display()
        );
        Ok(())
    }

    fn chosen(&self) -> Result<Vec<(&'static str, Action)>> {
        let known = |name: &String| CASES.iter().any(|(case, _)| case == name);
        if let Some(unknown) = self.only.iter().find(|name| !known(name)) {
            let names: Vec<_> = CASES.iter().map(|(name, _)| *name).collect();
            bail!(
                "there is no measurement {unknown}; there are {}",
                names.join(", ")
            );
        }
        let wanted = |name| self.only.is_empty() || self.only.iter().any(|only| only == name);
        Ok(CASES
            .iter()
            .filter(|(name, _)| wanted(name))
            .copied()
            .collect())
    }

    fn measure(&self, stage: &Stage, name: &'static str, action: Action) -> Result<Row> {
        let picture = match action {
            Action::Health => None,
            Action::Download(size) | Action::Upload(size) => Some(stage.picture(size)),
        };
        let address = &stage.host.address;
        let url = match (action, &picture) {
            (Action::Download(_), Some(picture)) => stage.publish(picture)?,
            (Action::Upload(_), _) => format!("{address}/v1/images"),
            _ => format!("{address}/health/live"),
        };
        let upload = picture
            .as_deref()
            .filter(|_| matches!(action, Action::Upload(_)));
        let yardstick = match (action, picture.as_deref().and_then(Path::file_name)) {
            (Action::Download(_), Some(file)) => Some(format!(
                "{}/{}",
                stage.nginx.address,
                file.to_string_lossy()
            )),
            _ => None,
        };
        stage.load(self, &url, upload, 1)?;
        memory::reset(stage.host.id());
        let (mut app, mut nginx) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds.max(1) {
            app.push(stage.load(self, &url, upload, self.seconds)?);
            if let Some(url) = &yardstick {
                nginx.push(stage.load(self, url, None, self.seconds)?);
            }
        }
        Ok(Row {
            name,
            app: wrk::median(&app),
            nginx: (!nginx.is_empty()).then(|| wrk::median(&nginx)),
            sent: upload.map_or(0, |file| fs::metadata(file).map_or(0, |about| about.len())),
            peak_resident: memory::peak_resident(stage.host.id()),
        })
    }
}

impl Stage {
    /// Starts the application and nginx, with stores and files of their own.
    fn set(program: &Program) -> Result<Self> {
        let wrk = wrk::WRK.ensure()?;
        let directory = target_dir().join("bench");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let sizes = CASES.iter().filter_map(|(_, action)| match action {
            Action::Download(size) => Some(*size),
            _ => None,
        });
        let pictures: Vec<_> = sizes
            .map(|size| (file_name(size), fixtures::png(size)))
            .collect();
        for (name, content) in &pictures {
            fs::write(directory.join(name), content)?;
        }
        let files: Vec<_> = pictures
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice()))
            .collect();
        let nginx = Nginx::start(&files)?;
        let keys = keys::generate("bench")?;
        let host = start(program, &directory, &keys)?;
        let token = keys::mint(
            &keys,
            &Wanted {
                sub: "bench",
                scope: OWN_IMAGES,
                expires_in: Duration::from_secs(24 * 60 * 60),
                audience: None,
                key_id: None,
            },
        )?;
        Ok(Self {
            wrk,
            directory,
            host,
            nginx,
            token,
            runs: Cell::new(0),
        })
    }

    fn picture(&self, size: usize) -> PathBuf {
        self.directory.join(file_name(size))
    }

    fn log(&self) -> PathBuf {
        self.directory.join("host.log")
    }

    /// Uploads a picture and gives the URL of its content.
    fn publish(&self, picture: &Path) -> Result<String> {
        let address = &self.host.address;
        let content = fs::read(picture)?;
        let answer = http::upload(&format!("{address}/v1/images"), &self.token, &content)?;
        ensure!(
            answer.status == 201 || answer.status == 200,
            "an upload was answered with {}: {}",
            answer.status,
            answer.body
        );
        let image: serde_json::Value = serde_json::from_str(&answer.body)?;
        let id = image["id"]
            .as_str()
            .context("the answer to an upload has no id")?;
        Ok(format!("{address}/v1/images/{id}/content"))
    }

    fn load(
        &self,
        bench: &Bench,
        url: &str,
        upload: Option<&Path>,
        seconds: u32,
    ) -> Result<Sample> {
        self.runs.set(self.runs.get() + 1);
        let load = Load {
            url: url.to_owned(),
            token: &self.token,
            upload,
            connections: bench.connections,
            seconds,
            run: self.runs.get(),
        };
        load.send(&self.wrk, &self.directory)
    }
}

impl Drop for Stage {
    /// Leaves the log, and takes away what may have become large.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.directory.join("data"));
    }
}

fn start(program: &Program, directory: &Path, keys: &str) -> Result<Host> {
    let component = component::build(Profile::Release)?;
    let data = directory.join("data");
    let launch = Launch {
        manifest: component.manifest,
        runtime_config: stores::runtime_config(None, &data)?,
        state_dir: data,
        listen: "127.0.0.1:0".to_owned(),
        variables: Vec::new(),
        environment: vec![("SPIN_VARIABLE_SIGNING_KEYS".to_owned(), keys.to_owned())],
        max_instance_memory: None,
        log: Some(directory.join("host.log")),
    };
    let mut host = Host::spawn(program, &launch)?;
    host.wait_until_ready()?;
    Ok(host)
}

fn file_name(size: usize) -> String {
    format!("{size}.png")
}
