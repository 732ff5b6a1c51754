//! TLS by hand: OpenSSL's own client sends bytes unchanged.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, Join, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{Program, environment};

/// The environment variable with the path of OpenSSL.
const OPENSSL: &str = "DARKROOM_TEST_OPENSSL";

/// A self-signed certificate of this machine and its key, in one file.
#[derive(Clone)]
pub(crate) struct Certificate(Arc<Program>);

impl Certificate {
    /// A new certificate, or none if `cargo xtask test` found no OpenSSL, which it reports as
    /// skipped.
    pub(super) fn make() -> Option<Self> {
        let openssl = Program::find(OPENSSL)?;
        openssl.succeed(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            "key.pem",
            "-out",
            "certificate.pem",
        ]);
        let both = [openssl.read("certificate.pem"), openssl.read("key.pem")];
        openssl.write(Self::FILE, &both.concat());
        Some(Self(Arc::new(openssl)))
    }

    const FILE: &str = "both.pem";

    /// The file.
    pub(super) fn path(&self) -> String {
        self.0.file(Self::FILE).display().to_string()
    }
}

/// A connection to this address, which must present the certificate.
pub(super) fn connect(
    authority: &str,
    certificate: &Certificate,
) -> impl super::raw::Stream + use<> {
    let openssl = environment::peer(OPENSSL).expect("it made the certificate");
    let mut client = Command::new(openssl)
        .args(["s_client", "-quiet", "-verify_return_error", "-CAfile"])
        .arg(Path::new(&certificate.path()))
        .args(["-connect", authority])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl starts");
    let read = client.stdout.take().expect("it has an output");
    let write = client.stdin.take().expect("it has an input");
    Connection {
        _client: client,
        stream: tokio::io::join(read, write),
    }
}

/// An OpenSSL client, which ends with the connection.
struct Connection {
    _client: Child,
    stream: Join<ChildStdout, ChildStdin>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
