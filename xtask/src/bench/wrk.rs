//! The load generator: wrk, controlled by a small script.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cargo;
use crate::tools::Tool;

/// The Debian package.
pub(crate) const WRK: Tool = Tool {
    program: "wrk",
    package: "wrk",
    purpose: "generating load in the benchmark",
};

/// The results of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// Answers per second.
    pub(crate) requests_per_second: f64,
    /// Half of the answers arrived within this time, in milliseconds.
    pub(crate) p50: f64,
    /// All but one in a hundred answers arrived within this time, in milliseconds.
    pub(crate) p99: f64,
    /// Bytes received per second, headers included.
    pub(crate) bytes_per_second: f64,
    /// Connections that failed and answers of 400 and above.
    pub(crate) errors: u64,
}

/// A picture to upload, in a different variant for each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upload<'a> {
    /// `POST` or `PUT`.
    pub(crate) method: &'a str,
    /// The file.
    pub(crate) picture: &'a Path,
}

/// The load to send.
#[derive(Clone, Debug)]
pub(crate) struct Load<'a> {
    /// The URL.
    pub(crate) url: String,
    /// The bearer token.
    pub(crate) token: &'a str,
    /// The upload, or a download if there is none.
    pub(crate) upload: Option<Upload<'a>>,
    /// The path of derived images, with places for a width and a quality, each of which is
    /// requested once.
    pub(crate) variants: Option<&'a str>,
    /// The number of connections.
    pub(crate) connections: u32,
    /// The duration, in seconds.
    pub(crate) seconds: u32,
    /// The number of the run. No two runs upload equal content.
    pub(crate) run: u32,
}

impl Load<'_> {
    /// Sends requests one after another on every connection.
    pub(crate) fn send(&self, wrk: &str, directory: &Path) -> Result<Sample> {
        let script = directory.join("load.lua");
        let requests = match (self.upload, self.variants) {
            (Some(_), _) => include_str!("upload.lua"),
            (None, Some(_)) => include_str!("derive/variants.lua"),
            (None, None) => "",
        };
        fs::write(&script, [requests, include_str!("report.lua")].concat())?;
        let mut command = Command::new(wrk);
        command
            .args(["--threads", &self.connections.min(2).to_string()])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds)])
            .args(["--timeout", "10s"])
            .arg("--script")
            .arg(&script)
            .args(["--header", &format!("Authorization: Bearer {}", self.token)])
            .arg(&self.url);
        if let Some(upload) = self.upload {
            command
                .env("BENCH_METHOD", upload.method)
                .env("BENCH_PICTURE", upload.picture)
                .env("BENCH_VARIES_AT", super::fixtures::VARIES_AT.to_string())
                .env("BENCH_RUN", format!("{:06x}", self.run));
        }
        if let Some(path) = self.variants {
            command.env("BENCH_PATH", path);
        }
        sample(&cargo::output(&mut command)?)
    }
}

fn sample(output: &str) -> Result<Sample> {
    let found = output
        .lines()
        .find_map(|line| line.strip_prefix("result "))
        .with_context(|| format!("wrk printed no result: {output}"))?;
    let result: Value = serde_json::from_str(found)?;
    let number = |name: &str| {
        result[name]
            .as_f64()
            .with_context(|| format!("the result of wrk has no {name}: {found}"))
    };
    let seconds = number("microseconds")? / 1e6;
    Ok(Sample {
        requests_per_second: number("requests")? / seconds,
        p50: number("p50")? / 1e3,
        p99: number("p99")? / 1e3,
        bytes_per_second: number("bytes")? / seconds,
        errors: result["errors"]
            .as_u64()
            .context("the result of wrk has no errors")?,
    })
}

/// The medians of several runs, with the sum of their errors.
pub(crate) fn median(samples: &[Sample]) -> Sample {
    let middle = |pick: fn(&Sample) -> f64| {
        let mut values: Vec<f64> = samples.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        match values.len() {
            0 => 0.0,
            count if count % 2 == 1 => values[count / 2],
            count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
        }
    };
    Sample {
        requests_per_second: middle(|sample| sample.requests_per_second),
        p50: middle(|sample| sample.p50),
        p99: middle(|sample| sample.p99),
        bytes_per_second: middle(|sample| sample.bytes_per_second),
        errors: samples.iter().map(|sample| sample.errors).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_of_wrk_is_read() {
        let output = "Running 2s test\nresult {\"requests\":1000,\"microseconds\":2000000,\
                      \"bytes\":4000,\"errors\":3,\"p50\":1500,\"p99\":9000}\n";
        let expected = Sample {
            requests_per_second: 500.0,
            p50: 1.5,
            p99: 9.0,
            bytes_per_second: 2000.0,
            errors: 3,
        };
        assert_eq!(sample(output).expect("a result"), expected);
        assert!(sample("unable to connect").is_err());
    }

    #[test]
    fn medians_ignore_outliers_and_errors_add_up() {
        let run = |requests_per_second, errors| Sample {
            requests_per_second,
            errors,
            ..Sample::default()
        };
        let middle = median(&[run(1.0, 0), run(100.0, 2), run(3.0, 1)]);
        assert_eq!((middle.requests_per_second, middle.errors), (3.0, 3));
        assert_eq!(median(&[run(1.0, 0), run(3.0, 0)]).requests_per_second, 2.0);
    }
}
