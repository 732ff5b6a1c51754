//! The log lines of requests.

use super::*;
use crate::model::Visibility;

impl Client {
    /// The only line written since the last call.
    fn line(&self) -> Value {
        let lines = self.lines();
        let [line] = lines.as_slice() else {
            panic!("expected one line, not {lines:?}");
        };
        serde_json::from_str(line).expect("JSON")
    }

    /// The body of a response, unread.
    async fn body_of(&self, path: &str) -> Body {
        let request = request(Method::GET, path, Body::empty());
        self.api.respond(request).await.into_body()
    }

    /// Deletes the chunks whose keys have this suffix directly from the store.
    fn lose(&self, suffix: &str) {
        let keep = |key: &String, _: &mut Bytes| !key.ends_with(suffix);
        self.values.tamper(|values| values.retain(keep));
    }

    /// Uploads an image of five chunks, and returns the path of its content.
    async fn upload_chunks(&self) -> String {
        let answer = self.upload(&testing::png_of_size(5000)).await;
        self.lines();
        let content = &answer.json()["links"]["content"];
        content.as_str().expect("a link").to_owned()
    }
}

fn with_small_chunks(variables: &[(&'static str, &str)]) -> Client {
    Client::with(&[variables, &[("chunk_bytes", "1024")]].concat())
}

#[tokio::test]
async fn each_request_has_a_line_with_its_properties() {
    let client = Client::new();
    let file = testing::png_of_size(1000);
    let image = client.upload(&file).await.json();
    let line = client.line();
    let owner = line["owner"].as_str().expect("a pseudonym").to_owned();
    assert_eq!(
        (&line["method"], &line["status"]),
        (&Value::from("POST"), &Value::from(201))
    );
    assert_eq!(
        (&line["route"], &line["bytes_in"]),
        (&Value::from("/v1/images"), &Value::from(1000))
    );
    assert_eq!(line["time"], "2027-01-15T08:00:00.000Z");
    assert!(
        line["duration_ms"]
            .as_f64()
            .is_some_and(|millis| (0.0..60_000.0).contains(&millis))
    );
    let ring = crate::auth::KeyRing::parse(KEYS).expect("a ring");
    assert_eq!(owner, crate::auth::pseudonym(&ring, "alice"));

    let path = image["links"]["content"].as_str().expect("a link");
    for (method, sent) in [(Method::GET, 1000), (Method::HEAD, 0)] {
        let answer = client
            .send(request(method.clone(), path, Body::empty()))
            .await;
        let line = client.line();
        assert_eq!(line["method"], method.as_str());
        assert_eq!(line["route"], "/v1/images/{id}/content");
        assert_eq!(line["request_id"], answer.header("x-request-id"));
        assert_eq!(
            (&line["bytes_in"], &line["bytes_out"]),
            (&Value::from(0), &Value::from(sent))
        );
        assert_eq!(line["owner"], owner);
        assert!(line.get("broken_off").is_none() && line.get("cause").is_none());
    }
    let refused = client
        .send(anonymous(Method::GET, path, Body::empty()))
        .await;
    let line = client.line();
    assert_eq!(
        (&line["status"], &line["owner"]),
        (&Value::from(401), &Value::Null)
    );
    assert_eq!(line["bytes_out"], refused.body.len());
    client.get("/v2/secret-path").await;
    assert_eq!(client.line()["route"], Value::Null);
    let made_up = Method::from_bytes(b"X-SECRET").expect("a method");
    client
        .send(request(made_up, "/v1/images", Body::empty()))
        .await;
    let line = client.line();
    assert_eq!(
        (&line["method"], &line["status"]),
        (&Value::from("other"), &Value::from(405))
    );
    client
        .send(request(
            Method::DELETE,
            &path.replace("/content", ""),
            Body::empty(),
        ))
        .await;
    assert_eq!(client.line()["status"], 204);
}

#[tokio::test]
async fn the_line_is_written_when_the_body_has_ended() {
    let client = with_small_chunks(&[]);
    let path = client.upload_chunks().await;
    let mut body = client.body_of(&path).await;
    for _ in 0..5 {
        body.frame().await.expect("a chunk").expect("is there");
        assert_eq!(client.lines(), Vec::<String>::new());
    }
    assert!(body.frame().await.is_none());
    let line = client.line();
    assert_eq!(
        (&line["bytes_out"], &line["status"]),
        (&Value::from(5000), &Value::from(200))
    );
    assert!(line.get("broken_off").is_none());
}

#[tokio::test]
async fn a_disconnect_is_logged_with_the_bytes_sent() {
    let client = with_small_chunks(&[]);
    let path = client.upload_chunks().await;
    let mut body = client.body_of(&path).await;
    for _ in 0..3 {
        body.frame().await.expect("a chunk").expect("is there");
    }
    // The third chunk was returned, but may not have been sent.
    drop(body);
    let line = client.line();
    assert_eq!(
        (&line["bytes_out"], &line["broken_off"]),
        (&Value::from(2048), &Value::from("client"))
    );
    assert!(line.get("cause").is_none());
}

#[tokio::test]
async fn server_errors_are_logged_with_their_cause() {
    for setting in ["on", "errors"] {
        let client = with_small_chunks(&[("request_log", setting)]);
        let path = client.upload_chunks().await;
        client.lose(":3");
        assert!(client.body_of(&path).await.collect().await.is_err());
        let lines = client.lines();
        let line: Value = serde_json::from_str(lines.last().expect("a line")).expect("JSON");
        assert_eq!(line["broken_off"], "server");
        let cause = line["cause"].as_str().expect("a cause");
        assert!(
            cause.contains("chunk 3") && cause.contains("missing"),
            "{cause}"
        );

        client.lose(":0");
        client.get(&path).await.is_problem(500, "internal");
        let line = client.line();
        assert_eq!(line["status"], 500);
        let cause = line["cause"].as_str().expect("a cause");
        assert!(
            cause.contains("chunk 0") && cause.contains("missing"),
            "{cause}"
        );
    }
}

#[tokio::test]
async fn the_setting_request_log_controls_the_log() {
    let errors = Client::with(&[("request_log", "errors")]);
    errors.upload(&testing::png_of_size(1000)).await;
    errors.get("/v1/images/nothing").await;
    assert_eq!(errors.lines(), Vec::<String>::new());
    let off = with_small_chunks(&[("request_log", "off")]);
    let path = off.upload_chunks().await;
    off.lose("");
    off.get(&path).await.is_problem(500, "internal");
    // Errors are logged even if requests are not.
    let lines = off.lines();
    assert!(
        lines.len() == 1 && lines[0].contains("missing"),
        "{lines:?}"
    );
    assert!(!lines[0].starts_with('{'), "{lines:?}");
}

#[tokio::test]
async fn lines_contain_no_secrets_and_no_text_from_the_client() {
    let client = Client::new();
    let token = bearer("alice", "images:read images:write");
    let ring = crate::auth::KeyRing::parse(KEYS).expect("a ring");
    let ticket = crate::auth::ticket::Ticket {
        max_uploads: None,
        id: "secret-ticket".to_owned(),
        sub: "alice".to_owned(),
        exp: NOW.unsigned_abs() / 1000 + 60,
        max_bytes: None,
        content_types: vec![],
        tags: vec!["secret-tag".to_owned()],
        metadata: [("secret-name".to_owned(), "secret-value".to_owned())].into(),
        filename: Some("secret-file".to_owned()),
        visibility: Some(Visibility::Public.as_str().to_owned()),
        quota: crate::model::QuotaClaim::default(),
    };
    let ticket = ticket.sign(&ring).expect("signs");
    let file = testing::png_of_size(1000);
    let requests = [
        request(
            Method::POST,
            "/v1/images?filename=secret-name.png",
            Body::from(file.clone()),
        ),
        anonymous(
            Method::POST,
            &format!("/v1/images?ticket={ticket}"),
            Body::from(file),
        ),
        anonymous(
            Method::GET,
            "/v1/images/secret-id/content?signature=secret&expires=1",
            Body::empty(),
        ),
        anonymous(Method::GET, "/secret%0a{\"status\":200}", Body::empty()),
    ];
    for mut request in requests {
        let headers = request.headers_mut();
        for (name, value) in [
            ("x-request-id", &b"secret\xff\t{\"status\":200}"[..]),
            ("user-agent", b"secret\tagent"),
            ("referer", b"secret"),
            ("cookie", b"secret"),
        ] {
            let value = axum::http::HeaderValue::from_bytes(value).expect("a value");
            headers.insert(name, value);
        }
        client.send(request).await;
        let lines = client.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        for secret in ["secret", "alice", "%0a", &token, &ticket] {
            assert!(!line.contains(secret), "{line}");
        }
        assert!(!line.contains(['\n', '\r', '\t']), "{line}");
    }
}

#[tokio::test]
async fn server_timing_is_sent_if_enabled() {
    let client = Client::new();
    assert_eq!(client.get("/v1/images").await.header("server-timing"), "");
    for log in ["on", "off"] {
        let client = Client::with(&[("server_timing", "on"), ("request_log", log)]);
        let answer = client.upload(&testing::png_of_size(1000)).await;
        let metrics: Vec<(&str, f64)> = answer
            .header("server-timing")
            .split(", ")
            .map(|metric| {
                let (name, millis) = metric.split_once(";dur=").expect("a duration");
                (name, millis.parse().expect("a number"))
            })
            .collect();
        let names: Vec<&str> = metrics.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["auth", "catalog", "blob", "derive", "total"]);
        let (auth, total) = (metrics[0].1, metrics[4].1);
        assert!(0.0 < auth && auth < total, "{metrics:?}");
    }
}

#[tokio::test]
async fn a_line_names_the_trace_that_the_request_belongs_to() {
    let client = Client::new();
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (field, expected) in [
        (format!("00-{id}-00f067aa0ba902b7-01"), Value::from(id)),
        (format!("00-{id}-00f067aa0ba902b7"), Value::Null),
        ("\"}{".to_owned(), Value::Null),
    ] {
        let request = request(Method::GET, "/v1/usage", Body::empty());
        let answer = client.send(with_headers(request, &[("traceparent", &field)]));
        assert_eq!(answer.await.status, StatusCode::OK);
        assert_eq!(client.line()["trace_id"], expected, "{field}");
    }
}
