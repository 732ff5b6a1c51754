//! A client that sends every operation to whichever host, until one of them has answered it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::super::crash::storm::Dice;
use super::{Addresses, OWNERS};
use crate::support::{ALL_SCOPES, Client, Png, token, unique};

/// How long a host may take to answer.
const ANSWER: Duration = Duration::from_secs(40);
/// How long an operation may take in all.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a key may be held before the host that holds it must be gone. Others may use the key
/// after five minutes, for which no test waits.
const HELD: Duration = Duration::from_secs(5);
/// The lengths of all files.
const SIZES: [usize; 6] = [200, 3000, 5000, 20_000, 60_000, 200_000];

/// An image that exists.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) id: Option<String>,
    /// The name of its file, which no other image has.
    pub(super) name: String,
    pub(super) owner: usize,
    pub(super) file: Bytes,
    /// What its metadata says, if it was changed.
    pub(super) changed: Option<u64>,
}

/// A client.
pub(super) struct One {
    addresses: Addresses,
    dice: Dice,
    owner: usize,
    files: Vec<Bytes>,
    /// The images that exist because of it.
    pub(super) kept: Vec<Kept>,
    /// The images of which nobody can say yet whether they exist.
    pub(super) doubtful: Vec<Kept>,
    /// How many operations were answered.
    pub(super) answers: usize,
}

/// An answer that is not a failure of the host.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    /// Whether the operation was sent before, with an unknown outcome.
    is_repeat: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }

    fn is_problem(&self, kind: &str) -> bool {
        // The answer to HEAD has no body.
        let problem: Result<Value, _> = serde_json::from_slice(&self.body);
        problem.is_ok_and(|problem| problem["type"] == format!("/problems/{kind}"))
    }
}

impl One {
    pub(super) fn new(number: usize, addresses: &Addresses, dice: Dice) -> Self {
        Self {
            addresses: Arc::clone(addresses),
            dice,
            owner: number % OWNERS.len(),
            files: SIZES.map(|size| Png::of_size(size).bytes()).into(),
            kept: Vec::new(),
            doubtful: Vec::new(),
            answers: 0,
        }
    }

    /// One operation.
    pub(super) async fn act(&mut self) {
        match self.dice.below(100) {
            0..35 => self.upload().await,
            35..45 => self.upload_in_pieces().await,
            45..55 => self.use_a_ticket().await,
            55..65 => self.change().await,
            65..75 => self.share().await,
            75..78 => self.sweep().await,
            _ => self.delete().await,
        }
        self.answers += 1;
    }

    /// A client of one of the hosts.
    fn anyone(&mut self, owner: &str, scope: &str) -> Client {
        let addresses = self.addresses.lock().expect("not poisoned").clone();
        let address = &addresses[self.dice.index(addresses.len())];
        Client::new(address, Some(token(owner, scope)))
    }

    fn file(&mut self) -> Bytes {
        self.files[self.dice.index(SIZES.len())].clone()
    }

    /// Sends a request to one host after the other, until one answers it.
    async fn insist(&mut self, request: impl Fn(&Client) -> RequestBuilder) -> Answer {
        let owner = OWNERS[self.owner];
        self.insist_as(owner, ALL_SCOPES, request).await
    }

