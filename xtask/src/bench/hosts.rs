//! One and two hosts on one PostgreSQL: hosts share no lock, so that two serve more than one, as far
//! as there are processors for both.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use darkroom_postgres::Cluster;
use serde_json::json;

use super::wrk::{self, Load, Sample, Upload};
use super::{Bench, SIZES, fixtures, stage};
use crate::cargo::target_dir;
use crate::host::{Host, Program};
use crate::{keys, say};

/// The numbers of hosts.
const HOSTS: [usize; 2] = [1, 2];

/// The rates of one operation, and the statements of each, with each number of [`HOSTS`].
struct Row {
    name: &'static str,
    samples: [Sample; HOSTS.len()],
    statements: f64,
}

/// Measures, and prints a table.
pub(super) fn run(bench: &Bench, program: &Program) -> Result<()> {
    let setting = Setting::new(program)?;
    let mut rows = Vec::new();
    for (name, size, uploads) in [
        ("download-100k", SIZES[0], false),
        ("upload-100k", SIZES[0], true),
    ] {
        say::step(&format!("Measuring {name} with one and two hosts"));
        rows.push(setting.measure(bench, name, size, uploads)?);
    }
    if bench.json {
        println!("{}", as_json(&rows));
    } else {
        print(&rows);
    }
    let errors: u64 = rows
        .iter()
        .flat_map(|row| &row.samples)
        .map(|sample| sample.errors)
        .sum();
    ensure!(errors == 0, "{errors} requests failed");
    Ok(())
}

/// The servers that all measurements share.
struct Setting {
    wrk: String,
    directory: PathBuf,
    cluster: Cluster,
    hosts: Vec<Host>,
    token: String,
}

impl Setting {
    fn new(program: &Program) -> Result<Self> {
        let wrk = wrk::WRK.ensure()?;
        let directory = target_dir().join("bench-hosts");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let cluster = Cluster::start().context("PostgreSQL is not installed")?;
        let url = cluster.url("postgres");
        let port = cluster.port();
        let variables = [
            "request_log=off",
            "catalog=postgres",
            &format!("postgres_url={url}"),
            &format!("postgres_endpoint=postgres://127.0.0.1:{port}"),
        ];
        let keys = keys::generate("bench")?;
        // They share the file of the blobs, too.
        let hosts = (0..HOSTS.len()).map(|_| stage::start(program, &directory, &keys, &variables));
        Ok(Self {
            hosts: hosts.collect::<Result<_>>()?,
            wrk,
            directory,
            cluster,
            token: stage::token(&keys)?,
        })
    }

    fn measure(
        &self,
        bench: &Bench,
        name: &'static str,
        size: usize,
        uploads: bool,
    ) -> Result<Row> {
        let picture = self.directory.join("picture.png");
        fs::write(&picture, fixtures::png(size))?;
        let first = &self.hosts[0];
        let content = stage::publish(first, &self.token, &picture)?;
        let path = match uploads {
            true => "/v1/images",
            // The hosts share their stores, so that it has the same path on each.
            false => content.trim_start_matches(&first.address),
        };
        let mut run = 0;
        let mut samples = HOSTS.map(|_| Sample::default());
        let (mut statements, mut answers) = (0, 0.0);
        for (hosts, sample) in HOSTS.into_iter().zip(&mut samples) {
            run += 10;
            self.load(bench, path, uploads.then_some(&*picture), hosts, 1, run)?;
            let before = self.statements()?;
            run += 10;
            let seconds = bench.seconds;
            *sample = self.load(
                bench,
                path,
                uploads.then_some(&*picture),
                hosts,
                seconds,
                run,
            )?;
            statements += self.statements()? - before;
            answers += sample.requests_per_second * f64::from(seconds);
        }
        Ok(Row {
            name,
            samples,
            statements: statements as f64 / answers,
        })
    }

    /// Sends load to this many hosts at the same time, and adds the results up.
    fn load(
        &self,
        bench: &Bench,
        path: &str,
        upload: Option<&Path>,
        hosts: usize,
        seconds: u32,
        run: u32,
    ) -> Result<Sample> {
        let loads = self.hosts.iter().take(hosts).zip(run..).map(|(host, run)| {
            let directory = self.directory.join(run.to_string());
            fs::create_dir_all(&directory)?;
            let load = Load {
                url: format!("{}{path}", host.address),
                token: &self.token,
                upload: upload.map(|picture| Upload {
                    method: "POST",
                    picture,
                }),
                variants: None,
                connections: bench.connections,
                seconds,
                run,
            };
            Ok((load, directory))
        });
        let loads: Vec<(Load, PathBuf)> = loads.collect::<Result<_>>()?;
        let wrk = &*self.wrk;
        let samples: Vec<Result<Sample>> = thread::scope(|scope| {
            let sending: Vec<_> = loads
                .iter()
                .map(|(load, directory)| scope.spawn(move || load.send(wrk, directory)))
                .collect();
            let sent = sending.into_iter().map(|one| one.join());
            sent.map(|sample| sample.unwrap_or_else(|_| anyhow::bail!("the load failed")))
                .collect()
        });
        let mut sum = Sample::default();
        for sample in samples {
            let sample = sample?;
            sum.requests_per_second += sample.requests_per_second;
            sum.bytes_per_second += sample.bytes_per_second;
            sum.errors += sample.errors;
            sum.p50 = sum.p50.max(sample.p50);
            sum.p99 = sum.p99.max(sample.p99);
        }
        Ok(sum)
    }

    /// The statements so far. PostgreSQL counts those of a session within a second.
    fn statements(&self) -> Result<u64> {
        thread::sleep(std::time::Duration::from_millis(1200));
        let sql = "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database";
        Ok(self.cluster.sql("postgres", sql).parse()?)
    }
}

fn as_json(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let rates: Vec<f64> = row
            .samples
            .iter()
            .map(|sample| sample.requests_per_second)
            .collect();
        json!({ "name": row.name, "hosts": HOSTS, "requests_per_second": rates,
            "statements_per_request": row.statements })
    };
    json!({ "rows": rows.iter().map(row).collect::<Vec<_>>() }).to_string()
}

fn print(rows: &[Row]) {
    println!("| | one host, requests/s | p50 | two hosts, requests/s | p50 | statements |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for Row {
        name,
        samples: [one, two],
        statements,
    } in rows
    {
        println!(
            "| {name} | {:.0} | {:.1} ms | {:.0} | {:.1} ms | {statements:.2} |",
            one.requests_per_second, one.p50, two.requests_per_second, two.p50
        );
    }
}
