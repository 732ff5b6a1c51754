//! The setup that measurements share: the application and nginx, with stores and files of their
//! own.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::nginx::Nginx;
use super::wrk::{self, Load, Sample, Upload};
use super::{Bench, SIZES, fixtures};
use crate::cargo::{Progress, target_dir};
use crate::component::{self, Profile};
use crate::host::{Host, Launch, Program};
use crate::keys::{self, OWN_IMAGES, TokenOptions};
use crate::{http, stores};

/// The setup that measurements share.
pub(crate) struct Stage {
    wrk: String,
    directory: PathBuf,
    /// The running application.
    pub(crate) host: Host,
    /// The yardstick, which serves the same pictures.
    pub(crate) nginx: Nginx,
    /// A bearer token that permits every operation on its owner's images.
    pub(crate) token: String,
    runs: Cell<u32>,
}

impl Stage {
    /// Starts the application and nginx, with stores and files of their own.
    pub(crate) fn set(program: &Program) -> Result<Self> {
        let wrk = wrk::WRK.ensure()?;
        let directory = target_dir().join("bench");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let pictures = SIZES.map(|size| (file_name(size), fixtures::png(size)));
        for (name, content) in &pictures {
            fs::write(directory.join(name), content)?;
        }
        let files: Vec<_> = pictures
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice()))
            .collect();
        let nginx = Nginx::start(&files)?;
        let keys = keys::generate("bench")?;
        let host = start(program, &directory, &keys, QUIET)?;
        let token = token(&keys)?;
        Ok(Self {
            wrk,
            directory,
            host,
            nginx,
            token,
            runs: Cell::new(0),
        })
    }

    /// The file of a picture of one of [`SIZES`].
    pub(crate) fn picture(&self, size: usize) -> PathBuf {
        self.directory.join(file_name(size))
    }

    /// The file of the host's stderr.
    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("host.log")
    }

    /// Uploads a picture and returns the URL of its content.
    pub(crate) fn publish(&self, picture: &Path) -> Result<String> {
        publish(&self.host, &self.token, picture)
    }

    /// Sends load to a URL: downloads, or uploads of variants of a picture.
    pub(crate) fn load(
        &self,
        bench: &Bench,
        url: &str,
        upload: Option<Upload<'_>>,
        seconds: u32,
    ) -> Result<Sample> {
        self.runs.set(self.runs.get() + 1);
        let load = Load {
            url: url.to_owned(),
            token: &self.token,
            upload,
            variants: None,
            connections: bench.connections,
            seconds,
            run: self.runs.get(),
        };
        load.send(&self.wrk, &self.directory)
    }
}

impl Drop for Stage {
    /// Removes the stores, which may be large, and keeps the log.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.directory.join("data"));
    }
}

/// The variables of most measurements. nginx does not log requests either.
pub(crate) const QUIET: &[&str] = &["request_log=off"];

/// Uploads a picture to a host, and returns the URL of its content.
pub(super) fn publish(host: &Host, token: &str, picture: &Path) -> Result<String> {
    let images = format!("{}/v1/images", host.address);
    let answer = http::upload(&images, token, &fs::read(picture)?)?;
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
    Ok(format!("{images}/{id}/content"))
}

/// A bearer token that permits every operation on its owner's images.
pub(super) fn token(keys: &str) -> Result<String> {
    keys::mint(
        keys,
        &TokenOptions {
            sub: "bench",
            scope: OWN_IMAGES,
            expires_in: Duration::from_secs(24 * 60 * 60),
            audience: None,
            key_id: None,
        },
    )
}

/// Starts the application on stores in `directory`, with variables as `NAME=VALUE`.
pub(crate) fn start(
    program: &Program,
    directory: &Path,
    keys: &str,
    variables: &[&str],
) -> Result<Host> {
    start_with(program, directory, keys, variables, &[])
}

/// The same, with further arguments.
pub(super) fn start_with(
    program: &Program,
    directory: &Path,
    keys: &str,
    variables: &[&str],
    arguments: &[&str],
) -> Result<Host> {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    let components = component::build(Profile::Release, Progress::Shown)?;
    let data = directory.join("data");
    let launch = Launch {
        manifest: components.manifest,
        runtime_config: stores::runtime_config(None, &data)?,
        state_dir: data,
        listen: "127.0.0.1:0".to_owned(),
        variables: owned(variables),
        environment: vec![("SPIN_VARIABLE_SIGNING_KEYS".to_owned(), keys.to_owned())],
        max_instance_memory: None,
        arguments: owned(arguments),
        log: Some(directory.join("host.log")),
    };
    let mut host = Host::spawn(program, &launch)?;
    host.wait_until_ready()?;
    Ok(host)
}

fn file_name(size: usize) -> String {
    format!("{size}.png")
}
