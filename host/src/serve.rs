//! Serves an application until a signal stops it, with the options of a command line.

use crate::app::{self, App, Application};
use crate::exit::WrongSetting;
use crate::runtime_config::RuntimeConfig;
use crate::server::Bounds;
use crate::variables::{self, Sources};
use crate::worker::Limits;
use crate::{listen, listener, log, readiness, room, single_use, stats};
use anyhow::{Result, anyhow};
use clap::Args;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// How long requests under way may take after the host has received a signal to stop.
const GRACE: Duration = Duration::from_secs(30);
/// How long the application's first answer may delay the start. It takes longer only if a store
/// does not answer.
const FIRST_ANSWER: Duration = Duration::from_secs(3);

/// An application to serve, and the location of its state.
pub struct Deployment {
    /// The application.
    pub application: Application,
    /// The configuration of its stores.
    pub config: RuntimeConfig,
    /// The file with variables that the environment does not set; it may be absent.
    pub env_file: PathBuf,
}

/// The options for serving an application.
#[derive(Args)]
pub struct Options {
    /// The address to listen on, such as 127.0.0.1:3000, localhost:3000 or 3000; port 0 chooses a
    /// free port.
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS", value_parser = listen::parse)]
    pub listen: SocketAddr,
    /// Set a variable; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variables::pair)]
    pub variable: Vec<(String, String)>,
    /// The maximum memory of an instance.
    #[arg(long, value_name = "BYTES")]
    max_instance_memory: Option<usize>,
    /// The maximum memory of the host as a whole. It lowers the limits on instances and on
    /// connections so far that all of them have room.
    #[arg(long, value_name = "BYTES")]
    max_memory: Option<usize>,
    /// The maximum number of instances that are alive at the same time.
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2000))]
    max_instances: u32,
    /// The maximum number of instances of components of WASI 0.2 that run at the same time, each
    /// for one request; further requests wait [default: two for each processor].
    #[arg(long, default_value_t = single_use::default_places(), hide_default_value = true, value_name = "N", value_parser = places)]
    max_single_use_instances: usize,
    /// How many requests an instance serves in all. Each new one starts the application anew.
    #[arg(long, default_value_t = 1024, value_name = "N")]
    max_instance_reuse_count: usize,
    /// How many requests an instance serves at the same time.
    #[arg(long, default_value_t = 16, value_name = "N")]
    max_instance_concurrent_reuse_count: usize,
    /// How long an idle instance is kept.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = duration)]
    idle_instance_timeout: Duration,
    /// How long the application may take to answer.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    request_timeout: Option<Duration>,
    /// How long an instance may compute without letting its other requests run; 0 means no
    /// limit.
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration)]
    max_compute_time: Duration,
    /// The maximum number of concurrent connections, and of concurrent requests.
    #[arg(long, default_value_t = 4096, value_name = "N")]
    max_connections: usize,
    /// How long a client may take to send a request's head, and how long it may be idle.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    header_read_timeout: Duration,
    /// How long the server waits for a client to send a request's body; every 1,000 bytes
    /// restore one second.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    body_read_timeout: Duration,
    /// How long the server waits for a client to read a response; every 1,000 bytes restore
    /// one second.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    body_write_timeout: Duration,
    /// Print only warnings.
    #[arg(long)]
    pub quiet: bool,
    /// Print the counters on exit.
    #[arg(long)]
    stats: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits]
        .parse()
        .map_err(|_| "expected a number and a unit, such as 500ms, 10s or 2m")?;
    match &text[digits..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(60 * number)),
        unit => Err(format!("unknown unit {unit:?}: expected ms, s or m")),
    }
}

fn places(text: &str) -> Result<usize, String> {
    let places = text.parse::<u32>().ok().filter(|places| *places > 0);
    let places = places.and_then(|places| usize::try_from(places).ok());
    places.ok_or_else(|| "expected a whole number from 1".to_owned())
}

impl Options {
    /// Opens the application's stores, and compiles its components.
    pub fn start(&self, deployment: &Deployment) -> Result<App> {
        if self.quiet {
            log::set_quiet();
        }
        let given = self.variable.iter().cloned().collect();
        let of_file = deployment.config.max_instance_memory;
        let mut limits = Limits {
            instances: self.max_instances,
            reused: usize::try_from(self.max_instances).unwrap_or(usize::MAX),
            max_memory: self.max_instance_memory.or(of_file),
            single_use: self.max_single_use_instances,
            reuse: self.max_instance_reuse_count,
            concurrent: self.max_instance_concurrent_reuse_count,
            idle: self.idle_instance_timeout,
            request: self.request_timeout,
            compute: Some(self.max_compute_time).filter(|limit| !limit.is_zero()),
        };
        let mut clients = Bounds {
            connections: self.max_connections,
            requests: self.max_connections,
            header_timeout: self.header_read_timeout,
            body_timeout: self.body_read_timeout,
            write_timeout: self.body_write_timeout,
        };
        if let Some(bytes) = self.max_memory {
            room::within(bytes, &mut limits, &mut clients)?;
        }
        App::start(app::Options {
            application: &deployment.application,
            config: &deployment.config,
            sources: Sources::new(given, &deployment.env_file)?,
            limits,
            clients,
        })
    }
}

