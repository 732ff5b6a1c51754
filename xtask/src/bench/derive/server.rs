//! The application while derived images are requested of it.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::super::wrk::{Load, Sample, WRK};
use super::super::{processor, stage};
use super::Setup;
use crate::host::Host;
use crate::{http, keys};

/// How many requests are under way at the same time.
pub(super) const CONNECTIONS: u32 = 8;
/// The seconds of a measurement.
pub(super) const SECONDS: u32 = 4;

/// The application, and what is needed to send requests to it.
pub(super) struct Server<'a> {
    pub(super) setup: &'a Setup<'a>,
    wrk: String,
    pub(super) host: Host,
    pub(super) token: String,
    /// The number of the next load. No two loads request the same derived image.
    next: Cell<u32>,
}

impl<'a> Server<'a> {
    /// Starts it, with stores of its own.
    pub(super) fn start(setup: &'a Setup<'a>) -> Result<Self> {
        let keys = keys::generate("bench")?;
        let variables = ["server_timing=on", "request_log=off"];
        Ok(Self {
            setup,
            wrk: WRK.ensure()?,
            host: stage::start(setup.program, &setup.directory, &keys, &variables)?,
            token: stage::token(&keys)?,
            next: Cell::new(1),
        })
    }

    /// Uploads a picture. Returns the path of its content.
    pub(super) fn publish(&self, picture: &Path) -> Result<String> {
        let address = &self.host.address;
        let content = fs::read(picture)?;
        let answer = http::upload(&format!("{address}/v1/images"), &self.token, &content)?;
        ensure!(
            answer.status == 201,
            "the upload of {} was answered with {}: {}",
            picture.display(),
            answer.status,
            answer.body
        );
        let image: Value = serde_json::from_str(&answer.body)?;
        let id = image["id"].as_str().context("the image has no id")?;
        Ok(format!("/v1/images/{id}/content"))
    }

    /// Uploads one of the pictures.
    pub(super) fn publish_file(&self, name: &str) -> Result<String> {
        self.publish(&self.setup.files.path(name))
    }

    /// Sends requests. In the path, there may be places for a width and a quality.
    pub(super) fn load(
        &self,
        origin: &str,
        path: &str,
        connections: u32,
        seconds: u32,
    ) -> Result<Sample> {
        let run = self.next.replace(self.next.get() + 1);
        Load {
            url: format!("{origin}{path}"),
            token: &self.token,
            upload: None,
            variants: path.contains('%').then_some(path),
            connections,
            seconds,
            run,
        }
        .send(&self.wrk, &self.folder(run)?)
    }

    /// A folder for a load, of which several may run at the same time.
    fn folder(&self, run: u32) -> Result<PathBuf> {
        let folder = self.setup.directory.join(format!("load-{run}"));
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Requests derived images of a server. Returns also its processor time for each, in
    /// milliseconds.
    pub(super) fn timed(&self, group: u32, origin: &str, path: &str) -> Result<(Sample, f64)> {
        let before = processor::time_of(group);
        let sample = self.load(origin, path, CONNECTIONS, SECONDS)?;
        let used = processor::time_of(group).saturating_sub(before);
        let made = sample.requests_per_second * f64::from(SECONDS);
        Ok((sample, used.as_secs_f64() * 1e3 / made))
    }

    /// Measures while images are derived, one after another on each connection.
    pub(super) fn beside_derivations(
        &self,
        connections: u32,
        measure: impl FnOnce() -> Result<Sample>,
    ) -> Result<Sample> {
        let content = self.publish_file("12mp.jpg")?;
        let path = format!("{content}?w=%d&q=%d&format=jpeg");
        let run = self.next.replace(self.next.get() + 1);
        let load = Load {
            url: self.url(&path),
            token: &self.token,
            upload: None,
            variants: Some(&path),
            connections,
            // It ends a little later than the measurement, which starts a little later.
            seconds: SECONDS + 1,
            run,
        };
        let folder = self.folder(run)?;
        let wrk = &self.wrk;
        let started = AtomicBool::new(false);
        thread::scope(|scope| {
            let derivations = scope.spawn(|| {
                started.store(true, Relaxed);
                load.send(wrk, &folder)
            });
            while !started.load(Relaxed) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(500));
            let measured = measure();
            let derived = derivations.join();
            let derived = derived.map_err(|_| anyhow::anyhow!("the load has ended"))??;
            ensure!(derived.errors == 0, "{} derivations failed", derived.errors);
            measured
        })
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.host.address)
    }
}
