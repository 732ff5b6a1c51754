//! Derived images over HTTP: how many a second beside ipx, what the way to the deriving component
//! costs, and what others notice of derivations.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::super::wrk;
use super::peer::Peer;
use super::server::{CONNECTIONS, SECONDS, Server};
use super::table::{Bound, Row, Unit};
use super::{Setup, median};
use crate::{http, say};

/// How often a measurement is made, alternating with the one that it is compared with.
const ROUNDS: usize = 3;

/// What is requested of both servers.
struct Case {
    name: &'static str,
    picture: &'static str,
    format: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "12 MP JPEG → 300 px JPEG, 8 connections, ipx",
        picture: "12mp.jpg",
        format: "jpeg",
    },
    Case {
        name: "1 MP JPEG → 300 px JPEG, 8 connections, ipx",
        picture: "1mp.jpg",
        format: "jpeg",
    },
    Case {
        name: "1 MP JPEG → 300 px WebP, 8 connections, ipx",
        picture: "1mp.jpg",
        format: "webp",
    },
];

/// Measures all of it.
pub(super) fn measure(setup: &Setup<'_>) -> Result<Vec<Row>> {
    let server = Server::start(setup)?;
    let mut rows = Vec::new();
    let mut ipx = Peer::start(super::script(&setup.peers, "ipx.mjs")?.arg(setup.files.folder()))?;
    let address = ipx.line()?;
    for case in CASES {
        say::step(&format!("Serving {}", case.name));
        rows.push(server.compare(case, &ipx, &address)?);
    }
    drop(ipx);
    say::step("Serving derived images that are stored");
    rows.push(server.warm()?);
    say::step("Deriving a single pixel");
    rows.push(server.chaining()?);
    say::step("Serving others beside derivations");
    rows.push(server.downloads_beside()?);
    rows.push(server.health_beside()?);
    Ok(rows)
}

impl Server<'_> {
    /// The rate of derivations, none of which is stored, beside that of ipx.
    fn compare(&self, case: &Case, ipx: &Peer, address: &str) -> Result<Row> {
        let Case {
            picture, format, ..
        } = case;
        let theirs = format!("/w_%d,q_%d,f_{format}/{picture}");
        let (mut rates, mut ratios, mut costs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            // An image of its own has no derived images.
            let content = self.publish_file(picture)?;
            let ours = format!("{content}?w=%d&q=%d&format={format}");
            let (ours, cost) = self.timed(self.host.id(), &self.host.address, &ours)?;
            let (theirs, other) = self.timed(ipx.id(), address, &theirs)?;
            let errors = ours.errors + theirs.errors;
            ensure!(errors == 0, "{}: {errors} requests failed", case.name);
            costs.push((cost, other));
            ratios.push(ours.requests_per_second / theirs.requests_per_second);
            rates.push((ours.requests_per_second, theirs.requests_per_second));
        }
        let ours = median(rates.iter().map(|(ours, _)| *ours).collect());
        let theirs = median(rates.iter().map(|(_, theirs)| *theirs).collect());
        Ok(Row::of(case.name, Unit::PerSecond, ours)
            .beside(theirs, median(ratios))
            .bounded(Bound::AtLeast(1.0))
            .noted(format!(
                "{:.1} and {:.1} ms of processor time for each",
                median(costs.iter().map(|(ours, _)| *ours).collect()),
                median(costs.iter().map(|(_, theirs)| *theirs).collect()),
            )))
    }

    /// The rate of a derived image that is stored, beside that of an original of the same bytes.
    fn warm(&self) -> Result<Row> {
        let content = self.publish_file("12mp.jpg")?;
        let derived = format!("{content}?w=300&format=jpeg");
        let answer = http::download(&self.url(&derived), &self.token)?;
        let copy = self.setup.directory.join("derived.jpg");
        fs::write(&copy, answer.body)?;
        let original = self.publish(&copy)?;
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            let rate = |path: &str| self.load(&self.host.address, path, CONNECTIONS, 2);
            rates.push((
                rate(&derived)?.requests_per_second,
                rate(&original)?.requests_per_second,
            ));
        }
        let middle = |pick: fn(&(f64, f64)) -> f64| median(rates.iter().map(pick).collect());
        Ok(Row::of(
            "stored derived image, an original of the same bytes",
            Unit::PerSecond,
            middle(|(ours, _)| *ours),
        )
        .beside(
            middle(|(_, other)| *other),
            middle(|(ours, other)| ours / other),
        )
        .bounded(Bound::AtLeast(0.9)))
    }

    /// The way to the deriving component and back: how long the derivation of a single pixel takes.
    fn chaining(&self) -> Result<Row> {
        let content = self.publish_file("dot.png")?;
        let mut times = Vec::new();
        for side in 1..=60 {
            let url = self.url(&format!("{content}?w={side}&h=1&fit=squeeze"));
            let answer = http::download(&url, &self.token)?;
            let time = phase(&answer.server_timing, "derive");
            times.push(time.with_context(|| {
                format!(
                    "the time of the derivation is missing: {:?}",
                    answer.server_timing
                )
            })?);
        }
        let name = "derivation of a single pixel, by chaining";
        Ok(Row::of(name, Unit::Milliseconds, median(times)).bounded(Bound::AtMost(1.0)))
    }

    /// How much longer the slowest downloads of originals take beside derivations.
    fn downloads_beside(&self) -> Result<Row> {
        let original = self.publish_file("1mp.jpg")?;
        let (mut without, mut with) = (Vec::new(), Vec::new());
        let download = || self.load(&self.host.address, &original, 1, SECONDS);
        for _ in 0..ROUNDS {
            without.push(download()?);
            with.push(self.beside_derivations(CONNECTIONS, download)?);
        }
        let (without, with) = (wrk::median(&without), wrk::median(&with));
        let name = "p99 of downloads beside 8 derivations, without";
        Ok(Row::of(name, Unit::Milliseconds, with.p99)
            .beside(without.p99, with.p99 / without.p99)
            .bounded(Bound::AtMost(1.5))
            .noted(format!("p50 {:.2} and {:.2} ms", with.p50, without.p50)))
    }

    /// How long the slowest health checks take beside derivations.
    fn health_beside(&self) -> Result<Row> {
        let mut samples = Vec::new();
        let check = || self.load(&self.host.address, "/health/live", 1, SECONDS);
        for _ in 0..ROUNDS {
            samples.push(self.beside_derivations(16, check)?);
        }
        let with = wrk::median(&samples);
        let name = "p99 of /health/live beside 16 derivations";
        Ok(Row::of(name, Unit::Milliseconds, with.p99)
            .bounded(Bound::AtMost(50.0))
            .noted(format!("p50 {:.2} ms", with.p50)))
    }
}

/// The milliseconds of a phase in `Server-Timing`.
fn phase(header: &str, name: &str) -> Option<f64> {
    let mut metrics = header.split(',').map(|metric| metric.trim().split(';'));
    let mut metric = metrics.find(|metric| metric.clone().next() == Some(name))?;
    metric
        .find_map(|parameter| parameter.trim().strip_prefix("dur="))?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_phase_is_found() {
        let header = "auth;dur=0.1, derive;desc=x;dur=2.5, total;dur=3";
        assert_eq!(phase(header, "derive"), Some(2.5));
        assert_eq!(phase(header, "blob"), None);
    }
}
