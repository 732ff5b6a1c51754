//! On a PostgreSQL server of its own.

use super::*;
use darkroom_postgres::Cluster;
use std::sync::OnceLock;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// An authority, and the certificate of `localhost` that it has signed, until the year 2126.
const ROOT: &str = include_str!("tests/ca.pem");
const CERTIFICATE: &str = include_str!("tests/server.pem");
const KEY: &str = include_str!("tests/server.key");

/// The server, which serves one test at a time; none if PostgreSQL is not installed.
async fn cluster() -> Option<MutexGuard<'static, Cluster>> {
    static CLUSTER: OnceLock<Option<Mutex<Cluster>>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Cluster::start().map(Mutex::new));
    Some(cluster.as_ref()?.lock().await)
}

async fn connect(pools: &Pools, cluster: &Cluster) -> Connection {
    let builder = Builder::new(cluster.url("postgres"));
    pools.connect(&builder).await.expect("a connection")
}

async fn query(connection: &Connection, sql: &str) -> Outcome {
    let outcome = connection.query(sql, vec![]).await;
    outcome.unwrap_or_else(|failure| panic!("{sql}: {}", text(&failure)))
}

fn text(failure: &Failure) -> String {
    match failure {
        Failure::Closed(why) => (*why).to_owned(),
        Failure::Query(error) => format!("{error:?}"),
        Failure::GivenUp(time) => format!("given up after {time:?}"),
        Failure::TooLong => "too long".to_owned(),
        Failure::Value(error) => format!("{error:#}"),
    }
}

/// The session of a connection.
async fn session(connection: &Connection) -> Value {
    let outcome = query(connection, "SELECT pg_backend_pid()").await;
    outcome.rows[0][0].clone()
}

#[tokio::test]
async fn values_return_as_they_were_sent() {
    let Some(cluster) = cluster().await else {
        return;
    };
    let connection = connect(&Pools::default(), &cluster).await;
    let parameters = vec![
        Parameter::Null,
        Parameter::Boolean(true),
        Parameter::Int16(i16::MIN),
        Parameter::Int32(i32::MAX),
        Parameter::Int64(i64::MIN),
        Parameter::Floating32(0.5),
        Parameter::Floating64(-1e300),
        Parameter::Text("ä\n'\\".to_owned()),
        Parameter::Binary(vec![0, 255]),
        Parameter::Jsonb(b"{\"a\": 1}".to_vec()),
        Parameter::Null,
    ];
    let sql = "SELECT $1::bigint, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11, $5), '1'::xid";
    let Ok(outcome) = connection.query(sql, parameters).await else {
        panic!("refused");
    };
    assert!(outcome.error.is_none());
    let expected = vec![
        Value::Null,
        Value::Boolean(true),
        Value::Int16(i16::MIN),
        Value::Int32(i32::MAX),
        Value::Int64(i64::MIN),
        Value::Floating32(0.5),
        Value::Floating64(-1e300),
        Value::Text("ä\n'\\".to_owned()),
        Value::Binary(vec![0, 255]),
        Value::Jsonb(b"{\"a\": 1}".to_vec()),
        Value::Int64(i64::MIN),
        Value::Unknown(vec![0, 0, 0, 1]),
    ];
    assert_eq!(outcome.rows, [expected]);
    let outcome = query(&connection, "SELECT 1, now()").await;
    let why = text(&outcome.error.expect("not offered"));
    assert!(why.contains("timestamptz"), "{why}");
    assert_eq!(
        query(&connection, "SELECT 1 WHERE false").await.rows.len(),
        0
    );
}

#[tokio::test]
async fn errors_have_their_codes_and_the_connection_goes_on() {
    let Some(cluster) = cluster().await else {
        return;
    };
    let connection = connect(&Pools::default(), &cluster).await;
    query(
        &connection,
        "CREATE TEMP TABLE t (id bigint CONSTRAINT once PRIMARY KEY)",
    )
    .await;
    assert_eq!(
        query(&connection, "INSERT INTO t VALUES (1), (2)")
            .await
            .affected,
        2
    );
    let outcome = query(&connection, "INSERT INTO t VALUES (1)").await;
    let Some(Failure::Query(error)) = outcome.error else {
        panic!("no error");
    };
    let error = error.as_db_error().expect("of the server");
    assert_eq!(error.code().code(), "23505");
    assert_eq!(error.constraint(), Some("once"));
    // Before the first row, and after it.
    let refused = connection.query("SELEKT", vec![]).await;
    assert!(matches!(refused, Err(Failure::Query(_))));
    let outcome = query(
        &connection,
        "SELECT 1 / (2 - n) FROM generate_series(1, 2) n",
    )
    .await;
    assert_eq!((outcome.rows.len(), outcome.error.is_some()), (1, true));
    assert_eq!(query(&connection, "SELECT id FROM t").await.rows.len(), 2);
}

