//! A gate in front of a server. When it is shut, the server seems to be gone; when it is hushed,
//! the server seems to be silent.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What has passed a gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// How often the server had to be waited for, if there is one connection.
    pub(crate) round_trips: u64,
    /// The bytes to the server.
    pub(crate) sent: u64,
    /// The bytes from the server.
    pub(crate) received: u64,
    /// Whether the server has the word.
    is_asked: bool,
}

impl Passed {
    fn count(&mut self, is_to_server: bool, length: usize) {
        if is_to_server {
            self.sent += length as u64;
            self.round_trips += u64::from(!self.is_asked);
        } else {
            self.received += length as u64;
        }
        self.is_asked = is_to_server;
    }
}

/// A gate, which passes connections on while it is open.
pub(crate) struct Gate {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_shut: bool,
    is_hushed: bool,
    /// How long bytes take in each direction.
    delay: Duration,
    traffic: Passed,
    /// Both ends of every connection that was passed on or is held.
    passed: Vec<TcpStream>,
}

impl Gate {
    /// An open gate in front of the server on this port.
    pub(crate) fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let _ = pass(client, server, &shared);
            }
        });
        Self { port, state }
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Closes every connection, and every new one.
    pub(crate) fn shut(&self) {
        self.turn(true, false);
    }

    /// Closes every connection, and leaves new ones without an answer.
    pub(crate) fn hush(&self) {
        self.turn(false, true);
    }

    /// Lets connections through again.
    pub(crate) fn open(&self) {
        self.turn(false, false);
    }

    /// Delays everything by this time, in each direction.
    pub(crate) fn slow_down(&self, delay: Duration) {
        self.state.lock().expect("no thread has failed").delay = delay;
    }

    /// What has passed so far.
    pub(crate) fn passed(&self) -> Passed {
        self.state.lock().expect("no thread has failed").traffic
    }

    fn turn(&self, is_shut: bool, is_hushed: bool) {
        let mut state = self.state.lock().expect("no thread has failed");
        let was_open = !state.is_shut && !state.is_hushed;
        (state.is_shut, state.is_hushed) = (is_shut, is_hushed);
        if !was_open || is_shut || is_hushed {
            for stream in state.passed.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

fn pass(client: TcpStream, server: u16, shared: &Arc<Mutex<State>>) -> io::Result<()> {
    let mut state = shared.lock().expect("no thread has failed");
    if state.is_shut {
        return Ok(());
    }
    if state.is_hushed {
        state.passed.push(client);
        return Ok(());
    }
    let server = TcpStream::connect(("127.0.0.1", server))?;
    for (from, to, is_to_server) in [(&client, &server, true), (&server, &client, false)] {
        state.passed.push(from.try_clone()?);
        let (from, to) = (from.try_clone()?, to.try_clone()?);
        from.set_nodelay(true)?;
        let shared = Arc::clone(shared);
        thread::spawn(move || copy(from, to, is_to_server, &shared));
    }
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream, is_to_server: bool, state: &Mutex<State>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let delay = {
            let mut state = state.lock().expect("no thread has failed");
            state.traffic.count(is_to_server, length);
            state.delay
        };
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
