//! A network between clients and a server, which breaks their connections.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// When a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Once the client has sent this many bytes.
    Sent(u64),
    /// Once the server has sent this many bytes.
    Answered(u64),
    /// Not at all.
    Never,
}

impl Cut {
    /// The bytes that are passed on in each direction: to the server, and to the client.
    fn limits(self) -> (u64, u64) {
        match self {
            Self::Sent(bytes) => (bytes, u64::MAX),
            Self::Answered(bytes) => (u64::MAX, bytes),
            Self::Never => (u64::MAX, u64::MAX),
        }
    }
}

/// The bytes of a connection in each direction: those of the client, and those of the server.
pub(crate) type Traffic = (u64, u64);

/// A network. Dropping it ends it.
pub(crate) struct Network {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    _end: oneshot::Sender<()>,
}

struct Shared {
    /// The host and port of the server.
    server: String,
    traffic: Vec<Traffic>,
}

impl Network {
    /// A network in front of the server at this URL. `plan` tells when the next connection breaks,
    /// which was made to this address of the network.
    pub(crate) fn before(server: &str, plan: impl FnMut(Ipv4Addr) -> Cut + Send + 'static) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            server: authority(server),
            traffic: Vec::new(),
        }));
        let (end, ended) = oneshot::channel();
        let (begin, begun) = std::sync::mpsc::channel();
        let for_connections = Arc::clone(&shared);
        // Tests wait for the programs that they run.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                // Every loopback address leads here, so that clients can be told apart.
                let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await;
                let listener = listener.expect("a free port");
                let port = listener.local_addr().expect("an address").port();
                begin.send(port).expect("the test waits");
                tokio::select! {
                    () = serve(listener, for_connections, plan) => {}
                    _ = ended => {}
                }
            });
        });
        Self {
            port: begun.recv().expect("it listens"),
            shared,
            _end: end,
        }
    }

    /// The URL at which the server is reached.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port, on every loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Leads further connections to the server at this URL.
    pub(crate) fn lead_to(&self, server: &str) {
        self.shared.lock().expect("not poisoned").server = authority(server);
    }

    /// What was passed on in each connection that has ended.
    pub(crate) fn traffic(&self) -> Vec<Traffic> {
        self.shared.lock().expect("not poisoned").traffic.clone()
    }
}

fn authority(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}

async fn serve(
    listener: TcpListener,
    shared: Arc<Mutex<Shared>>,
    mut plan: impl FnMut(Ipv4Addr) -> Cut,
) {
    let mut is_abrupt = false;
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let Ok(IpAddr::V4(address)) = client.local_addr().map(|address| address.ip()) else {
            continue;
        };
        let cut = plan(address);
        // Every other connection that breaks is reset; the others end in the middle.
        is_abrupt ^= cut != Cut::Never;
        tokio::spawn(pass(client, Arc::clone(&shared), cut, is_abrupt));
    }
}

/// Passes bytes on until one end closes the connection, or until it breaks.
async fn pass(mut client: TcpStream, shared: Arc<Mutex<Shared>>, cut: Cut, is_abrupt: bool) {
    let server = shared.lock().expect("not poisoned").server.clone();
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = client.set_nodelay(true).and(server.set_nodelay(true));
    let (limit_sent, limit_answered) = cut.limits();
    let (mut sent, mut answered) = (0, 0);
    {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        // When one end closes the connection, the other has nothing more to say.
        tokio::select! {
            () = copy(from_client, to_server, limit_sent, &mut sent) => {}
            () = copy(from_server, to_client, limit_answered, &mut answered) => {}
        }
    }
    if cut != Cut::Never && is_abrupt {
        let _ = client.set_zero_linger().and(server.set_zero_linger());
    }
    let mut shared = shared.lock().expect("not poisoned");
    shared.traffic.push((sent, answered));
}

/// Copies at most `limit` bytes, and counts them.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    limit: u64,
    count: &mut u64,
) {
    let mut buffer = vec![0; 64 << 10];
    while *count < limit {
        let Ok(length @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let left = usize::try_from(limit - *count).unwrap_or(usize::MAX);
        let length = length.min(left);
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        *count += length as u64;
    }
}
