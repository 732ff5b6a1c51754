//! How an honest client is slowed down by connections that never complete a request: the heads and
//! bodies of their requests arrive byte by byte.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::stage::Stage;
use super::wrk::{self, Sample, Upload};
use super::{Bench, SIZES};
use crate::host::Program;
use crate::say;

/// Slow connections, half of which send heads and half bodies.
const CONNECTIONS: usize = 500;
/// The time in which each of them sends a byte.
const PACE: Duration = Duration::from_secs(1);
/// The highest acceptable ratio of an honest client's times with slow connections to those without.
const BOUND: f64 = 2.0;

/// The times of an honest client, without slow connections and with them.
struct Row {
    name: &'static str,
    without: Sample,
    with: Sample,
}

/// Measures, and prints a table.
pub(super) fn run(bench: &Bench, program: &Program) -> Result<()> {
    let stage = Stage::set(program)?;
    let picture = stage.picture(SIZES[0]);
    let content = stage.publish(&picture)?;
    let upload = Upload {
        method: "POST",
        picture: &picture,
    };
    let images = format!("{}/v1/images", stage.host.address);
    let one = Bench {
        connections: 1,
        ..bench.clone()
    };
    let mut rows = Vec::new();
    for (name, url, upload) in [
        ("download-100k", &content, None),
        ("upload-100k", &images, Some(upload)),
    ] {
        say::step(&format!("Measuring {name} next to slow connections"));
        stage.load(&one, url, upload, 1)?;
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..bench.rounds.max(1) {
            without.push(stage.load(&one, url, upload, bench.seconds)?);
            let crowd = Crowd::new(&stage)?;
            with.push(crowd.alongside(|| stage.load(&one, url, upload, bench.seconds))?);
        }
        let (without, with) = (wrk::median(&without), wrk::median(&with));
        let errors = without.errors + with.errors;
        ensure!(errors == 0, "{name}: {errors} honest requests failed");
        rows.push(Row {
            name,
            without,
            with,
        });
    }
    if bench.json {
        println!("{}", as_json(&rows));
    } else {
        print(&rows);
    }
    Ok(())
}

/// Connections that send slowly, and reconnect when they are rejected.
struct Crowd {
    authority: String,
    heads: [String; 2],
    over: AtomicBool,
    open: AtomicUsize,
    rejected: AtomicUsize,
}

impl Crowd {
    fn new(stage: &Stage) -> Result<Self> {
        let authority = stage.host.address.strip_prefix("http://");
        let authority = authority
            .context("the host's address does not start with http://")?
            .to_owned();
        let head = format!("GET /health/live HTTP/1.1\r\nHost: {authority}\r\nX-Slow: ");
        // A JPEG that begins with a long comment.
        let body = format!(
            "POST /v1/images HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {}\r\n\
             Content-Length: 20000000\r\n\r\n",
            stage.token
        );
        Ok(Self {
            authority,
            heads: [head, body],
            over: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            rejected: AtomicUsize::new(0),
        })
    }

    /// Runs `work` while all slow connections are open.
    fn alongside<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        thread::scope(|scope| {
            let dripping = scope.spawn(|| self.drip());
            while self.open.load(Relaxed) < CONNECTIONS && !dripping.is_finished() {
                thread::sleep(Duration::from_millis(10));
            }
            let done = work();
            self.over.store(true, Relaxed);
            let dripped = dripping.join().unwrap_or(Ok(()));
            eprintln!(
                "{} slow connections, {} rejected meanwhile",
                self.open.load(Relaxed),
                self.rejected.load(Relaxed)
            );
            dripped.and(done)
        })
    }

    fn drip(&self) -> Result<()> {
        let mut streams = Vec::with_capacity(CONNECTIONS);
        for number in 0..CONNECTIONS {
            streams.push(self.connect(number)?);
            self.open.fetch_add(1, Relaxed);
        }
        let pause = PACE / u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        while !self.over.load(Relaxed) {
            for (number, stream) in streams.iter_mut().enumerate() {
                if self.over.load(Relaxed) {
                    return Ok(());
                }
                if !is_open(stream) {
                    self.rejected.fetch_add(1, Relaxed);
                    *stream = self.connect(number)?;
                }
                thread::sleep(pause);
            }
        }
        Ok(())
    }

    fn connect(&self, number: usize) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.authority)?;
        stream.write_all(self.heads[number % 2].as_bytes())?;
        if number % 2 == 1 {
            stream.write_all(&[0xFF, 0xD8, 0xFF, 0xFE, 0xFF, 0xFF])?;
        }
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

/// Sends a byte. Returns whether the connection is still open.
fn is_open(stream: &mut TcpStream) -> bool {
    let waits = |result: std::io::Result<usize>| {
        result.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    stream.write_all(b"a").is_ok() && waits(stream.read(&mut [0; 1024]))
}

/// The ratios of the times with slow connections to those without: p50 and p99.
fn ratios(row: &Row) -> [f64; 2] {
    [
        row.with.p50 / row.without.p50,
        row.with.p99 / row.without.p99,
    ]
}

fn print(rows: &[Row]) {
    println!(
        "\n{:<15} {:>9} {:>9} {:>7} {:>9} {:>9} {:>7}",
        "in ms", "p50", "beside", "ratio", "p99", "beside", "ratio"
    );
    for row in rows {
        let [p50, p99] = ratios(row);
        let mark = if p50.max(p99) > BOUND { " !" } else { "" };
        println!(
            "{:<15} {:>9.2} {:>9.2} {p50:>7.2} {:>9.2} {:>9.2} {p99:>7.2}{mark}",
            row.name, row.without.p50, row.with.p50, row.without.p99, row.with.p99
        );
    }
    println!("one honest client, alone and next to {CONNECTIONS} that each send one byte a second");
}

fn as_json(rows: &[Row]) -> Value {
    let sample = |sample: &Sample| json!({"p50_ms": sample.p50, "p99_ms": sample.p99});
    let row = |row: &Row| {
        json!({
            "name": row.name,
            "alone": sample(&row.without),
            "beside": sample(&row.with),
            "ratios": ratios(row),
        })
    };
    json!({"slow_connections": CONNECTIONS, "slowloris": rows.iter().map(row).collect::<Vec<_>>()})
}