#[tokio::test]
async fn what_a_use_leaves_open_does_not_reach_the_next() {
    let Some(cluster) = cluster().await else {
        return;
    };
    let pools = Pools::default();
    let first = connect(&pools, &cluster).await;
    let pid = session(&first).await;
    for sql in [
        "SET statement_timeout = 1",
        "SELECT pg_advisory_lock(7)",
        "BEGIN",
        "CREATE TABLE left_open (id bigint)",
    ] {
        query(&first, sql).await;
    }
    drop(first);
    let second = connect(&pools, &cluster).await;
    assert_eq!(session(&second).await, pid, "the same session");
    let state = "SELECT to_regclass('left_open') IS NULL, current_setting('statement_timeout'),
        (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')";
    let state = query(&second, state).await;
    let clean = [
        Value::Boolean(true),
        Value::Text("0".to_owned()),
        Value::Int64(0),
    ];
    assert_eq!(state.rows, [clean]);
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_is_cancelled_and_its_connection_closed() {
    let Some(cluster) = cluster().await else {
        return;
    };
    let pools = Pools::default();
    let connection = connect(&pools, &cluster).await;
    let pid = session(&connection).await;
    let sleep = connection.query("SELECT pg_sleep(100)", vec![]);
    assert!(timeout(Duration::from_millis(50), sleep).await.is_err());
    let refused = connection.query("SELECT 1", vec![]).await;
    assert!(matches!(refused, Err(Failure::Closed(_))));
    drop(connection);
    let next = connect(&pools, &cluster).await;
    assert_ne!(session(&next).await, pid);
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
    while query(&next, running).await.rows != [[Value::Int64(0)]] {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_lost_server_is_an_error_and_is_found_again() {
    let Some(mut cluster) = cluster().await else {
        return;
    };
    let pools = Pools::default();
    let (idle, busy) = (
        connect(&pools, &cluster).await,
        connect(&pools, &cluster).await,
    );
    let (lost, ()) = tokio::join!(busy.query("SELECT pg_sleep(100)", vec![]), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cluster.kill();
    });
    // The columns have come already.
    let lost = lost.map_or_else(Some, |outcome| outcome.error);
    let lost = lost.expect("the server is gone");
    assert!(matches!(lost, Failure::Query(_)), "{}", text(&lost));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let closed = idle.query("SELECT 1", vec![]).await;
    assert!(matches!(closed, Err(Failure::Closed(_))), "it was not sent");
    let builder = Builder::new(cluster.url("postgres"));
    assert!(pools.connect(&builder).await.is_err());
    cluster.start_again();
    drop((idle, busy));
    let next = pools.connect(&builder).await.expect("a connection");
    assert_eq!(query(&next, "SELECT 1").await.rows, [[Value::Int32(1)]]);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = format!("postgres://u:p@127.0.0.1:{port}/db?connect_timeout=1");
    let connected = Pools::default().connect(&Builder::new(address)).await;
    let error = format!("{:#}", connected.map(drop).unwrap_err());
    assert!(error.to_lowercase().contains("time"), "{error}");
}

#[tokio::test]
async fn tls_verifies_the_server_and_binds_the_password_to_it() {
    let Some(cluster) = cluster().await else {
        return;
    };
    let directory = cluster.sql("postgres", "SHOW data_directory");
    for (file, content) in [("server.crt", CERTIFICATE), ("server.key", KEY)] {
        let write = format!("umask 077; cat > {directory}/{file}");
        let copy = format!(
            "COPY (SELECT unnest(string_to_array('{content}', E'\\n'))) TO PROGRAM '{write}'"
        );
        cluster.sql("postgres", &copy);
    }
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let pools = Pools::default();
    let url = cluster.url("postgres");
    let at = |host: &str| {
        let url = url.replace("127.0.0.1", host);
        Builder::new(url.replace("=disable", "=require&channel_binding=require"))
    };
    let trusting = |mut builder: Builder| {
        builder.set_roots(ROOT.to_owned()).expect("a certificate");
        builder
    };
    let secure = pools.connect(&trusting(at("localhost"))).await;
    let secure = secure.expect("a connection");
    let ssl = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(query(&secure, ssl).await.rows, [[Value::Boolean(true)]]);
    // Another name, and an authority that is not trusted.
    for untrusted in [trusting(at("127.0.0.1")), at("localhost")] {
        let error = pools.connect(&untrusted).await.map(drop).unwrap_err();
        assert!(format!("{error:?}").contains("certificate"), "{error:?}");
    }
}
