//! The cost of files that are made to be expensive: the host's processor time for each upload,
//! compared with that of an honest picture of the same length. Only a large ratio is bad: a file
//! that is rejected early costs less than one that is stored.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::stage::Stage;
use super::{fixtures, hostile_files, processor};
use crate::host::Program;
use crate::{cargo, http, say};

/// The length of the generated files, in bytes.
const LENGTH: usize = 200_000;
/// The least processor time to measure for each file.
const ENOUGH: Duration = Duration::from_millis(300);
/// The longest time that this may take for each file.
const PATIENCE: Duration = Duration::from_secs(10);
/// The highest acceptable ratio of the cost to that of an honest file.
const BOUND: f64 = 4.0;
/// How many files the table shows.
const SHOWN: usize = 15;

struct Row {
    name: String,
    size: usize,
    status: u16,
    /// The host's processor time for an upload.
    cost: Duration,
    /// The cost of an honest picture of the same length.
    honest: Duration,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.cost.as_secs_f64() / self.honest.as_secs_f64()
    }
}

/// Measures all files, and prints a table of the most expensive.
pub(super) fn run(as_json: bool, program: &Program) -> Result<()> {
    let stage = Stage::set(program)?;
    let mut rows = Vec::new();
    let mut known = BTreeMap::new();
    for (name, bytes) in corpus()? {
        say::step(&format!("Uploading {name} ({} bytes)", bytes.len()));
        let size = bytes.len().max(fixtures::SMALLEST);
        let honest = match known.get(&size) {
            Some(cost) => *cost,
            None => {
                let (_, cost) = measure(&stage, &fixtures::png(size))?;
                known.insert(size, cost);
                cost
            }
        };
        let (status, cost) = measure(&stage, &bytes)?;
        rows.push(Row {
            name,
            size: bytes.len(),
            status,
            cost,
            honest,
        });
    }
    rows.sort_by(|one, other| other.ratio().total_cmp(&one.ratio()));
    if as_json {
        println!("{}", json(&rows));
    } else {
        print(&rows);
    }
    Ok(())
}

/// The generated files, the bombs, and the seeds of the fuzzers.
fn corpus() -> Result<Vec<(String, Vec<u8>)>> {
    let made = hostile_files::files(LENGTH);
    let mut corpus: Vec<_> = made
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    for folder in [
        "tests/fixtures/bombs",
        "fuzz/seeds/media",
        "fuzz/seeds/strip",
    ] {
        let unreadable = || format!("cannot read {folder}");
        let entries = fs::read_dir(cargo::root().join(folder)).with_context(unreadable)?;
        let paths = entries.map(|entry| Ok(entry?.path()));
        let mut paths: Vec<_> = paths.collect::<Result<_>>().with_context(unreadable)?;
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let folder = Path::new(folder).file_name().unwrap_or_default();
            let name = format!("{}/{name}", folder.to_string_lossy());
            corpus.push((name, fs::read(&path).with_context(unreadable)?));
        }
    }
    Ok(corpus)
}

/// Uploads a file repeatedly. Returns the status of the answer and the cost of an upload.
fn measure(stage: &Stage, bytes: &[u8]) -> Result<(u16, Duration)> {
    let url = format!("{}/v1/images", stage.host.address);
    // The first upload stores the image; the next ones find it stored.
    let status = http::upload(&url, &stage.token, bytes)?.status;
    let (start, group) = (Instant::now(), stage.host.id());
    let before = processor::time_of(group);
    let mut count = 0;
    loop {
        http::upload(&url, &stage.token, bytes)?;
        count += 1;
        let spent = processor::time_of(group).saturating_sub(before);
        if spent >= ENOUGH || start.elapsed() >= PATIENCE {
            return Ok((status, spent / count));
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn print(rows: &[Row]) {
    println!(
        "\n{:<44} {:>8} {:>7} {:>8} {:>10} {:>6}",
        "most expensive", "bytes", "status", "ms", "honest ms", "ratio"
    );
    for row in rows.iter().take(SHOWN) {
        println!(
            "{:<44} {:>8} {:>7} {:>8.2} {:>10.2} {:>6.2}",
            row.name,
            row.size,
            row.status,
            milliseconds(row.cost),
            milliseconds(row.honest),
            row.ratio()
        );
    }
    let over = rows.iter().filter(|row| row.ratio() > BOUND).count();
    println!(
        "ms: the host's processor time for each upload; {over} of {} files cost more than \
         {BOUND} times as much as an honest picture of the same length",
        rows.len()
    );
}

fn json(rows: &[Row]) -> Value {
    let row = |row: &Row| {
        json!({
            "name": row.name,
            "bytes": row.size,
            "status": row.status,
            "processor_ms": milliseconds(row.cost),
            "honest_processor_ms": milliseconds(row.honest),
            "ratio": row.ratio(),
        })
    };
    json!({"hostile": rows.iter().map(row).collect::<Vec<_>>()})
}
