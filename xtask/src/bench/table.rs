//! The results of the measurements, for people and for programs.

use serde_json::{Value, json};

use super::counters::PerRequest;
use super::wrk::Sample;
use crate::host::Kind;

/// One measurement.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: &'static str,
    /// The application's medians.
    pub(crate) app: Sample,
    /// The medians of nginx, if it performs the same operation.
    pub(crate) nginx: Option<Sample>,
    /// The load of a request on the stores, if the host counts it.
    pub(crate) stores: Option<PerRequest>,
    /// The size of each request's body, in bytes.
    pub(crate) sent: u64,
    /// The peak of the host's resident memory during the measurement, in bytes.
    pub(crate) peak_resident: u64,
}

impl Row {
    /// Bytes of bodies transferred per second, in either direction.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn bytes_per_second(&self) -> f64 {
        if self.sent > 0 {
            self.app.requests_per_second * self.sent as f64
        } else {
            self.app.bytes_per_second
        }
    }

    /// Requests that failed, on either server. If there are any, the other figures mean nothing.
    pub(crate) fn errors(&self) -> u64 {
        self.app.errors + self.nginx.map_or(0, |nginx| nginx.errors)
    }

    /// The ratio of the application's rate of requests to that of nginx.
    fn ratio(&self) -> Option<f64> {
        let nginx = self.nginx?;
        Some(self.app.requests_per_second / nginx.requests_per_second)
    }
}

/// Prints the table.
pub(crate) fn print(kind: Kind, rows: &[Row], guest: Option<u64>) {
    println!(
        "\n{:<15} {:>11} {:>9} {:>9} {:>8} {:>6} {:>9} {:>6} {:>6}  {:>11} {:>7}",
        "on this machine",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "MB/s",
        "errors",
        "peak MB",
        "SQL",
        "store",
        "nginx",
        "ratio"
    );
    for row in rows {
        let (nginx, ratio) = match (row.nginx, row.ratio()) {
            (Some(nginx), Some(ratio)) => (
                format!("{:.0}", nginx.requests_per_second),
                format!("{ratio:.3}"),
            ),
            _ => ("-".to_owned(), "-".to_owned()),
        };
        let (statements, store_calls) = match row.stores {
            Some(stores) => (
                format!("{:.2}", stores.statements),
                format!("{:.2}", stores.store_calls),
            ),
            None => ("-".to_owned(), "-".to_owned()),
        };
        println!(
            "{:<15} {:>11.0} {:>9.2} {:>9.2} {:>8.1} {:>6} {:>9.1} {statements:>6} \
             {store_calls:>6}  {nginx:>11} {ratio:>7}",
            row.name,
            row.app.requests_per_second,
            row.app.p50,
            row.app.p99,
            row.bytes_per_second() / 1e6,
            row.errors(),
            megabytes(row.peak_resident),
        );
    }
    println!(
        "host: {}; peak MB is its resident memory; SQL and store are SQL statements and calls to \
         the blob store for each request",
        kind.name()
    );
    println!("peak memory of the host: {:.1} MB", megabytes(peak(rows)));
    if let Some(guest) = guest {
        println!("{}", guest_memory(guest));
    }
}

/// The peak of the host's resident memory in all measurements, in bytes.
fn peak(rows: &[Row]) -> u64 {
    let peaks = rows.iter().map(|row| row.peak_resident);
    peaks.max().unwrap_or(0)
}

/// The largest linear memory of an instance, for people.
pub(crate) fn guest_memory(bytes: u64) -> String {
    format!("largest memory of a guest: {:.1} MB", megabytes(bytes))
}

/// The same as JSON, in bytes, seconds and milliseconds.
pub(crate) fn json(kind: Kind, rows: &[Row], guest: Option<u64>) -> Value {
    let sample = |sample: &Sample| {
        json!({
            "requests_per_second": sample.requests_per_second,
            "p50_ms": sample.p50,
            "p99_ms": sample.p99,
            "errors": sample.errors,
        })
    };
    let measurements: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name,
                "app": sample(&row.app),
                "bytes_per_second": row.bytes_per_second(),
                "peak_resident_bytes": row.peak_resident,
                "statements_per_request": row.stores.map(|stores| stores.statements),
                "store_calls_per_request": row.stores.map(|stores| stores.store_calls),
                "nginx": row.nginx.as_ref().map(sample),
                "ratio": row.ratio(),
            })
        })
        .collect();
    json!({
        "host": kind.name(),
        "measurements": measurements,
        "peak_resident_bytes": peak(rows),
        "peak_guest_memory_bytes": guest,
    })
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_count_sent_bytes_and_ratios_compare_with_nginx() {
        let app = Sample {
            requests_per_second: 50.0,
            bytes_per_second: 10.0,
            ..Sample::default()
        };
        let nginx = Sample {
            requests_per_second: 200.0,
            ..app
        };
        let row = |sent, nginx| Row {
            name: "x",
            app,
            nginx,
            sent,
            peak_resident: sent,
            stores: None,
        };
        assert_eq!(peak(&[row(3, None), row(7, None), row(5, None)]), 7);
        assert_eq!(row(100, None).bytes_per_second(), 5000.0);
        assert_eq!(row(0, Some(nginx)).bytes_per_second(), 10.0);
        assert_eq!(row(0, Some(nginx)).ratio(), Some(0.25));
        assert_eq!(
            json(Kind::Spin, &[row(0, None)], None)["measurements"][0]["ratio"],
            Value::Null
        );
    }
}
