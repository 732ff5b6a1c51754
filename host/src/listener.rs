//! The socket that the host accepts connections on.

use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// How many connections the kernel lets wait until they are accepted, if its own limit
/// (`net.core.somaxconn`) is not lower. It breaks further ones off.
const WAITING: u32 = 4096;

/// Listens on an address, on which an ended process may have listened just before.
///
/// # Errors
///
/// Fails if the address cannot be listened on.
pub(crate) fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}
