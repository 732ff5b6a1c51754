//! A temporary server for the duration of an audit.

use std::thread;

use anyhow::{Context as _, Result};
use clap::Parser;
use darkroom_host::serve::{self, Deployment, Options};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::LONGEST;
use crate::keys;
use crate::variables::Variables;

/// The host's options with their default values.
#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    options: Options,
}

/// Serves on a free loopback port while `ask` runs. `ask` is called with the server's URL and a
/// token with the scope `admin`.
pub(super) fn serve<T: Send>(
    deployment: &Deployment,
    ask: impl FnOnce(&str, &str) -> Result<T> + Send,
) -> Result<T> {
    let mut options = Defaults::try_parse_from(["fsck", "--listen", "127.0.0.1:0", "--quiet"])
        .context("the host does not accept the options that fsck uses")?
        .options;
    // A key that nobody else has: another process that finds the port can do nothing there.
    let own = [
        ("signing_keys", keys::generate("fsck")?),
        ("request_log", "off".to_owned()),
    ];
    options.variable = own.map(|(name, value)| (name.to_owned(), value)).into();
    let given = options.variable.iter().cloned().collect();
    let variables = Variables::read(&deployment.env_file, given)?;
    let token = keys::admin_token(&variables, "fsck", LONGEST)?;

    let runtime = Runtime::new()?;
    let inside = runtime.enter();
    let app = options.start(deployment)?;
    let listener = runtime.block_on(TcpListener::bind(options.listen))?;
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        // Ends when `stop` is dropped, even by a panic.
        let _ = stopped.await;
    };
    let answer = thread::scope(|scope| {
        let asking = scope.spawn(move || {
            let answer = ask(&url, &token);
            drop(stop);
            answer
        });
        runtime.block_on(serve::until(&app, listener, stopped));
        asking.join()
    });
    app.close();
    drop(inside);
    answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
