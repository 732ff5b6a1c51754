//! The log on standard error: the host's own lines, and those of the guest.

use bytes::Bytes;
use std::fmt::Arguments;
use std::io::Write;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

static QUIET: AtomicBool = AtomicBool::new(false);

/// Silences everything except warnings.
pub fn set_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Logs something that an operator must know.
pub fn warn(message: Arguments<'_>) {
    line(format_args!("warning: {message}"));
}

/// Logs information, which `--quiet` silences.
pub fn info(message: Arguments<'_>) {
    if !QUIET.load(Ordering::Relaxed) {
        line(message);
    }
}

/// Logs details for debugging, which are shown only if `DARKROOM_HOST_DEBUG` is set.
pub fn debug(message: Arguments<'_>) {
    static ON: OnceLock<bool> = OnceLock::new();
    if *ON.get_or_init(|| std::env::var_os("DARKROOM_HOST_DEBUG").is_some()) {
        line(format_args!("debug: {message}"));
    }
}

fn line(message: Arguments<'_>) {
    // A single write, so that the lines of several threads do not mix. An error is ignored, since
    // there is nowhere to report it.
    let _ = std::io::stderr().write_all(format!("{message}\n").as_bytes());
}

/// What guests have written since [`hold_guests`]; `None` if it is not held back.
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Holds back what guests write, until [`release_guests`].
pub fn hold_guests() {
    *HELD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
}

/// Writes what was held back, or drops it.
pub fn release_guests(is_shown: bool) {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    if is_shown {
        guest(&held.unwrap_or_default());
    }
}

/// Writes whole lines of a guest.
fn guest(lines: &[u8]) {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    match held.as_mut() {
        Some(held) => held.extend_from_slice(lines),
        None => {
            let _ = std::io::stderr().write_all(lines);
        }
    }
}

/// A guest's standard output or standard error, which is copied to this process's standard error
/// in whole lines.
pub struct GuestOutput;

struct Lines(Vec<u8>);

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Lines(Vec::new()))
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Lines(Vec::new()))
    }
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        const LONGEST: usize = 64 << 10;
        self.0.extend_from_slice(bytes);
        let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => self.0.len() - bytes.len() + at + 1,
            None if self.0.len() > LONGEST => self.0.len(),
            None => 0,
        };
        if whole > 0 {
            guest(&self.0[..whole]);
            self.0.drain(..whole);
        }
    }
}

/// Writes synchronously. The default stream, which would wrap the `AsyncWrite` below, spawns a
/// task for each line and makes the whole instance wait for it.
impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Lines {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.0.push(b'\n');
            guest(&self.0);
        }
    }
}
