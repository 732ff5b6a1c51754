//! Resumable uploads: a large file in pieces, compared with a plain upload of the same file and
//! with `@tus/server`, which are measured in turn; one at a time, and many at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::counters::Counters;
use super::parts::png_chunk;
use super::tus_server::TusServer;
use super::{Bench, fixtures, stage, table};
use crate::cargo::target_dir;
use crate::host::{Host, Kind, Program};
use crate::{keys, say};

/// The length of a file, and of its pieces, in bytes.
const SIZE: usize = 50_000_000;
const PIECE: usize = 5_000_000;
/// How many are uploaded at once.
const AT_ONCE: usize = 16;
/// The highest acceptable ratio of the time of a resumable upload to that of a plain one.
const BOUND: f64 = 1.6;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A way to upload a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    Resumable,
    TusServer,
}

const WAYS: [Way; 3] = [Way::Plain, Way::Resumable, Way::TusServer];

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Resumable => "in pieces",
            Self::TusServer => "@tus/server",
        }
    }
}

/// The servers. Each way has its own, so that its memory can be told apart.
struct Servers {
    plain: Server,
    resumable: Server,
    tus: TusServer,
    client: Client,
}

/// What a client needs to know of them.
struct Client {
    /// The address of each way's server.
    plain: String,
    resumable: String,
    tus: String,
    bearer: String,
}

/// A host, with stores in a directory of its own.
struct Server {
    host: Host,
    directory: PathBuf,
}

/// The times of all ways, in the order of [`WAYS`], and the memory of the guests, if it is known.
struct Times {
    alone: [Duration; 3],
    at_once: [Duration; 3],
    guests: Option<[u64; 2]>,
}

/// Measures, and prints a table.
pub(super) fn run(bench: &Bench, program: &Program) -> Result<()> {
    let servers = Servers::start(program)?;
    let client = &servers.client;
    let mut picture = fixtures::png(SIZE);
    let mut number = 0;
    let mut next = || {
        number += 1;
        vary(&mut picture, number);
        picture.clone()
    };
    say::step("Measuring one upload at a time");
    let mut alone = [const { Vec::new() }; 3];
    // The first round warms up, and does not count.
    for round in 0..=bench.rounds.max(1) {
        for (way, times) in WAYS.into_iter().zip(&mut alone) {
            let file = next();
            let start = Instant::now();
            client.upload(way, &file)?;
            if round > 0 {
                times.push(start.elapsed());
            }
        }
        servers.tus.forget_uploads()?;
    }
    say::step(&format!("Measuring {AT_ONCE} uploads at once"));
    let mut at_once = [Duration::ZERO; 3];
    for (way, time) in WAYS.into_iter().zip(&mut at_once) {
        let files: Vec<Vec<u8>> = (0..AT_ONCE).map(|_| next()).collect();
        let start = Instant::now();
        client.upload_all(way, &files)?;
        *time = start.elapsed();
    }
    let guests = match program.kind {
        Kind::Embedded => servers
            .plain
            .peak_guest()
            .zip(servers.resumable.peak_guest()),
        Kind::Spin => None,
    };
    let times = Times {
        alone: alone.map(median),
        at_once,
        guests: guests.map(|(plain, resumable)| [plain, resumable]),
    };
    if bench.json {
        println!("{}", times.as_json());
    } else {
        times.print();
    }
    Ok(())
}

impl Servers {
    fn start(program: &Program) -> Result<Self> {
        let directory = target_dir().join("bench-resumable");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let keys = keys::generate("bench")?;
        let token = stage::token(&keys)?;
        let plain = Server::start(program, &directory.join("plain"), &keys)?;
        let resumable = Server::start(program, &directory.join("resumable"), &keys)?;
        let tus = TusServer::start(&directory.join("tus"))?;
        let client = Client {
            plain: plain.host.address.clone(),
            resumable: resumable.host.address.clone(),
            tus: tus.address.clone(),
            bearer: format!("Bearer {token}"),
        };
        Ok(Self {
            plain,
            resumable,
            tus,
            client,
        })
    }
}

impl Client {
    /// Uploads a file in this way.
    fn upload(&self, way: Way, file: &[u8]) -> Result<()> {
        match way {
            Way::Plain => self.upload_plain(file),
            Way::Resumable => self.upload_in_pieces(&self.resumable, "/v1/uploads", file),
            Way::TusServer => self.upload_in_pieces(&self.tus, "/files", file),
        }
    }

    fn upload_all(&self, way: Way, files: &[Vec<u8>]) -> Result<()> {
        thread::scope(|scope| {
            let uploads: Vec<_> = files
                .iter()
                .map(|file| scope.spawn(|| self.upload(way, file)))
                .collect();
            for upload in uploads {
                match upload.join() {
                    Ok(uploaded) => uploaded?,
                    Err(_) => bail!("an upload panicked"),
                }
            }
            Ok(())
        })
    }

    fn upload_plain(&self, file: &[u8]) -> Result<()> {
        let url = format!("{}/v1/images", self.plain);
        let request = agent().post(&url).header("Authorization", &self.bearer);
        let answer = request.header("Content-Type", "image/png").send(file)?;
        expect(201, answer).map(drop)
    }

