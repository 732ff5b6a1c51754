//! The command line of the embedded host.

#![forbid(unsafe_code)]

use anyhow::{Context, Result};
use clap::Parser;
use darkroom_host::app::{self, App};
use darkroom_host::server::Bounds;
use darkroom_host::worker::Limits;
use darkroom_host::{log, stats};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// How long requests under way may take once the host has been told to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Serves a Spin HTTP application.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The application's manifest.
    #[arg(long, short, default_value = "spin.toml", value_name = "FILE")]
    from: PathBuf,
    /// Where the stores live.
    #[arg(long, value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The folder for default stores and compiled code [default: .spin beside the manifest].
    #[arg(long, value_name = "FOLDER")]
    state_dir: Option<PathBuf>,
    /// Sets a variable; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    variable: Vec<(String, String)>,
    /// The most memory an instance may have.
    #[arg(long, value_name = "BYTES")]
    max_instance_memory: Option<usize>,
    /// How many requests an instance serves.
    #[arg(long, default_value_t = 128, value_name = "N")]
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
    /// How long an instance may compute without letting its other requests go on; 0 is no
    /// limit.
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration)]
    max_compute_time: Duration,
    /// How many connections are held at the same time, and how many requests are answered.
    #[arg(long, default_value_t = 4096, value_name = "N")]
    max_connections: usize,
    /// How long a client may take to send a request's head, and stay without a request.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    header_read_timeout: Duration,
    /// How long a client is waited for while it sends a request's body; every 1,000 bytes
    /// give back a second of it.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    body_read_timeout: Duration,
    /// How long a client is waited for while it takes an answer; every 1,000 bytes give
    /// back a second of it.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    body_write_timeout: Duration,
    /// Prints no more than warnings.
    #[arg(long)]
    quiet: bool,
    /// Prints the counters when it ends.
    #[arg(long)]
    stats: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits]
        .parse()
        .map_err(|_| "expected e.g. 500ms, 10s or 2m")?;
    match &text[digits..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(60 * number)),
        unit => Err(format!("unknown unit {unit:?}: expected ms, s or m")),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<()> {
    if options.quiet {
        log::set_quiet();
    }
    let app = App::start(app::Options {
        manifest: options.from,
        runtime_config: options.runtime_config_file,
        state_dir: options.state_dir,
        variables: options.variable.into_iter().collect(),
        limits: Limits {
            max_memory: options.max_instance_memory,
            reuse: options.max_instance_reuse_count,
            concurrent: options.max_instance_concurrent_reuse_count,
            idle: options.idle_instance_timeout,
            request: options.request_timeout,
            compute: Some(options.max_compute_time).filter(|limit| !limit.is_zero()),
        },
        clients: Bounds {
            connections: options.max_connections,
            header_timeout: options.header_read_timeout,
            body_timeout: options.body_read_timeout,
            write_timeout: options.body_write_timeout,
        },
    })?;
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
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let mut out = std::io::stdout();
    writeln!(out, "Serving http://{}", listener.local_addr()?)?;
    out.flush()?;

    let stopping = app.stopping.clone();
    let told = Notify::new();
    let stop = async {
        either(&mut interrupt, &mut terminate).await;
        told.notify_one();
    };
    let serve = app.server.clone().serve(listener, stop);
    let finish = async {
        serve.await;
        while stats::live() > 0 {
            stopping.notify_waiters();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let give_up = async {
        told.notified().await;
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
        () = give_up => log::info(format_args!("stopping with requests under way")),
    }
    app.close();
    if options.stats {
        stats::print();
    }
    std::process::exit(0)
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
