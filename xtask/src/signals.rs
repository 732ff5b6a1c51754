//! Passing signals on to the host.
//!
//! The host runs in a process group of its own, so that Ctrl-C reaches only
//! xtask, which passes it on once: the host would treat a second signal as "end now".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Signals that are caught, and held until there is a process to send them to.
pub(crate) struct Relay {
    signals: Signals,
    asked_to_stop: Arc<AtomicBool>,
}

impl Relay {
    /// Catches SIGINT, SIGTERM and SIGHUP.
    pub(crate) fn install() -> Result<Self> {
        Ok(Self {
            signals: Signals::new([SIGINT, SIGTERM, SIGHUP])?,
            asked_to_stop: Arc::default(),
        })
    }

    /// Passes every signal on to the group of process `leader`, in the
    /// background. The returned flag is set once a signal has arrived.
    pub(crate) fn to(mut self, leader: u32) -> Arc<AtomicBool> {
        let asked = Arc::clone(&self.asked_to_stop);
        thread::spawn(move || {
            for signal in self.signals.forever() {
                self.asked_to_stop.store(true, Ordering::SeqCst);
                send(
                    leader,
                    if signal == SIGINT {
                        Signal::INT
                    } else {
                        Signal::TERM
                    },
                );
            }
        });
        asked
    }
}

/// Sends a signal to the group of process `leader`. A group that is gone is not an error.
pub(crate) fn send(leader: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, signal);
    }
}
