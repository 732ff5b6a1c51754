//! The address to listen on, in the forms in which people write it.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};

/// What an address looks like.
const EXPECTED: &str = "expected a port, such as 3000, or an address and a port, such as \
                        127.0.0.1:3000, localhost:3000, [::1]:3000 or 0.0.0.0:3000";

/// Parses an address and a port, a name and a port, or a port alone (`3000` or `:3000`). A port
/// alone is that of this machine's loopback address: to serve other machines, name an address.
///
/// # Errors
///
/// Fails if the text has another form, or if the name has no address.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = match port.parse() {
        Ok(port) if is_number && !host.contains([':', '/']) => port,
        _ => return Err(EXPECTED.to_owned()),
    };
    if host.is_empty() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let found = (host, port).to_socket_addrs();
    let found: Vec<SocketAddr> = found
        .map_err(|error| format!("cannot find the address of {host}: {error}"))?
        .collect();
    // `localhost` has an address of each kind, and the documentation shows 127.0.0.1.
    let first = found.iter().find(|address| address.is_ipv4());
    let first = first.or(found.first()).copied();
    first.ok_or_else(|| format!("{host} has no address"))
}

/// The error for an address that cannot be listened on.
pub(crate) fn unavailable(address: SocketAddr, error: &std::io::Error) -> String {
    let hint = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; another program, perhaps another Darkroom, listens there: stop it, or choose \
             another port with --listen"
        }
        _ => "",
    };
    format!("cannot listen on {address}: {error}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_and_may_be_a_port_alone() {
        for (text, expected) in [
            ("127.0.0.1:3900", "127.0.0.1:3900"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:3900", "[::1]:3900"),
            ("3900", "127.0.0.1:3900"),
            (":3900", "127.0.0.1:3900"),
            ("localhost:3900", "127.0.0.1:3900"),
        ] {
            let parsed = parse(text).map(|address| address.to_string());
            assert_eq!(parsed.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_examples() {
        for text in [
            "",
            ":",
            "localhost",
            "localhost:",
            "127.0.0.1",
            "65536",
            "+80",
            "::1:3900",
            "http://127.0.0.1:3900",
            "127.0.0.1:http",
            "a b",
        ] {
            assert_eq!(parse(text), Err(EXPECTED.to_owned()), "{text:?}");
        }
        assert!(parse("nowhere.invalid:80").is_err());
    }

    #[test]
    fn a_port_in_use_is_explained() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = std::net::TcpListener::bind(address).unwrap_err();
        let text = unavailable(address, &error);
        assert!(text.contains(&address.to_string()) && text.contains("--listen"));
    }
}