/// Serves until SIGINT or SIGTERM, then exits the process. It listens first, so that a port that
/// is in use is reported at once, and does not accept anything until the application is there.
///
/// # Errors
///
/// Fails if the application cannot be started, or does not accept its settings.
pub async fn run(options: Options, deployment: Deployment) -> Result<()> {
    let listener = listener::bind(options.listen)
        .map_err(|error| anyhow!(listen::unavailable(options.listen, &error)))?;
    let app = options.start(&deployment)?;
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let mut user = signal(SignalKind::user_defined1())?;
    tokio::spawn(async move {
        while user.recv().await.is_some() {
            stats::print();
        }
    });
    // A wrong setting is reported once: by the host, and not by the component too.
    log::hold_guests();
    let mut checked = pin!(readiness::check_settings(&app.server));
    let early = tokio::time::timeout(FIRST_ANSWER, &mut checked).await;
    log::release_guests(!matches!(early, Ok(Err(_))));
    let is_settled = early.is_ok();
    if let Ok(Err(wrong)) = early {
        return Err(refuse(&app, wrong).await);
    }
    let refused = async {
        if !is_settled && let Err(wrong) = checked.await {
            return wrong;
        }
        std::future::pending().await
    };
    let mut out = std::io::stdout();
    writeln!(out, "Serving http://{}", listener.local_addr()?)?;
    out.flush()?;

    let stop_requested = Notify::new();
    let stop = async {
        either(&mut interrupt, &mut terminate).await;
        stop_requested.notify_one();
    };
    let finish = until(&app, listener, stop);
    let give_up = async {
        stop_requested.notified().await;
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt()).ok(),
            signal(SignalKind::terminate()).ok(),
        );
        if let (Some(interrupt), Some(terminate)) = (&mut interrupt, &mut terminate) {
            let _ = tokio::time::timeout(GRACE, either(interrupt, terminate)).await;
        }
    };
    tokio::select! {
        () = finish => {}
        () = give_up => log::info(format_args!("stopping while requests are under way")),
        wrong = refused => return Err(refuse(&app, wrong).await),
    }
    app.close();
    if options.stats {
        stats::print();
    }
    std::process::exit(0)
}

/// Serves until `stop` completes, then waits until no request and no instance is left.
pub async fn until(app: &App, listener: TcpListener, stop: impl Future<Output = ()>) {
    app.server.clone().serve(listener, stop).await;
    end_instances(app).await;
}

/// Ends the instances, and waits until none is left.
async fn end_instances(app: &App) {
    while stats::live() > 0 {
        app.stopping.notify_waiters();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Ends an application that does not accept its settings.
async fn refuse(app: &App, wrong: WrongSetting) -> anyhow::Error {
    // Other requests may be under way; none of them gets anything but this error.
    let _ = tokio::time::timeout(FIRST_ANSWER, end_instances(app)).await;
    app.close();
    wrong.into()
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_options_exist_and_have_the_documented_defaults() {
        let page = include_str!("../../docs/operations.md");
        let (_, table) = page.split_once("| flag | default | limit |").unwrap();
        let rows = table.lines().skip(2);
        let rows = rows.take_while(|row| row.starts_with('|'));
        let command = Options::augment_args(clap::Command::new("serve"));
        let mut documented = 0;
        for row in rows {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let (flag, default) = (cells[1].trim_matches('`'), cells[2]);
            let mut options = command.get_arguments();
            let option = options.find(|option| option.get_long() == flag.strip_prefix("--"));
            let option = option.unwrap_or_else(|| panic!("{flag}"));
            let values = option.get_default_values();
            let value = values
                .first()
                .map_or("none", |value| value.to_str().unwrap());
            let places = single_use::default_places().to_string();
            let default = match default {
                "2 for each processor" => &places,
                default => default,
            };
            assert_eq!(value, default, "{flag}");
            documented += 1;
        }
        assert_eq!(documented, 9);
    }
}
