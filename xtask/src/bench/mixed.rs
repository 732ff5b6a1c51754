//! Small downloads beside large uploads, whose requests compute: how long the downloads take, and
//! how many processors the host uses, by how many requests an instance serves at the same time.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};

use super::wrk::{self, Load, Sample, Upload};
use super::{Bench, fixtures, memory, processor, stage};
use crate::cargo::{self, target_dir};
use crate::host::{Host, Program};
use crate::{keys, say};

/// How many requests an instance serves at the same time.
const CONCURRENT: [u32; 4] = [16, 4, 2, 1];
/// Connections that upload.
const UPLOADS: u32 = 4;
/// Connections that download.
const DOWNLOADS: u32 = 8;
/// The length of an upload in bytes.
const LARGE: usize = 25_000_000;
/// The length of a download in bytes.
const SMALL: usize = 1_000;

/// What was measured with one setting.
struct Row {
    concurrent: u32,
    /// Whether the host was confined to one processor.
    confined: bool,
    downloads: Sample,
    uploads: Sample,
    /// The processors that the host kept busy, on average.
    busy: f64,
    /// The peak of its resident memory in bytes.
    peak_resident: u64,
}

/// Measures, and prints a table.
pub(super) fn run(bench: &Bench, program: &Program) -> Result<()> {
    let setting = Setting::new(program)?;
    let mut rows = Vec::new();
    for concurrent in CONCURRENT {
        for confined in [false, true] {
            let processors = if confined {
                "one processor"
            } else {
                "all processors"
            };
            say::step(&format!(
                "Measuring instances of {concurrent} requests on {processors}"
            ));
            rows.push(setting.measure(bench, concurrent, confined)?);
        }
    }
    if bench.json {
        println!("{}", as_json(&rows));
    } else {
        print(&rows);
    }
    let samples = rows.iter().flat_map(|row| [&row.downloads, &row.uploads]);
    let errors: u64 = samples.map(|sample| sample.errors).sum();
    ensure!(errors == 0, "{errors} requests failed");
    Ok(())
}

/// What all measurements share.
struct Setting<'a> {
    program: &'a Program,
    wrk: String,
    directory: PathBuf,
    keys: String,
    token: String,
}

impl<'a> Setting<'a> {
    fn new(program: &'a Program) -> Result<Self> {
        let directory = target_dir().join("bench-mixed");
        let keys = keys::generate("bench")?;
        Ok(Self {
            program,
            wrk: wrk::WRK.ensure()?,
            directory,
            token: stage::token(&keys)?,
            keys,
        })
    }

    /// Measures a host of its own, on new stores.
    fn measure(&self, bench: &Bench, concurrent: u32, confined: bool) -> Result<Row> {
        let _ = fs::remove_dir_all(&self.directory);
        fs::create_dir_all(&self.directory)?;
        let host = stage::start_with(
            self.program,
            &self.directory,
            &self.keys,
            stage::QUIET,
            &[&format!(
                "--max-instance-concurrent-reuse-count={concurrent}"
            )],
        )?;
        if confined {
            confine(&host)?;
        }
        let pictures = [SMALL, LARGE].map(|size| (self.directory.join(size.to_string()), size));
        for (picture, size) in &pictures {
            fs::write(picture, fixtures::png(*size))?;
        }
        let [(small, _), (large, _)] = &pictures;
        let images = format!("{}/v1/images", host.address);
        let content = stage::publish(&host, &self.token, small)?;
        let upload = Upload {
            method: "POST",
            picture: large,
        };
        let loads = |seconds, run| {
            let downloads = self.load(&content, None, DOWNLOADS, seconds, run);
            let uploads = self.load(&images, Some(upload), UPLOADS, seconds, run + 1);
            self.send([downloads, uploads])
        };
        loads(1, 1)?;
        memory::reset(host.id());
        let (start, before) = (Instant::now(), processor::time_of(host.id()));
        let [downloads, uploads] = loads(bench.seconds, 11)?;
        let used = processor::time_of(host.id()).saturating_sub(before);
        Ok(Row {
            concurrent,
            confined,
            downloads,
            uploads,
            busy: used.as_secs_f64() / start.elapsed().as_secs_f64(),
            peak_resident: memory::peak_resident(host.id()),
        })
    }

    fn load<'b>(
        &'b self,
        url: &str,
        upload: Option<Upload<'b>>,
        connections: u32,
        seconds: u32,
        run: u32,
    ) -> Load<'b> {
        Load {
            url: url.to_owned(),
            token: &self.token,
            upload,
            variants: None,
            connections,
            seconds,
            run,
        }
    }

    /// Sends both loads at the same time.
    fn send(&self, loads: [Load<'_>; 2]) -> Result<[Sample; 2]> {
        let send = |load: &Load<'_>| {
            let directory = self.directory.join(format!("run-{}", load.run));
            fs::create_dir_all(&directory)?;
            load.send(&self.wrk, &directory)
        };
        let [downloads, uploads] = &loads;
        thread::scope(|scope| {
            let uploading = scope.spawn(|| send(uploads));
            let downloaded = send(downloads)?;
            let uploaded = uploading.join().map_err(|_| anyhow!("the load failed"))??;
            Ok([downloaded, uploaded])
        })
    }
}

impl Drop for Setting<'_> {
    /// Removes the stores, which are large.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.directory.join("data"));
    }
}

/// Leaves a host one of the processors that it was started with.
fn confine(host: &Host) -> Result<()> {
    for process in memory::members(host.id()) {
        cargo::output(
            Command::new("taskset")
                .args(["--all-tasks", "--cpu-list", "--pid", "0"])
                .arg(process.to_string()),
        )?;
    }
    Ok(())
}

/// Megabytes that are uploaded per second.
fn uploaded(row: &Row) -> f64 {
    row.uploads.requests_per_second * LARGE as f64 / 1e6
}

fn print(rows: &[Row]) {
    println!(
        "| requests an instance | processors | downloads/s | p50 | p99 | uploads, MB/s | busy processors | peak MB |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for row in rows {
        let Row {
            concurrent,
            downloads,
            busy,
            ..
        } = row;
        println!(
            "| {concurrent} | {} | {:.0} | {:.1} ms | {:.0} ms | {:.0} | {busy:.2} | {:.0} |",
            if row.confined { "one" } else { "all" },
            downloads.requests_per_second,
            downloads.p50,
            downloads.p99,
            uploaded(row),
            row.peak_resident as f64 / 1e6,
        );
    }
    println!("{DOWNLOADS} connections download {SMALL} bytes, {UPLOADS} upload {LARGE} bytes");
}

fn as_json(rows: &[Row]) -> Value {
    let row = |row: &Row| {
        json!({
            "concurrent": row.concurrent,
            "confined_to_one_processor": row.confined,
            "downloads_per_second": row.downloads.requests_per_second,
            "download_p50_ms": row.downloads.p50,
            "download_p99_ms": row.downloads.p99,
            "uploaded_megabytes_per_second": uploaded(row),
            "busy_processors": row.busy,
            "peak_resident_bytes": row.peak_resident,
        })
    };
    json!({ "mixed": rows.iter().map(row).collect::<Vec<_>>() })
}
