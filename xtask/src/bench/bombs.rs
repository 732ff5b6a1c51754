//! The cost of the small files in `tests/fixtures/bombs`, which claim to be gigantic or would
//! inflate to a gigantic size. One client uploads one file at a time.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::stage::Stage;
use super::{counters, table};
use crate::host::Program;
use crate::{cargo, http, say};

/// How often each file is sent.
const TIMES: usize = 200;

struct Row {
    name: String,
    size: usize,
    status: u16,
    /// Half of the answers arrived within this time.
    p50: Duration,
    slowest: Duration,
}

/// Measures all files, and prints a table.
pub(super) fn run(as_json: bool, program: &Program) -> Result<()> {
    say::step("Uploading bombs");
    let stage = Stage::set(program)?;
    let folder = cargo::root().join("tests/fixtures/bombs");
    let entries = fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut rows = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        rows.push(measure(&stage, &name, &fs::read(&path)?)?);
    }
    let guest = counters(program.kind, &stage).map(|counters| counters.peak_guest);
    if as_json {
        println!("{}", json(&rows, guest));
    } else {
        print(&rows, guest);
    }
    Ok(())
}

fn measure(stage: &Stage, name: &str, bytes: &[u8]) -> Result<Row> {
    let url = format!("{}/v1/images", stage.host.address);
    let mut status = 0;
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let start = Instant::now();
        status = http::upload(&url, &stage.token, bytes)?.status;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(Row {
        name: name.to_owned(),
        size: bytes.len(),
        status,
        p50: times[TIMES / 2],
        slowest: times[TIMES - 1],
    })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn print(rows: &[Row], guest: Option<u64>) {
    println!(
        "\n{:<24} {:>8} {:>7} {:>8} {:>11}",
        "bomb", "bytes", "status", "p50 ms", "slowest ms"
    );
    for row in rows {
        println!(
            "{:<24} {:>8} {:>7} {:>8.2} {:>11.2}",
            row.name,
            row.size,
            row.status,
            milliseconds(row.p50),
            milliseconds(row.slowest)
        );
    }
    println!("each file was sent {TIMES} times, one upload after another");
    if let Some(guest) = guest {
        println!("{}", table::guest_memory(guest));
    }
}

fn json(rows: &[Row], guest: Option<u64>) -> Value {
    let row = |row: &Row| {
        json!({
            "name": row.name,
            "bytes": row.size,
            "status": row.status,
            "p50_ms": milliseconds(row.p50),
            "slowest_ms": milliseconds(row.slowest),
        })
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    json!({"bombs": rows, "peak_guest_memory_bytes": guest})
}
