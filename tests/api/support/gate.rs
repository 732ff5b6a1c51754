//! A gate in front of a server. When it is shut, the server seems to be gone; when it is hushed,
//! the server seems to be silent.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, Weak};
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
    /// What clients have sent since somebody listens.
    heard: Option<Vec<u8>>,
    /// The connections that are passed on, while both ends are there.
    passed: Vec<Weak<Connection>>,
    /// The connections that are left without an answer.
    held: Vec<TcpStream>,
}

/// A connection from a client, and the one to the server that belongs to it.
struct Connection {
    client: TcpStream,
    server: TcpStream,
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

    /// Begins to keep what clients send.
    pub(crate) fn listen(&self) {
        self.state.lock().expect("no thread has failed").heard = Some(Vec::new());
    }

    /// What clients have sent since [`Gate::listen`].
    pub(crate) fn heard(&self) -> String {
        let state = self.state.lock().expect("no thread has failed");
        String::from_utf8_lossy(state.heard.as_deref().unwrap_or_default()).into_owned()
    }

    fn turn(&self, is_shut: bool, is_hushed: bool) {
        let mut state = self.state.lock().expect("no thread has failed");
        let was_open = !state.is_shut && !state.is_hushed;
        (state.is_shut, state.is_hushed) = (is_shut, is_hushed);
        if !was_open || is_shut || is_hushed {
            for connection in state.passed.drain(..).filter_map(|passed| passed.upgrade()) {
                let _ = connection.client.shutdown(Shutdown::Both);
                let _ = connection.server.shutdown(Shutdown::Both);
            }
            state.held.clear();
        }
    }
}

fn pass(client: TcpStream, server: u16, shared: &Arc<Mutex<State>>) -> io::Result<()> {
    let mut state = shared.lock().expect("no thread has failed");
    if state.is_shut {
        return Ok(());
    }
    if state.is_hushed {
        state.held.push(client);
        return Ok(());
    }
    let server = TcpStream::connect(("127.0.0.1", server))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let connection = Arc::new(Connection { client, server });
    state.passed.retain(|passed| passed.strong_count() > 0);
    state.passed.push(Arc::downgrade(&connection));
    for is_to_server in [true, false] {
        let (connection, shared) = (Arc::clone(&connection), Arc::clone(shared));
        thread::spawn(move || copy(&connection, is_to_server, &shared));
    }
    Ok(())
}

fn copy(connection: &Connection, is_to_server: bool, state: &Mutex<State>) {
    let (mut from, mut to) = match is_to_server {
        true => (&connection.client, &connection.server),
        false => (&connection.server, &connection.client),
    };
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let delay = {
            let mut state = state.lock().expect("no thread has failed");
            state.traffic.count(is_to_server, length);
            if let Some(heard) = state.heard.as_mut().filter(|_| is_to_server) {
                heard.extend_from_slice(&buffer[..length]);
            }
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
