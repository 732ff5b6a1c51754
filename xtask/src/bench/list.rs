//! How long a page of a list takes, among few images and among many.
//!
//! The images are rows without bytes, inserted into the catalog's file by SQLite's own shell while
//! no host runs. One client requests one page at a time.

mod cases;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::wrk::{self, Load};
use super::{Bench, stage};
use crate::cargo::target_dir;
use crate::host::{Host, Program};
use crate::keys::{self, TokenOptions};
use crate::tools::Tool;
use crate::{http, say};
use cases::{CASES, Case, Place};

/// The Debian package.
const SQLITE: Tool = Tool {
    program: "sqlite3",
    package: "sqlite3",
    purpose: "filling the catalog with images to list",
};

/// The numbers of images among which pages are measured.
const COUNTS: [u32; 3] = [1_000, 100_000, 1_000_000];

/// The catalog's file, as `runtime-config.toml` names it.
const CATALOG: &str = "darkroom.db";

/// The highest acceptable ratio of the slowest time to the fastest.
const BOUND: f64 = 2.0;

/// The median time of a page, in milliseconds, for each of [`COUNTS`].
struct Row {
    name: &'static str,
    p50: [f64; COUNTS.len()],
}

impl Row {
    /// The ratio of the slowest time to the fastest.
    fn spread(&self) -> f64 {
        let slowest = self.p50.iter().copied().fold(0.0, f64::max);
        let fastest = self.p50.iter().copied().fold(f64::MAX, f64::min);
        slowest / fastest
    }
}

/// Measures all pages, and prints a table.
pub(super) fn run(bench: &Bench, program: &Program) -> Result<()> {
    let setting = Setting::new(program)?;
    let mut rows: Vec<Row> = CASES
        .iter()
        .map(|case| Row {
            name: case.name,
            p50: [0.0; COUNTS.len()],
        })
        .collect();
    let mut filled = 0;
    for (at, count) in COUNTS.into_iter().enumerate() {
        say::step(&format!("Listing {count} images"));
        setting.fill(filled + 1, count)?;
        filled = count;
        let host = setting.start()?;
        for (case, row) in CASES.iter().zip(&mut rows) {
            row.p50[at] = setting.measure(bench, &host, case, count)?;
        }
    }
    if bench.json {
        println!("{}", as_json(&rows));
    } else {
        print(&rows);
    }
    Ok(())
}

/// The setup that measurements of lists share. Dropping it removes the catalog.
struct Setting<'a> {
    program: &'a Program,
    wrk: String,
    sqlite: String,
    directory: PathBuf,
    keys: String,
}

impl<'a> Setting<'a> {
    /// A new catalog, with its tables.
    fn new(program: &'a Program) -> Result<Self> {
        let directory = target_dir().join("bench-list");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let setting = Self {
            program,
            wrk: wrk::WRK.ensure()?,
            sqlite: SQLITE.ensure()?,
            directory,
            keys: keys::generate("bench")?,
        };
        // The first start of the host creates the tables.
        drop(setting.start()?);
        Ok(setting)
    }

    fn start(&self) -> Result<Host> {
        stage::start(self.program, &self.directory, &self.keys, stage::QUIET)
    }

    /// Adds the images with these numbers.
    fn fill(&self, first: u32, last: u32) -> Result<()> {
        let catalog = self.directory.join("data").join(CATALOG);
        let mut shell = Command::new(&self.sqlite)
            .arg("-bail")
            .arg(&catalog)
            .stdin(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.sqlite))?;
        let script = format!(
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;\n\
             .parameter set :first {first}\n.parameter set :last {last}\n{}\n\
             PRAGMA wal_checkpoint(TRUNCATE);\n",
            include_str!("list.sql")
        );
        let mut input = shell
            .stdin
            .take()
            .context("the SQLite shell has no stdin")?;
        input.write_all(script.as_bytes())?;
        drop(input);
        let status = shell.wait()?;
        ensure!(
            status.success(),
            "cannot fill the catalog: sqlite3 failed ({status})"
        );
        Ok(())
    }

    fn measure(&self, bench: &Bench, host: &Host, case: &Case, count: u32) -> Result<f64> {
        let scope = if case.of_all { "admin" } else { "images:read" };
        let options = TokenOptions {
            sub: "bench",
            scope,
            expires_in: Duration::from_secs(24 * 60 * 60),
            audience: None,
            key_id: None,
        };
        let token = keys::mint(&self.keys, &options)?;
        let base = format!("{}/v1/images?{}", host.address, case.query);
        let url = match case.place {
            Place::First => base,
            Place::Middle => format!("{base}{}", cursor_after(&base, &token, count / 2)?),
        };
        let load = Load {
            url,
            token: &token,
            upload: None,
            variants: None,
            connections: 1,
            seconds: bench.seconds,
            run: 0,
        };
        let sample = load.send(&self.wrk, &self.directory)?;
        ensure!(
            sample.errors == 0,
            "{}: {} requests failed",
            case.name,
            sample.errors
        );
        Ok(sample.p50)
    }
}

impl Drop for Setting<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.directory.join("data"));
    }
}

/// The query parameter that continues the list after this many images.
fn cursor_after(url: &str, token: &str, count: u32) -> Result<String> {
    let (mut met, mut cursor) = (0, String::new());
    while met < count as usize {
        let page = http::get_with_token(&format!("{url}&limit=200{cursor}"), token)?;
        ensure!(
            page.status == 200,
            "a page was answered with {}: {}",
            page.status,
            page.body
        );
        let page: Value = serde_json::from_str(&page.body)?;
        met += page["items"].as_array().map_or(0, Vec::len);
        let next = page["next_cursor"]
            .as_str()
            .context("the list ended before half of its images")?;
        cursor = format!("&cursor={next}");
    }
    Ok(cursor)
}

fn print(rows: &[Row]) {
    print!("\n{:<25}", "p50 of a page in ms");
    for count in COUNTS {
        print!(" {count:>10}");
    }
    println!(" {:>8}", "spread");
    for row in rows {
        print!("{:<25}", row.name);
        for p50 in row.p50 {
            print!(" {p50:>10.2}");
        }
        let spread = row.spread();
        let mark = if spread > BOUND { " !" } else { "" };
        println!(" {spread:>8.2}{mark}");
    }
    println!(
        "columns: images in all, 50 on a page; spread: the slowest time divided by the fastest"
    );
}

fn as_json(rows: &[Row]) -> Value {
    let row = |row: &Row| json!({"name": row.name, "p50_ms": row.p50, "spread": row.spread()});
    json!({"images": COUNTS, "lists": rows.iter().map(row).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_the_slowest() {
        let row = Row {
            name: "x",
            p50: [2.0, 1.0, 3.0],
        };
        assert!((row.spread() - 3.0).abs() < 1e-9);
        assert_eq!(as_json(&[row])["lists"][0]["p50_ms"][2], 3.0);
    }
}
