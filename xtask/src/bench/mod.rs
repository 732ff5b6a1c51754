//! `cargo xtask bench`: measures how fast the application is, compared with nginx on the same
//! machine at the same time.

mod bombs;
mod counters;
mod derive;
mod fixtures;
mod hostile;
// Tests of the application use the same files. The module needs only the standard library, so
// that measurements need not wait until the application compiles.
#[path = "../../../src/media/testing/hostile.rs"]
mod hostile_files;
mod hosts;
mod list;
mod memory;
mod mixed;
mod nginx;
#[expect(
    unreachable_pub,
    reason = "it is public in the application, which shares the file"
)]
#[path = "../../../src/media/testing/parts.rs"]
mod parts;
mod processor;
mod resumable;
mod slowloris;
mod stage;
mod table;
mod tus_server;
mod wrk;

use std::fs;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::host::{Build, Choice, Kind, Program};
use crate::say;
use counters::Counters;
use stage::Stage;
use table::Row;
use wrk::Upload;

pub(crate) use stage::{QUIET, start};

/// Measures the application under load.
#[derive(Args, Clone)]
pub(crate) struct Bench {
    /// What runs the component
    #[arg(long, value_enum, default_value = "auto")]
    host: Choice,
    /// How long each measurement takes, in seconds
    #[arg(long, default_value_t = 8)]
    seconds: u32,
    /// How many connections send requests at the same time
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// How often each measurement is repeated, alternating with nginx; the medians are printed
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Run only these measurements. Some run only when they are named: `derive`, derived images
    /// beside sharp and ipx; `hosts`, two hosts on one PostgreSQL beside one; `list`, which takes
    /// minutes and two gigabytes of disk; `mixed`, small downloads beside large uploads;
    /// `slowloris`, one client next to 500 slow ones; `resumable`, large files in pieces, which
    /// takes three gigabytes of disk; `bombs`, files that claim to be gigantic; `hostile`, files
    /// that are made to be expensive
    #[arg(value_name = "NAME")]
    named: Vec<String>,
    /// The same; can be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Use the embedded host as tests build it: quick to build, slower to serve
    #[arg(long)]
    quick_build: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// An operation to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Health,
    Download(usize),
    Upload(usize),
}

/// The sizes of the pictures, in bytes.
const SIZES: [usize; 2] = [100_000, 1_000_000];

const CASES: &[(&str, Action)] = &[
    ("health", Action::Health),
    ("download-100k", Action::Download(SIZES[0])),
    ("download-1m", Action::Download(SIZES[1])),
    ("upload-100k", Action::Upload(SIZES[0])),
    ("upload-1m", Action::Upload(SIZES[1])),
];

/// A measurement that prints its own results.
type Apart = fn(&Bench, &Program) -> Result<()>;

/// The measurements with their own setup, which run only when they are named.
const APART: &[(&str, Apart)] = &[
    ("derive", derive::run),
    ("hosts", hosts::run),
    ("list", list::run),
    ("mixed", mixed::run),
    ("slowloris", slowloris::run),
    ("resumable", resumable::run),
    ("bombs", |bench, program| bombs::run(bench.json, program)),
    ("hostile", |bench, program| {
        hostile::run(bench.json, program)
    }),
];

impl Bench {
    /// Runs the command.
    pub(crate) fn run(mut self) -> Result<()> {
        self.only.append(&mut self.named);
        let cases = self.chosen()?;
        let program = Program::resolve(self.host, self.build())?;
        for (name, run) in APART {
            if self.only.iter().any(|only| only == name) {
                run(&self, &program)?;
            }
        }
        if cases.is_empty() {
            return Ok(());
        }
        let stage = Stage::set(&program)?;
        let mut rows = Vec::new();
        for (name, action) in cases {
            say::step(&format!("Measuring {name}"));
            rows.push(self.measure(program.kind, &stage, name, action)?);
        }
        let guest = counters(program.kind, &stage).map(|counters| counters.peak_guest);
        if self.json {
            println!("{}", table::json(program.kind, &rows, guest));
        } else {
            table::print(program.kind, &rows, guest);
        }
        let errors: u64 = rows.iter().map(Row::errors).sum();
        ensure!(
            errors == 0,
            "{errors} requests failed; see {}",
            stage.log().display()
        );
        Ok(())
    }

    fn build(&self) -> Build {
        if self.quick_build {
            Build::Dev
        } else {
            Build::Release
        }
    }

    fn chosen(&self) -> Result<Vec<(&'static str, Action)>> {
        let names = CASES.iter().map(|(name, _)| *name);
        let names: Vec<_> = names.chain(APART.iter().map(|(name, _)| *name)).collect();
        let unknown = |name: &&String| !names.contains(&name.as_str());
        if let Some(unknown) = self.only.iter().find(unknown) {
            bail!(
                "there is no measurement {unknown}; the measurements are {}",
                names.join(", ")
            );
        }
        let is_selected = |name| self.only.is_empty() || self.only.iter().any(|only| only == name);
        Ok(CASES
            .iter()
            .filter(|(name, _)| is_selected(name))
            .copied()
            .collect())
    }

    fn measure(
        &self,
        kind: Kind,
        stage: &Stage,
        name: &'static str,
        action: Action,
    ) -> Result<Row> {
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
        let upload = |method| match (action, picture.as_deref()) {
            (Action::Upload(_), Some(picture)) => Some(Upload { method, picture }),
            _ => None,
        };
        let yardstick = match (action, picture.as_deref().and_then(Path::file_name)) {
            (Action::Download(_), Some(file)) => {
                let address = &stage.nginx.address;
                Some(format!("{address}/{}", file.to_string_lossy()))
            }
            (Action::Upload(_), _) => Some(stage.nginx.uploads()),
            _ => None,
        };
        let (post, put) = (upload("POST"), upload("PUT"));
        stage.load(self, &url, post, 1)?;
        memory::reset(stage.host.id());
        let before = counters(kind, stage);
        let (mut app, mut nginx) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds.max(1) {
            app.push(stage.load(self, &url, post, self.seconds)?);
            if let Some(url) = &yardstick {
                nginx.push(stage.load(self, url, put, self.seconds)?);
                stage.nginx.forget_uploads()?;
            }
        }
        let after = counters(kind, stage);
        let stores = before.zip(after);
        Ok(Row {
            name,
            stores: stores.and_then(|(before, after)| after.per_request_since(&before)),
            app: wrk::median(&app),
            nginx: (!nginx.is_empty()).then(|| wrk::median(&nginx)),
            sent: post.map_or(0, |upload| {
                fs::metadata(upload.picture).map_or(0, |about| about.len())
            }),
            peak_resident: memory::peak_resident(stage.host.id()),
        })
    }
}

/// The host's counters so far. Spin has none.
fn counters(kind: Kind, stage: &Stage) -> Option<Counters> {
    match kind {
        Kind::Embedded => Counters::read(stage.host.id(), &stage.log()),
        Kind::Spin => None,
    }
}
