//! `darkroom migrate`: moves all blobs of a deployment from its previous store to its current
//! one, while the deployment serves requests.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::variables::{EnvFile, Variables};
use crate::{http, keys};

/// Moves all blobs from the store `blob_store_previous` to the store `blob_store`.
#[derive(Args)]
pub(crate) struct Migrate {
    /// The URL of the running server
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: String,
    /// A token with the scope maintenance [default: one is signed with the first signing key]
    #[arg(long)]
    token: Option<String>,
}

/// The sum of all steps.
#[derive(Debug, Default)]
struct Total {
    moved: u64,
    bytes: u64,
    damaged: Vec<String>,
}

impl Migrate {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let variables = env_file.variables()?;
        let url = format!("{}/v1/admin/migrate-blobs", self.url.trim_end_matches('/'));
        eprintln!("==> Moving blobs: POST {url}");
        let mut total = Total::default();
        // An instance with older settings may upload a blob that sorts before the cursor.
        // So passes repeat until one finds nothing to move.
        loop {
            let moved = total.moved;
            total.damaged.clear();
            self.pass(&url, &variables, &mut total)?;
            if total.moved == moved {
                break;
            }
        }
        println!("{} blobs moved, {} bytes", total.moved, total.bytes);
        ensure!(
            total.damaged.is_empty(),
            "some blobs are damaged, and were left in the previous store:\n{}",
            total.damaged.join("\n")
        );
        println!(
            "Keep blob_store_previous for as long as leases last (six hours): the remains of \
             earlier uploads are swept from that store too."
        );
        Ok(())
    }

    fn pass(&self, url: &str, variables: &Variables, total: &mut Total) -> Result<()> {
        let mut cursor = Value::Null;
        loop {
            let answer = self.step(url, variables, &json!({ "cursor": cursor }))?;
            let number = |name: &str| answer[name].as_u64().unwrap_or_default();
            total.moved += number("moved");
            total.bytes += number("moved_bytes");
            let damaged = answer["damaged"].as_array().into_iter().flatten();
            let damaged = damaged.filter_map(|blob| blob["reason"].as_str());
            total.damaged.extend(damaged.map(str::to_owned));
            cursor = answer["next_cursor"].clone();
            if cursor.is_null() {
                return Ok(());
            }
        }
    }

    /// One step. It is repeated for a while if a store does not answer.
    fn step(&self, url: &str, variables: &Variables, body: &Value) -> Result<Value> {
        let mut delays = [1, 2, 5, 10, 20].iter();
        loop {
            let token = match &self.token {
                Some(token) => token.clone(),
                None => keys::admin_token(variables, "migrate", Duration::from_secs(300))?,
            };
            let (status, answer) = http::post(url, &token, body)?;
            match (status, delays.next()) {
                (200, _) => {
                    let read = serde_json::from_str(&answer);
                    return read.context("the response is not JSON");
                }
                (502..=504, Some(seconds)) => {
                    eprintln!("==> The server answered {status}; trying again in {seconds} s");
                    std::thread::sleep(Duration::from_secs(*seconds));
                }
                (status, _) => bail!("the server answered {status}: {}", answer.trim()),
            }
        }
    }
}
