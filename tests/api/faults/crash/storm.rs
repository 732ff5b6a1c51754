//! Clients that upload, delete, read and sweep until the server is gone.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::ledger::{Entry, Ledger, OWNERS, State};
use super::pieces::{Open, Progress};
use crate::support::{Client, Darkroom};

const CLIENTS: usize = 8;
/// Above this number of images, more are deleted than uploaded.
const MANY: usize = 120;

/// Random numbers from a seed (xorshift64*).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// A number from 0 to `limit` - 1.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Other dice, with a seed from these.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    /// An index of a list of this length.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("is an index")
    }
}

/// The most bytes of a piece.
const LONGEST_PIECE: u64 = 60_000;

/// The server is gone, or an answer was cut off.
pub(super) struct Gone;

/// All clients.
pub(crate) struct Storm {
    ledger: Arc<Mutex<Ledger>>,
    clients: JoinSet<usize>,
}

impl Storm {
    pub(crate) fn begin(darkroom: &Darkroom, ledger: &Ledger, dice: &mut Dice) -> Self {
        let ledger = Arc::new(Mutex::new(ledger.clone()));
        let admin = darkroom.scoped("root", "admin");
        let owners = OWNERS.map(|owner| darkroom.client(owner));
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let one = One {
                ledger: Arc::clone(&ledger),
                owners: owners.clone(),
                admin: admin.clone(),
                dice: Dice::new(dice.next()),
            };
            clients.spawn(one.run());
        }
        Self { ledger, clients }
    }

    /// The operations that were acknowledged so far.
    pub(crate) fn ledger(&self) -> Ledger {
        self.ledger.lock().expect("not poisoned").clone()
    }

    /// Waits until every client has noticed that the server is gone. Returns the number of answers.
    pub(crate) async fn end(mut self, ledger: &mut Ledger) -> usize {
        let mut answers = 0;
        while let Some(client) = self.clients.join_next().await {
            answers += client.expect("the client saw no broken promise");
        }
        *ledger = self.ledger.lock().expect("not poisoned").clone();
        answers
    }
}

/// One client.
struct One {
    ledger: Arc<Mutex<Ledger>>,
    owners: [Client; OWNERS.len()],
    admin: Client,
    dice: Dice,
}

impl One {
    async fn run(mut self) -> usize {
        let mut answers = 0;
        loop {
            let images = self.ledger(|ledger| ledger.images.len());
            let deletions = if images > MANY { 60 } else { 25 };
            let done = match self.dice.below(100) {
                0..4 => self.sweep().await,
                4..12 => self.read().await,
                12..20 => self.upload(3).await,
                20..32 => self.pieces().await,
                roll if roll < 32 + deletions => self.delete().await,
                _ => self.upload(1).await,
            };
            match done {
                Ok(()) => answers += 1,
                Err(Gone) => return answers,
            }
        }
    }

    fn ledger<T>(&self, with: impl FnOnce(&mut Ledger) -> T) -> T {
        with(&mut self.ledger.lock().expect("not poisoned"))
    }

    /// A random image that was uploaded, whether it still exists or not.
    fn pick(&mut self) -> Option<(String, Entry)> {
        let length = self.ledger(|ledger| ledger.images.len());
        let index = self.dice.index(length.max(1));
        self.ledger(|ledger| {
            let image = ledger.images.iter().nth(index);
            image.map(|(id, entry)| (id.clone(), *entry))
        })
    }

    /// Uploads files in one request, all or none.
    async fn upload(&mut self, count: usize) -> Result<(), Gone> {
        let all = self.ledger(|ledger| Arc::clone(&ledger.files));
        let owner = self.dice.index(OWNERS.len());
        let files: Vec<usize> = (0..count).map(|_| self.dice.index(all.len())).collect();
        let request = self.owners[owner].post();
        let request = match files.as_slice() {
            [file] => request.body(all[*file].clone()),
            several => request.multipart(form(several.iter().map(|file| all[*file].clone()))),
        };
        let answer = request.send().await.map_err(|_| Gone)?;
        let status = answer.status();
        let answer = json(answer).await?;
        assert_eq!(status, 201, "{answer}");
        let images = match &answer["items"] {
            Value::Array(items) => items.clone(),
            _ => vec![answer],
        };
        assert_eq!(images.len(), count);
        for (image, file) in images.iter().zip(files) {
            let id = image["id"].as_str().expect("an id").to_owned();
            let state = State::There;
            let entry = Entry { owner, file, state };
            self.ledger(|ledger| ledger.images.insert(id, entry));
        }
        Ok(())
    }

