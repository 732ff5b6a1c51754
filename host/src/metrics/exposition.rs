//! The metrics in the Prometheus text format, version 0.0.4.

use super::Metrics;
use super::series::{Labels, Series};
use crate::stats;
use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering::Relaxed;

/// A counter of each series: its name, its help text and its value.
type Counter = (&'static str, &'static str, fn(&Series) -> u64);

const COUNTERS: [Counter; 4] = [
    (
        "darkroom_http_requests_total",
        "The number of requests that have ended.",
        |series| series.requests,
    ),
    (
        "darkroom_http_responses_incomplete_total",
        "The number of responses that were not sent to their end.",
        |series| series.incomplete,
    ),
    (
        "darkroom_http_request_bytes_total",
        "The total size of the received bodies of requests in bytes.",
        |series| series.received,
    ),
    (
        "darkroom_http_response_bytes_total",
        "The total size of the sent bodies of responses in bytes.",
        |series| series.sent,
    ),
];

const LATENCY: &str = "darkroom_http_request_latency_seconds";

impl Metrics {
    /// All metrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.write_series(&mut text);
        let in_progress = self.in_progress.load(Relaxed);
        single(
            &mut text,
            ("darkroom_http_requests_in_progress", "gauge"),
            "The number of requests that have not ended.",
            in_progress,
        );
        single(
            &mut text,
            ("darkroom_host_instances", "gauge"),
            "The number of instances of the component that are alive.",
            stats::live(),
        );
        single(
            &mut text,
            ("darkroom_host_instances_created_total", "counter"),
            "The number of instances that have been created.",
            stats::created(),
        );
        single(
            &mut text,
            ("darkroom_host_instance_traps_total", "counter"),
            "The number of instances that ended with an error.",
            stats::traps(),
        );
        single(
            &mut text,
            ("process_start_time_seconds", "gauge"),
            "The time at which the server started, in seconds since 1970.",
            self.started(),
        );
        text
    }

    fn write_series(&self, text: &mut String) {
        let routes = self.lock();
        let all = || {
            routes.iter().flat_map(|(route, series)| {
                series
                    .iter()
                    .map(|(labels, series)| (label_text(route, labels), series))
            })
        };
        for (name, help, value) in COUNTERS {
            header(text, (name, "counter"), help);
            for (labels, series) in all() {
                let _ = writeln!(text, "{name}{{{labels}}} {}", value(series));
            }
        }
        let help = "The time from a request's head to the head of its response in seconds.";
        header(text, (LATENCY, "histogram"), help);
        for (labels, series) in all() {
            let (count, sum) = (series.latency.count, series.latency.sum.as_secs_f64());
            for (bound, count) in series.latency.cumulative() {
                let _ = writeln!(text, "{LATENCY}_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "{LATENCY}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "{LATENCY}_sum{{{labels}}} {sum}");
            let _ = writeln!(text, "{LATENCY}_count{{{labels}}} {count}");
        }
    }
}

fn header(text: &mut String, (name, kind): (&str, &str), help: &str) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn single(text: &mut String, family: (&str, &str), help: &str, value: impl Display) {
    header(text, family, help);
    let _ = writeln!(text, "{} {value}", family.0);
}

fn label_text(route: &str, labels: &Labels) -> String {
    // Nothing else can be in a header that has to be escaped.
    let route = route.replace('\\', "\\\\").replace('"', "\\\"");
    let (method, status) = (labels.method(), labels.status());
    format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, Method, StatusCode};
    use std::time::Duration;

    #[test]
    fn metrics_are_written_in_the_text_format() {
        let metrics = Metrics::new();
        let route = HeaderValue::from_static(r#"/a/{"b\"}"#);
        let labels = Labels::new(&Method::GET, Some(StatusCode::OK));
        metrics.count(Some(&route), labels, |series| {
            series.requests = 3;
            series.sent = u64::MAX;
            series.latency.add(Duration::from_millis(3));
            series.latency.add(Duration::from_secs(99));
        });
        let text = metrics.text();
        let labels = r#"method="GET",route="/a/{\"b\\\"}",status="200""#;
        for line in [
            "# HELP darkroom_http_requests_total The number of requests that have ended.",
            "# TYPE darkroom_http_requests_total counter",
            &format!("darkroom_http_requests_total{{{labels}}} 3"),
            &format!("darkroom_http_responses_incomplete_total{{{labels}}} 0"),
            &format!("darkroom_http_response_bytes_total{{{labels}}} 18446744073709551615"),
            &format!("{LATENCY}_bucket{{{labels},le=\"0.0025\"}} 0"),
            &format!("{LATENCY}_bucket{{{labels},le=\"0.005\"}} 1"),
            &format!("{LATENCY}_bucket{{{labels},le=\"30\"}} 1"),
            &format!("{LATENCY}_bucket{{{labels},le=\"+Inf\"}} 2"),
            &format!("{LATENCY}_sum{{{labels}}} 99.003"),
            &format!("{LATENCY}_count{{{labels}}} 2"),
            "darkroom_http_requests_in_progress 0",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
        }
        assert!(text.ends_with('\n'));
        let families = text.lines().filter(|line| line.starts_with("# TYPE"));
        assert_eq!(families.count(), 10);
    }

    #[test]
    fn the_documented_metrics_are_those_that_are_written() {
        let page = include_str!("../../../docs/operations.md");
        let (_, section) = page.split_once("\n### Requests\n").unwrap();
        let (section, _) = section.split_once("```").unwrap();
        let documented = section.lines().filter(|line| line.starts_with("| `"));
        let documented = documented.flat_map(|line| {
            let names = line.split(" | ").next().unwrap().split('`');
            names.skip(1).step_by(2)
        });
        let mut documented: Vec<&str> = documented
            .map(|name| name.split('{').next().unwrap())
            .collect();
        documented.sort_unstable();
        let text = Metrics::new().text();
        let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let mut families: Vec<&str> = families
            .map(|family| family.split(' ').next().unwrap())
            .collect();
        families.sort_unstable();
        assert_eq!(documented, families);
    }
}
