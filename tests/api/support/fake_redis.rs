//! A server that speaks Redis' protocol, as far as it is needed, and answers as a test
//! says.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of commands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// Of these, in capital letters.
    pub(crate) of: &'static [&'static str],
    /// They are carried out all the same.
    pub(crate) done: bool,
    /// This is answered.
    pub(crate) reply: &'static [u8],
    /// The connection ends after it.
    pub(crate) ends: bool,
}

#[derive(Default)]
struct State {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    fault: Option<Fault>,
}

/// The server. It lives as long as the test program.
pub(crate) struct FakeRedis {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl FakeRedis {
    /// One without values and faults.
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

    /// Where it is, for a runtime configuration.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on.
    pub(crate) fn set(&self, fault: Option<Fault>) {
        self.state.lock().expect("no thread has failed").fault = fault;
    }

    /// How many values there are.
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
            // What a client says of itself.
            _ => b"+OK\r\n".to_vec(),
        }
    }
}

/// A command: `*2`, then each argument as its length and itself.
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
