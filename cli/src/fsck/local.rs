//! A server of our own, for as long as it takes to ask it.

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

/// How the host serves where nothing else is said.
#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    options: Options,
}

/// Serves on a free port of this machine while `ask` runs, which is given the address and an
/// admin's token.
pub(super) fn serve<T: Send>(
    deployment: &Deployment,
    ask: impl FnOnce(&str, &str) -> Result<T> + Send,
) -> Result<T> {
    let mut options = Defaults::try_parse_from(["fsck", "--listen", "127.0.0.1:0", "--quiet"])
        .context("the host has other options")?
        .options;
    // A key that nobody else has: whoever finds the port can do nothing there.
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
        // Ends when `stop` is gone, in whatever way.
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
