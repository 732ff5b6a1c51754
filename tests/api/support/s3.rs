//! An S3 server that all tests share, and a prefix of its bucket for each test.

use std::process::Command;
use std::sync::OnceLock;

use darkroom::blobs::s3::sign::{self, Signer, ToSign};
use reqwest::{Method, Response};
use time::OffsetDateTime;

use super::environment;
use super::gate::Gate;
use super::peer::{Peer, on_a_free_port};
use super::{Setup, unique};

const BUCKET: &str = "photos";
const REGION: &str = "eu-central-1";
/// The number of requests that the server accepts before it checks signatures: see
/// [`Server::introduce`].
const UNSIGNED_CALLS: &str = "4";

/// The server, and a key with all permissions.
struct Server {
    port: u16,
    access_key_id: String,
    secret_access_key: String,
    _process: Peer,
}

/// A part of the bucket, behind a gate of its own.
pub(crate) struct S3 {
    server: &'static Server,
    gate: Gate,
    prefix: String,
}

impl S3 {
    /// A new part of the bucket, or none if `cargo xtask test` found no server, which it reports as
    /// skipped.
    pub(crate) async fn start() -> Option<Self> {
        static SERVER: OnceLock<Server> = OnceLock::new();
        static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let python = environment::peer("DARKROOM_TEST_PYTHON")?;
        let guard = STARTING.lock().await;
        let server = match SERVER.get() {
            Some(server) => server,
            None => {
                let server = Server::start(&python).await;
                SERVER.get_or_init(|| server)
            }
        };
        drop(guard);
        Some(Self {
            server,
            gate: Gate::before(server.port),
            prefix: format!("{}/", unique("test")),
        })
    }

    /// The gate in front of the server.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The settings for this part of the bucket.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "s3_endpoint",
                format!("http://127.0.0.1:{}", self.gate.port()),
            ),
            ("s3_bucket", BUCKET.to_owned()),
            ("s3_region", REGION.to_owned()),
            ("s3_access_key_id", self.server.access_key_id.clone()),
            (
                "s3_secret_access_key",
                self.server.secret_access_key.clone(),
            ),
            ("s3_prefix", self.prefix.clone()),
        ]
    }

    /// Another part of the bucket, with the same objects, except those that are deleted meanwhile.
    pub(crate) async fn copy(&self) -> Self {
        let copy = Self::start().await.expect("the server runs");
        for key in self.objects().await {
            let name = key.strip_prefix(&self.prefix).expect("is in this part");
            let object = self.server.send(Method::GET, &key, &[], Vec::new()).await;
            if object.status() == 200 {
                let bytes = object.bytes().await.expect("a body").into();
                copy.put(&format!("{}{name}", copy.prefix), bytes).await;
            }
        }
        copy
    }

    /// The keys of all objects in this part.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let query = [("list-type", "2"), ("prefix", self.prefix.as_str())];
        let answer = self.server.send(Method::GET, "", &query, Vec::new()).await;
        elements(&answer.text().await.expect("text"), "Key")
    }

    /// The number of multipart uploads in progress.
    pub(crate) async fn uploads(&self) -> usize {
        let query = [("uploads", ""), ("prefix", self.prefix.as_str())];
        let answer = self.server.send(Method::GET, "", &query, Vec::new()).await;
        elements(&answer.text().await.expect("text"), "UploadId").len()
    }

    /// An object's bytes.
    pub(crate) async fn get(&self, key: &str) -> Vec<u8> {
        let answer = self.server.send(Method::GET, key, &[], Vec::new()).await;
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a body").into()
    }

    /// Writes an object without Darkroom.
    pub(crate) async fn put(&self, key: &str, bytes: Vec<u8>) {
        let answer = self.server.send(Method::PUT, key, &[], bytes).await;
        assert_eq!(answer.status(), 200);
    }
}

impl Setup {
    /// Keeps blobs in this part of a bucket.
    pub(crate) fn blobs_in_s3(self, s3: &S3) -> Self {
        self.reaching(s3).variable("blob_store", "s3")
    }

    /// Has the settings for this part of a bucket.
    pub(crate) fn reaching(self, s3: &S3) -> Self {
        let variables = s3.variables().into_iter();
        variables.fold(self, |setup, (name, value)| setup.variable(name, value))
    }
}

impl Server {
    async fn start(python: &std::path::Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory").keep();
        let (port, process) = on_a_free_port(|port| {
            let mut command = Command::new(python);
            command.args([
                "-m",
                "moto.server",
                "-H",
                "127.0.0.1",
                "-p",
                &port.to_string(),
            ]);
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", UNSIGNED_CALLS);
            Peer::start(command, port, &folder)
        });
        let mut server = Self {
            port,
            access_key_id: String::new(),
            secret_access_key: String::new(),
            _process: process,
        };
        server.introduce().await;
        server
    }

    /// Creates the user and the bucket. After that, the server checks signatures.
    async fn introduce(&mut self) {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        let user = ("UserName", "darkroom");
        self.iam(&[("Action", "CreateUser"), user]).await;
        let named = ("PolicyName", "all");
        let policy = ("PolicyDocument", policy);
        self.iam(&[("Action", "PutUserPolicy"), user, named, policy])
            .await;
        let key = self.iam(&[("Action", "CreateAccessKey"), user]).await;
        let element = |name| elements(&key, name).pop().expect("a key");
        self.access_key_id = element("AccessKeyId");
        self.secret_access_key = element("SecretAccessKey");
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint>\
             </CreateBucketConfiguration>"
        );
        let made = self.send(Method::PUT, "", &[], place.into()).await;
        assert_eq!(made.status(), 200);
    }

    async fn iam(&self, form: &[(&str, &str)]) -> String {
        // The server recognises a service by the scope of the signature.
        let scope = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, \
                     SignedHeaders=host, Signature=0";
        let request = reqwest::Client::new()
            .post(format!("http://127.0.0.1:{}/", self.port))
            .header("authorization", scope)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(sign::encode_query(form));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("text")
    }

    async fn send(
        &self,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response {
        let authority = format!("127.0.0.1:{}", self.port);
        let path = format!("/{BUCKET}/{key}");
        let path = path.trim_end_matches('/');
        let amz_date = sign::amz_date(OffsetDateTime::now_utc());
        let payload_hash = sign::sha256_hex(&body);
        let headers = [
            ("host", authority.as_str()),
            ("x-amz-content-sha256", payload_hash.as_str()),
            ("x-amz-date", amz_date.as_str()),
        ];
        let authorization = Signer {
            access_key_id: &self.access_key_id,
            secret_access_key: &self.secret_access_key,
            region: REGION,
            service: "s3",
        }
        .authorization(&ToSign {
            method: method.as_str(),
            path,
            query,
            headers: &headers,
            payload_hash: &payload_hash,
            amz_date: &amz_date,
        });
        let query = sign::encode_query(query);
        let url = format!("http://{authority}{}?{query}", sign::encode_path(path));
        let mut request = reqwest::Client::new().request(method, url.trim_end_matches('?'));
        for (name, value) in &headers[1..] {
            request = request.header(*name, *value);
        }
        let request = request.header("authorization", authorization).body(body);
        request.send().await.expect("an answer")
    }
}

/// The contents of all elements of this name.
fn elements(document: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let pieces = document.split(&start).skip(1);
    let contents = pieces.filter_map(|piece| piece.split_once(&end));
    contents.map(|(content, _)| content.to_owned()).collect()
}
