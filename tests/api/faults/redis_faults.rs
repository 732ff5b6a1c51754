//! A Redis that refuses commands, truncates replies or disconnects: each time a clear answer, never
//! a wrong byte, and no remains in the end.

use crate::support::{
    Darkroom, FIXTURES, FakeRedis, Fault, Png, content, eventually, path, problem, spin_differs,
};

/// A fault, and the statuses that clients get.
struct Case {
    name: &'static str,
    fault: Fault,
    download: u16,
    upload: u16,
}

const ALL: &[&str] = &["GET", "SET", "DEL"];
const READS: &[&str] = &["GET"];
const WRITES: &[&str] = &["SET", "DEL"];

/// A Redis that refuses these commands with this reply.
fn refuses(name: &'static str, of: &'static [&'static str], reply: &'static [u8]) -> Case {
    let fault = Fault {
        of,
        done: false,
        reply,
        ends: false,
    };
    let status = |of: &str, normal| if fault.of.contains(&of) { 503 } else { normal };
    Case {
        name,
        fault,
        download: status("GET", 200),
        upload: status("SET", 201),
    }
}

/// A Redis that ends the connection after this part of a reply.
fn ends(name: &'static str, of: &'static [&'static str], reply: &'static [u8], done: bool) -> Case {
    let mut case = refuses(name, of, reply);
    (case.fault.ends, case.fault.done) = (true, done);
    case
}

/// A Redis that returns another value than was stored.
fn gives(name: &'static str, reply: &'static [u8]) -> Case {
    Case {
        download: 500,
        ..refuses(name, READS, reply)
    }
}

fn cases() -> Vec<Case> {
    vec![
        refuses(
            "memory that is exhausted",
            &["SET"],
            b"-OOM command not allowed\r\n",
        ),
        refuses("a replica", WRITES, b"-READONLY no writes here\r\n"),
        refuses(
            "a server that is starting",
            ALL,
            b"-LOADING the dataset\r\n",
        ),
        refuses("no snapshots", WRITES, b"-MISCONF no snapshots\r\n"),
        refuses("too few replicas", WRITES, b"-NOREPLICAS Not enough\r\n"),
        refuses("a password", ALL, b"-NOAUTH Authentication required.\r\n"),
        refuses("a user without rights", ALL, b"-NOPERM no permissions\r\n"),
        refuses(
            "a cluster that is down",
            ALL,
            b"-CLUSTERDOWN not served\r\n",
        ),
        refuses("a slot that has moved", ALL, b"-MOVED 3999 127.0.0.1:1\r\n"),
        refuses(
            "a script that keeps running",
            ALL,
            b"-BUSY with a script\r\n",
        ),
        refuses(
            "a master that is gone",
            ALL,
            b"-MASTERDOWN Link is down\r\n",
        ),
        refuses("a key of another type", READS, b"-WRONGTYPE of a key\r\n"),
        refuses("an error without a message", ALL, b"-\r\n"),
        refuses("a number for a value", READS, b":5\r\n"),
        refuses("a list for a value", READS, b"*1\r\n$1\r\na\r\n"),
        ends("a truncated value", READS, b"$5000\r\n\x89PNG", false),
        ends("a truncated length", READS, b"$50", false),
        ends("an excessive length", READS, b"$999999999999\r\n", false),
        ends("a connection that ends at once", ALL, b"", false),
        ends("a write that succeeds without a reply", &["SET"], b"", true),
        ends("a write with a truncated reply", &["SET"], b"+O", true),
        ends("another protocol", ALL, b"HTTP/1.1 400\r\n\r\n", false),
        gives("no value", b"$-1\r\n"),
        gives("an empty value", b"$0\r\n\r\n"),
        gives("another value", b"$3\r\nabc\r\n"),
    ]
}

async fn check(response: reqwest::Response, status: u16, name: &str) {
    let has_retry_after = response.headers().contains_key("retry-after");
    match status {
        500 => drop(problem(response, 500, "internal").await),
        503 => {
            assert!(has_retry_after, "{name}: no Retry-After");
            drop(problem(response, 503, "unavailable").await);
        }
        status => assert_eq!(response.status(), status, "{name}"),
    }
}

#[tokio::test]
async fn every_fault_of_redis_is_reported_and_survived() {
    if spin_differs("its Redis client waits for minutes") {
        return;
    }
    let redis = FakeRedis::start();
    let setup = Darkroom::with().blobs_at(redis.url());
    let setup = setup.variable("max_upload_seconds", 1);
    let setup = setup.variable("late_write_seconds", 1);
    let darkroom = setup.variable("delete_grace_seconds", 1).start();
    let (alice, admin) = (darkroom.client("alice"), darkroom.scoped("root", "admin"));
    let kept = alice.upload(FIXTURES[0].bytes).await;
    for (number, case) in cases().into_iter().enumerate() {
        redis.set(Some(case.fault));
        check(alice.get(content(&kept)).await, case.download, case.name).await;
        let file = Png::of_size(1000 + number).bytes();
        check(alice.send(file).await, case.upload, case.name).await;
        assert_eq!(
            alice.get("/health/live").await.status(),
            200,
            "{}",
            case.name
        );
        redis.set(None);
        let recovered = eventually(|| async { alice.get("/health/ready").await.status() == 200 });
        assert_eq!(recovered.await, Ok(()), "{}", case.name);
        assert_eq!(
            alice.download(&kept).await,
            FIXTURES[0].bytes,
            "{}",
            case.name
        );
    }
    for image in alice.list().await {
        if image["id"] != kept["id"] {
            assert_eq!(alice.delete(path(&image)).await.status(), 204);
        }
    }
    let only_kept = eventually(|| async {
        admin.sweep().await;
        redis.values() == 1
    });
    assert_eq!(
        only_kept.await,
        Ok(()),
        "{} values are left",
        redis.values()
    );
    assert_eq!(alice.download(&kept).await, FIXTURES[0].bytes);
}