    async fn insist_as(
        &mut self,
        owner: &str,
        scope: &str,
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Answer {
        let start = Instant::now();
        let mut is_repeat = false;
        let mut last = String::new();
        while start.elapsed() < PATIENCE {
            let client = self.anyone(owner, scope);
            match answered(request(&client), is_repeat).await {
                // Another request with the same key is under way, perhaps at a host that is gone.
                Ok(answer)
                    if answer.status == 503
                        || (answer.is_problem("idempotency-key-held")
                            && start.elapsed() < HELD) =>
                {
                    last = answer.text();
                }
                Ok(answer) => {
                    let is_over = answer.is_problem("quota-exceeded");
                    assert!(answer.status < 500 || is_over, "{}", answer.text());
                    return answer;
                }
                Err(error) => last = error,
            }
            is_repeat = true;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no host has answered: {last}");
    }

    /// Uploads under an `Idempotency-Key`, so that a repeat does no harm.
    async fn upload(&mut self) {
        let (name, file) = (unique("upload"), self.file());
        let form = |file: &Bytes| form(&name, file);
        let sent = |client: &Client| {
            client
                .post()
                .header("idempotency-key", &name)
                .multipart(form(&file))
        };
        let answer = self.insist(sent).await;
        if answer.is_problem("quota-exceeded") {
            return self.delete().await;
        }
        if answer.is_problem("idempotency-key-held") {
            let (id, owner, changed) = (None, self.owner, None);
            self.doubtful.push(Kept {
                id,
                name,
                owner,
                file,
                changed,
            });
            return;
        }
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = answer.json()["id"].as_str().map(str::to_owned);
        self.keep(id, name, file);
    }

    fn keep(&mut self, id: Option<String>, name: String, file: Bytes) {
        let (owner, changed) = (self.owner, None);
        self.kept.push(Kept {
            id,
            name,
            owner,
            file,
            changed,
        });
    }

    /// Takes an image whose id is known from those that exist.
    fn take(&mut self) -> Option<(String, Kept)> {
        let known: Vec<usize> = (0..self.kept.len())
            .filter(|at| self.kept[*at].id.is_some())
            .collect();
        let at = *known.get(self.dice.index(known.len().max(1)))?;
        let kept = self.kept.swap_remove(at);
        Some((kept.id.clone()?, kept))
    }

    async fn delete(&mut self) {
        let Some((id, _)) = self.take() else { return };
        let path = format!("/v1/images/{id}");
        let answer = self
            .insist(|client| client.request(Method::DELETE, &path))
            .await;
        let is_gone = answer.status == 204 || (answer.status == 404 && answer.is_repeat);
        assert!(is_gone, "{id}: {}", answer.text());
    }

    async fn change(&mut self) {
        let Some((id, mut kept)) = self.take() else {
            return;
        };
        let number = self.dice.below(1 << 40);
        let (path, edit) = (
            format!("/v1/images/{id}"),
            json!({"metadata": {"n": number.to_string()}}),
        );
        let patch = |client: &Client| client.request(Method::PATCH, &path).json(&edit);
        let answer = self.insist(patch).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        kept.changed = Some(number);
        self.kept.push(kept);
    }

    /// Makes a named link, which serves the image until it is revoked.
    async fn share(&mut self) {
        let Some((id, kept)) = self.take() else {
            return;
        };
        let links = format!("/v1/images/{id}/links");
        let terms = json!({"expires_in": 3600, "name": "a link"});
        let create = |client: &Client| client.request(Method::POST, &links).json(&terms);
        let answer = self.insist(create).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let (url, link) = (answer.json()["url"].clone(), answer.json()["id"].clone());
        let url = url.as_str().expect("a URL");
        let linked = self.insist(|client| client.request(Method::GET, url)).await;
        assert!(
            linked.status == 200 && linked.body == kept.file,
            "{}",
            linked.status
        );
        let path = format!("{links}/{}", link.as_str().expect("an id"));
        let revoked = self
            .insist(|client| client.request(Method::DELETE, &path))
            .await;
        let is_gone = revoked.status == 204 || (revoked.status == 404 && revoked.is_repeat);
        assert!(is_gone, "{}", revoked.text());
        let linked = self.insist(|client| client.request(Method::GET, url)).await;
        assert!(linked.is_problem("link-revoked"), "{}", linked.text());
        self.kept.push(kept);
    }

    /// Uses a ticket at several hosts at the same time: it is good for one image.
    async fn use_a_ticket(&mut self) {
        let terms = json!({"expires_in": 3600});
        let create = |client: &Client| {
            client
                .request(Method::POST, "/v1/upload-tickets")
                .json(&terms)
        };
        let answer = self.insist(create).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let url = answer.json()["upload_url"]
            .as_str()
            .expect("a URL")
            .to_owned();
        let (name, file) = (unique("ticket"), self.file());
        let mut uses: Vec<One> = (0..3).map(|_| self.another()).collect();
        let uses = uses.iter_mut().map(|one| {
            let (url, name, file) = (&url, &name, &file);
            one.insist(move |client| {
                client
                    .request(Method::POST, url)
                    .multipart(form(name, file))
            })
        });
        let answers = join_all(uses).await;
        let created: Vec<&Answer> = answers
            .iter()
            .filter(|answer| answer.status == 201)
            .collect();
        let texts: Vec<String> = answers.iter().map(Answer::text).collect();
        assert!(created.len() <= 1, "a ticket was used twice: {texts:?}");
        let is_used = answers
            .iter()
            .any(|answer| answer.is_problem("ticket-spent"));
        let id = created
            .first()
            .and_then(|answer| answer.json()["id"].as_str().map(str::to_owned));
        match (id, is_used) {
            (Some(id), _) => self.keep(Some(id), name, file),
            // The answer of the use that has made the image was lost.
            (None, true) => self.keep(None, name, file),
            (None, false) => {
                let is_full = answers
                    .iter()
                    .all(|answer| answer.is_problem("quota-exceeded"));
                assert!(is_full, "{texts:?}");
            }
        }
    }

    /// The same client once more, for a request at the same time.
    fn another(&mut self) -> Self {
        Self {
            addresses: Arc::clone(&self.addresses),
            dice: self.dice.fork(),
            owner: self.owner,
            files: Vec::new(),
            kept: Vec::new(),
            doubtful: Vec::new(),
            answers: 0,
        }
    }

    async fn upload_in_pieces(&mut self) {
        let (name, file) = (unique("pieces"), self.file());
        let metadata = format!("filename {}", base64(&name));
        let length = file.len();
        let creation = |client: &Client| {
            tus(client, Method::POST, "/v1/uploads")
                .header("upload-length", length)
                .header("upload-metadata", &metadata)
        };
        let answer = self.insist(creation).await;
        if answer.is_problem("quota-exceeded") {
            return self.delete().await;
        }
        assert_eq!(answer.status, 201, "{}", answer.text());
        let path = answer.headers["location"]
            .to_str()
            .expect("a path")
            .to_owned();
        let mut acknowledged = 0;
        loop {
            let head = self.insist(|client| tus(client, Method::HEAD, &path)).await;
            assert_eq!(head.status, 200, "{path} is lost");
            let from = offset(&head);
            assert!(acknowledged <= from, "{path} has lost bytes");
            if from == length {
                // The answer to the last piece was lost.
                return self.keep(None, name, file);
            }
            let most = usize::try_from(self.dice.below(60_000)).expect("is small") + 1;
            let piece = file.slice(from..length.min(from + most));
            let end = from + piece.len();
            let append = |client: &Client| {
                tus(client, Method::PATCH, &path)
                    .header("upload-offset", from)
                    .header("content-type", "application/offset+octet-stream")
                    .body(piece.clone())
            };
            // Sent once: the next question shows what became of it.
            let client = self.anyone(OWNERS[self.owner], ALL_SCOPES);
            let Ok(answer) = answered(append(&client), false).await else {
                continue;
            };
            match answer.status {
                204 if end == length => {
                    let image = answer.headers["content-location"].to_str().expect("a path");
                    let id = image.strip_prefix("/v1/images/").map(str::to_owned);
                    return self.keep(id, name, file);
                }
                204 => acknowledged = end,
                // Another request has added it, or may be adding it.
                409 | 423 | 503 => {}
                _ if answer.is_problem("quota-exceeded") => {
                    let end = |client: &Client| tus(client, Method::DELETE, &path);
                    self.insist(end).await;
                    return self.delete().await;
                }
                _ => panic!("{path} from {from}: {}", answer.text()),
            }
        }
    }

    async fn sweep(&mut self) {
        let sweep = |client: &Client| {
            client
                .request(Method::POST, "/v1/admin/sweep")
                .json(&json!({}))
        };
        let answer = self.insist_as("root", "admin", sweep).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

/// The whole answer, unless it was lost.
async fn answered(request: RequestBuilder, is_repeat: bool) -> Result<Answer, String> {
    let text = |error: reqwest::Error| format!("{error:?}");
    let response = request.timeout(ANSWER).send().await.map_err(text)?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.map_err(text)?,
        is_repeat,
    })
}

fn form(name: &str, file: &Bytes) -> Form {
    let length = file.len() as u64;
    let part = Part::stream_with_length(file.clone(), length).file_name(format!("{name}.png"));
    Form::new().part("file", part)
}

fn tus(client: &Client, method: Method, path: &str) -> RequestBuilder {
    client
        .request(method, path)
        .header("tus-resumable", "1.0.0")
}

fn offset(answer: &Answer) -> usize {
    let offset = answer.headers["upload-offset"].to_str().expect("text");
    offset.parse().expect("a number")
}

fn base64(name: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{name}.png"))
}
