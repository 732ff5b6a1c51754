//! A web site with a few files: the pages of an application, which are of another origin than the
//! server.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// The files, by their paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A site, which is served until the tests end.
pub(crate) struct Site {
    listener: TcpListener,
    /// Its origin: `http://127.0.0.1:1234`.
    pub(crate) origin: String,
}

impl Site {
    /// An address, whose files are not known yet.
    pub(crate) fn reserve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        Self {
            listener,
            origin: format!("http://{address}"),
        }
    }

    /// Serves these files. Returns the origin.
    pub(crate) fn serve(self, files: Files) -> String {
        let files = Arc::new(files);
        let listener = self.listener;
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let files = Arc::clone(&files);
                // The browser may have lost interest.
                thread::spawn(move || answer(client, &files).ok());
            }
        });
        self.origin
    }
}

/// Answers the first request of a connection, which has no body.
fn answer(mut client: TcpStream, files: &Files) -> io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let Some(request) = lines.next().transpose()? else {
        return Ok(());
    };
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let target = request.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let (status, body) = files.get(path).map_or((404, &[][..]), |body| (200, body));
    let media_type = match path.rsplit('.').next() {
        Some("png") => "image/png",
        Some("mjs") => "text/javascript",
        _ => "text/html; charset=utf-8",
    };
    let length = body.len();
    write!(
        client,
        "HTTP/1.1 {status} -\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    client.write_all(body)
}
