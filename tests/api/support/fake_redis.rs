//! A server that implements the part of the Redis protocol that is needed, and fails as a test
//! requests.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A fault: what happens to certain commands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The names of the commands, in upper case.
    pub(crate) of: &'static [&'static str],
    /// Whether the commands are carried out nevertheless.
    pub(crate) done: bool,
    /// The reply to them.
    pub(crate) reply: &'static [u8],
    /// Whether the connection ends after the reply.
    pub(crate) ends: bool,
}

#[derive(Default)]
struct State {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    fault: Option<Fault>,
}

/// The server. It runs until the test program ends.
pub(crate) struct FakeRedis {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl FakeRedis {
    /// Starts a server without values and faults.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(client, &state));
            }
        });
        Self { port, state }
    }

    /// Its URL, for a runtime configuration.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sets or clears the fault.
    pub(crate) fn set(&self, fault: Option<Fault>) {
        self.state.lock().expect("no thread has failed").fault = fault;
    }

    /// The number of values.
    pub(crate) fn values(&self) -> usize {
        self.state
            .lock()
            .expect("no thread has failed")
            .values
            .len()
    }
}

fn serve(client: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut answers = client.try_clone()?;
    let mut requests = BufReader::new(client);
    loop {
        let command = command(&mut requests)?;
        let mut state = state.lock().expect("no thread has failed");
        let name = command[0].to_ascii_uppercase();
        let is_of = |fault: &Fault| fault.of.iter().any(|of| of.as_bytes() == name);
        let fault = state.fault.filter(is_of);
        let mut reply = Vec::new();
        if fault.is_none_or(|fault| fault.done) {
            reply = state.answer(&name, &command[1..]);
        }
        drop(state);
        answers.write_all(fault.map_or(&reply, |fault| fault.reply))?;
        if fault.is_some_and(|fault| fault.ends) {
            return answers.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl State {
    fn answer(&mut self, name: &[u8], arguments: &[Vec<u8>]) -> Vec<u8> {
        match (name, arguments) {
            (b"GET", [key]) => match self.values.get(key) {
                Some(value) => {
                    let mut reply = format!("${}\r\n", value.len()).into_bytes();
                    reply.extend_from_slice(value);
                    reply.extend_from_slice(b"\r\n");
                    reply
                }
                None => b"$-1\r\n".to_vec(),
            },
            (b"SET", [key, value]) => {
                self.values.insert(key.clone(), value.clone());
                b"+OK\r\n".to_vec()
            }
            (b"DEL", keys) => {
                let deleted = keys.iter().filter_map(|key| self.values.remove(key));
                format!(":{}\r\n", deleted.count()).into_bytes()
            }
            // Commands by which a client describes itself.
            _ => b"+OK\r\n".to_vec(),
        }
    }
}

/// Reads a command: `*2`, then the length and the content of each argument.
fn command(requests: &mut BufReader<TcpStream>) -> io::Result<Vec<Vec<u8>>> {
    let count = number(requests)?;
    let mut command = Vec::new();
    for _ in 0..count {
        let mut argument = vec![0; number(requests)? + 2];
        requests.read_exact(&mut argument)?;
        argument.truncate(argument.len() - 2);
        command.push(argument);
    }
    match command.as_slice() {
        [] => Err(io::ErrorKind::InvalidData.into()),
        _ => Ok(command),
    }
}

fn number(requests: &mut BufReader<TcpStream>) -> io::Result<usize> {
    let mut line = String::new();
    requests.read_line(&mut line)?;
    let digits = line.trim_end().get(1..).unwrap_or_default();
    digits
        .parse()
        .map_err(|_| io::ErrorKind::InvalidData.into())
}