    /// Goes on with an upload in pieces, or begins one.
    async fn pieces(&mut self) -> Result<(), Gone> {
        let open = self.ledger(|ledger| ledger.open.len());
        let index = self.dice.index(open + 1);
        let taken = self.ledger(|ledger| {
            let is_there = index < ledger.open.len();
            is_there.then(|| ledger.open.swap_remove(index))
        });
        let files = self.ledger(|ledger| Arc::clone(&ledger.files));
        let mut open = match taken {
            Some(open) => open,
            None => {
                let (owner, file) = (self.dice.index(OWNERS.len()), self.dice.index(files.len()));
                Open::begin(&self.owners[owner], owner, file, files[file].len()).await?
            }
        };
        let (owner, file) = (open.owner, open.file);
        let most = usize::try_from(1 + self.dice.below(LONGEST_PIECE)).expect("short");
        let progress = open.go_on(&self.owners[owner], &files[file], most).await;
        match progress {
            Ok(Progress::Complete(id)) => {
                let state = State::There;
                let entry = Entry { owner, file, state };
                self.ledger(|ledger| ledger.images.insert(id, entry));
                Ok(())
            }
            Ok(Progress::Over) => Ok(()),
            Ok(Progress::Open) => {
                self.ledger(|ledger| ledger.open.push(open));
                Ok(())
            }
            Err(gone) => {
                self.ledger(|ledger| ledger.open.push(open));
                Err(gone)
            }
        }
    }

    async fn delete(&mut self) -> Result<(), Gone> {
        let Some((id, entry)) = self.pick() else {
            return Ok(());
        };
        let set = |state| {
            self.ledger(|ledger| {
                if let Some(entry) = ledger.images.get_mut(&id) {
                    entry.state = state;
                }
            });
        };
        if entry.state == State::There {
            set(State::Doubtful);
        }
        let request = self.owners[entry.owner].request(Method::DELETE, &format!("/v1/images/{id}"));
        let answer = request.send().await.map_err(|_| Gone)?;
        assert!([204, 404].contains(&answer.status().as_u16()), "{answer:?}");
        set(State::Gone);
        Ok(())
    }

    /// Downloads an image: what is served must be right.
    async fn read(&mut self) -> Result<(), Gone> {
        let Some((id, entry)) = self.pick() else {
            return Ok(());
        };
        let path = format!("/v1/images/{id}/content");
        let request = self.owners[entry.owner].request(Method::GET, &path);
        let answer = request.send().await.map_err(|_| Gone)?;
        let status = answer.status();
        if status == 404 {
            let state = self.ledger(|ledger| ledger.images[&id].state);
            assert_ne!(state, State::There, "{id} is not served");
            return Ok(());
        }
        assert_eq!(status, 200, "{id}");
        let bytes = answer.bytes().await.map_err(|_| Gone)?;
        let is_right = self.ledger(|ledger| bytes == ledger.files[entry.file]);
        assert!(is_right, "wrong bytes of {id}");
        Ok(())
    }

    async fn sweep(&mut self) -> Result<(), Gone> {
        let request = self.admin.request(Method::POST, "/v1/admin/sweep");
        let answer = request.json(&json!({})).send().await.map_err(|_| Gone)?;
        assert_eq!(answer.status(), 200);
        json(answer).await.map(drop)
    }
}

async fn json(answer: Response) -> Result<Value, Gone> {
    answer.json().await.map_err(|_| Gone)
}

fn form(files: impl Iterator<Item = Bytes>) -> Form {
    files.fold(Form::new(), |form, bytes| {
        let length = bytes.len() as u64;
        let part = Part::stream_with_length(bytes, length).file_name("a.png");
        form.part("file", part)
    })
}