    /// Uploads over tus 1.0.0 to the server at `address`, where uploads begin at this path.
    fn upload_in_pieces(&self, address: &str, path: &str, file: &[u8]) -> Result<()> {
        let agent = agent();
        let request = agent.post(format!("{address}{path}"));
        let request = request.header("Authorization", &self.bearer);
        let request = request.header("Tus-Resumable", "1.0.0");
        let length = file.len().to_string();
        let begun = expect(201, request.header("Upload-Length", length).send_empty()?)?;
        let location = begun.headers().get("Location");
        let location = location.context("the answer has no Location")?.to_str()?;
        let url = format!("{address}{location}");
        for (index, piece) in file.chunks(PIECE).enumerate() {
            let request = agent
                .patch(&url)
                .header("Tus-Resumable", "1.0.0")
                .header("Upload-Offset", (index * PIECE).to_string())
                .header("Content-Type", "application/offset+octet-stream");
            expect(204, request.send(piece)?)?;
        }
        Ok(())
    }
}

impl Server {
    fn start(program: &Program, directory: &Path, keys: &str) -> Result<Self> {
        fs::create_dir_all(directory)?;
        let limit = format!("max_upload_bytes={SIZE}");
        let variables = [stage::QUIET, &[limit.as_str()]].concat();
        Ok(Self {
            host: stage::start(program, directory, keys, &variables)?,
            directory: directory.to_owned(),
        })
    }

    /// The largest linear memory of an instance so far, in bytes.
    fn peak_guest(&self) -> Option<u64> {
        let counters = Counters::read(self.host.id(), &self.directory.join("host.log"));
        counters.map(|counters| counters.peak_guest)
    }
}

impl Drop for Server {
    /// Removes the stores, which are large, and keeps the log.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.directory.join("data"));
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

type Answer = ureq::http::Response<ureq::Body>;

/// The answer, if it has this status.
fn expect(status: u16, mut answer: Answer) -> Result<Answer> {
    let actual = answer.status().as_u16();
    if actual != status {
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        ensure!(
            actual == status,
            "an upload was answered with {actual}: {text}"
        );
    }
    Ok(answer)
}

/// Makes a picture differ from all others.
fn vary(picture: &mut [u8], number: usize) {
    let chunk = png_chunk(b"IDAT", format!("{number:016}").as_bytes());
    // The chunk begins with its length, before its type.
    let start = fixtures::VARIES_AT - 4;
    if let Some(place) = picture.get_mut(start..start + chunk.len()) {
        place.copy_from_slice(&chunk);
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

impl Times {
    fn print(&self) {
        println!(
            "\n{:<14} {:>9} {:>8} {:>7} {:>12} {:>8} {:>7}",
            "50 MB", "s", "MB/s", "ratio", "16 at once", "MB/s", "ratio"
        );
        for (index, way) in WAYS.into_iter().enumerate() {
            let (alone, at_once) = (self.alone[index], self.at_once[index]);
            let mark = match way {
                Way::Resumable if ratio(alone, self.alone[0]) > BOUND => " !",
                _ => "",
            };
            println!(
                "{:<14} {:>9.2} {:>8.0} {:>7.2} {:>12.2} {:>8.0} {:>7.2}{mark}",
                way.name(),
                alone.as_secs_f64(),
                rate(1, alone),
                ratio(alone, self.alone[0]),
                at_once.as_secs_f64(),
                rate(AT_ONCE, at_once),
                ratio(at_once, self.at_once[0]),
            );
        }
        println!(
            "pieces of 5 MB; the ratio is to the time of the plain upload, and should be below \
             {BOUND}; @tus/server neither looks at files nor syncs them"
        );
        if let Some([plain, resumable]) = self.guests {
            println!("plain: {}", table::guest_memory(plain));
            println!("in pieces: {}", table::guest_memory(resumable));
        }
    }

    fn as_json(&self) -> Value {
        let way = |(index, way): (usize, Way)| {
            json!({
                "name": way.name(),
                "seconds": self.alone[index].as_secs_f64(),
                "ratio": ratio(self.alone[index], self.alone[0]),
                "seconds_at_once": self.at_once[index].as_secs_f64(),
                "ratio_at_once": ratio(self.at_once[index], self.at_once[0]),
            })
        };
        let ways: Vec<Value> = WAYS.into_iter().enumerate().map(way).collect();
        json!({
            "resumable": ways,
            "bytes": SIZE,
            "at_once": AT_ONCE,
            "peak_guest_memory_bytes": self.guests,
        })
    }
}

fn ratio(time: Duration, plain: Duration) -> f64 {
    time.as_secs_f64() / plain.as_secs_f64()
}

/// Megabytes per second.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn rate(files: usize, time: Duration) -> f64 {
    (files * SIZE) as f64 / 1e6 / time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_differ_in_the_part_that_varies_only() {
        let mut one = fixtures::png(200);
        let zero = one.clone();
        vary(&mut one, 0);
        assert_eq!(one, zero);
        vary(&mut one, 1);
        assert_ne!(one, zero);
        let end = fixtures::VARIES_AT + 4 + 16 + 4;
        assert_eq!(one[end..], zero[end..]);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let times = [3, 1, 2].map(Duration::from_secs).to_vec();
        assert_eq!(median(times), Duration::from_secs(2));
    }
}
