//! The page of docs/access.md that uploads a file with a ticket, in a browser.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::browser::rendered;
use crate::support::{Client, Darkroom, Program, fixture, unique};

const DOCUMENT: &str = include_str!("../../../docs/access.md");

/// Chooses files as a user would, one after the other, and writes what the page says to them.
const USER: &str = r#"<pre></pre><script>
(async () => {
  const bytes = Uint8Array.from(atob("PICTURE"), (letter) => letter.charCodeAt(0));
  const input = document.querySelector("input");
  const seen = [];
  for (const files of [
    [new File([bytes], "Zoë’s cat.jpg", { type: "image/jpeg" })],
    [new File(["no picture"], "cat.jpg", { type: "image/jpeg" })],
    [new File([bytes], "cat.jpg", { type: "image/jpeg" })],
    [new File([bytes], "cat.jpg", { type: "image/jpeg" })],
    [],
  ]) {
    document.querySelector("output").textContent = "";
    const chosen = new DataTransfer();
    for (const file of files) chosen.items.add(file);
    input.files = chosen.files;
    await input.onchange({ target: input });
    seen.push(document.querySelector("output").textContent);
  }
  document.querySelector("pre").textContent = `SEEN${JSON.stringify(seen)}SEEN`;
})();
</script>"#;

/// The application whose page it is.
struct Application {
    page: String,
    /// Asks Darkroom for tickets.
    alice: Client,
    /// The URL of Darkroom.
    darkroom: String,
    /// How often the page has asked for a ticket.
    asked: AtomicUsize,
}

impl Application {
    async fn serve(&self, listener: &TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            self.answer(stream).await;
        }
    }

    /// Answers the first request of a connection, which has no body.
    async fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                // Browsers also connect in advance.
                Err(_) => return,
            }
        }
        let (status, media_type, body) = match head.starts_with(b"POST /my/upload-ticket ") {
            true => self.ticket().await,
            false => (200, "text/html; charset=utf-8", self.page.clone()),
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} -\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        );
        // The browser may have lost interest.
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    /// Two tickets, then none, then one whose URL nothing serves.
    async fn ticket(&self) -> (u16, &'static str, String) {
        let url = match self.asked.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => {
                let terms = json!({"expires_in": 60, "metadata": {"user": "1234"}});
                let path = self.alice.ticket(&terms).await;
                format!("{}{path}", self.darkroom)
            }
            2 => return (503, "text/plain", String::new()),
            // No browser connects to this port.
            _ => "http://127.0.0.1:1/v1/images".to_owned(),
        };
        let body = json!({ "upload_url": url });
        (200, "application/json", body.to_string())
    }
}

#[tokio::test]
async fn the_page_that_uploads_with_a_ticket_keeps_the_name_and_reports_errors() {
    let Some(chromium) = Program::find("DARKROOM_TEST_CHROMIUM") else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let darkroom = Darkroom::with().variable("cors_origins", &origin).start();
    let owner = unique("alice");

    let (_, page) = DOCUMENT.split_once("```html\n").expect("a page");
    let (page, _) = page.split_once("```\n").expect("its end");
    let user = USER.replace("PICTURE", &STANDARD.encode(fixture("grey.jpg").bytes));
    let application = Application {
        page: format!("<!doctype html>{page}{user}"),
        alice: darkroom.client(&owner),
        darkroom: darkroom.address().to_owned(),
        asked: AtomicUsize::new(0),
    };
    let document = tokio::task::spawn_blocking(move || rendered(&chromium, &[], &origin));
    let document = tokio::select! {
        document = document => document.expect("a document"),
        () = application.serve(&listener) => unreachable!("it serves until the end"),
    };
    let seen = document.split("SEEN").nth(1).expect("a result");
    let seen: Vec<String> = serde_json::from_str(seen).expect("JSON");
    let [uploaded, refused, unavailable, unreachable, none] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!(uploaded, "Uploaded Zoë’s cat.jpg");
    let failed = "The upload failed: ";
    let detail = refused.strip_prefix(failed).expect("a failure");
    assert!(detail.contains("text/plain"), "{detail}");
    let no_ticket = "Uploads are not possible at the moment.";
    assert_eq!(unavailable, &format!("{failed}{no_ticket}"));
    assert!(unreachable.starts_with(failed), "{unreachable}");
    assert_eq!(none, "");
    let images = darkroom.client(&owner).list().await;
    let [image] = &images[..] else {
        panic!("{images:?}");
    };
    assert_eq!(image["filename"], "Zoë’s cat.jpg");
    assert_eq!(image["metadata"], json!({"user": "1234"}));
}
