//! A catalog in PostgreSQL that cannot be reached, or that refuses changes: clear answers, no
//! loss, and no restart.

use serde_json::Value;

use crate::support::{
    Client, Darkroom, FIXTURES, Postgres, Setup, eventually, fixture, path, problem, refusal,
};

async fn unavailable(response: reqwest::Response) {
    assert!(response.headers().contains_key("retry-after"));
    problem(response, 503, "unavailable").await;
}

/// Waits until the server is ready.
async fn is_ready(client: &Client) {
    let ready = || async { client.get("/health/ready").await.status() == 200 };
    assert_eq!(eventually(ready).await, Ok(()));
}

/// A server that is not ready for a reason that its log has, until the cause is `cured`.
async fn is_not_ready(setup: Setup, reason: &str, cured: impl FnOnce()) {
    let darkroom = setup.without_sqlite().launch();
    let client = darkroom.client("alice");
    assert_eq!(client.get("/health/live").await.status(), 200);
    for path in ["/health/ready", "/v1/images"] {
        unavailable(client.get(path).await).await;
    }
    unavailable(client.send(fixture("alpha.png").bytes).await).await;
    assert!(darkroom.log().contains(reason), "{}", darkroom.log());
    let password = darkroom_postgres::PASSWORD.replace(' ', "%20");
    assert!(!darkroom.log().contains(&password), "{}", darkroom.log());
    cured();
    is_ready(&client).await;
    client.upload(fixture("alpha.png").bytes).await;
}

#[tokio::test]
async fn wrong_settings_of_postgres_are_named_at_the_start() {
    let setup = || Darkroom::with().catalog_at("postgres://u:secret@127.0.0.1:1/d?sslmode=disable");
    for (variable, value) in [
        ("catalog", "mysql"),
        ("postgres_url", "127.0.0.1:1"),
        (
            "postgres_url",
            "postgres://u:secret@127.0.0.1:1/d?sslmode=verify-full",
        ),
        ("postgres_endpoint", "postgres://127.0.0.1:2"),
        ("postgres_ca", "/etc/ssl/ca.pem"),
    ] {
        let text = refusal(setup().variable(variable, value), variable).await;
        assert!(text.contains(variable), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_named() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let user = postgres.name();
    postgres.sql(&format!(
        "CREATE ROLE {user} LOGIN SUPERUSER PASSWORD 'another'"
    ));
    let url = postgres.url_at(postgres.gate().port(), user);
    let cure = || {
        let password = darkroom_postgres::PASSWORD;
        postgres.sql(&format!("ALTER ROLE {user} PASSWORD '{password}'"));
    };
    let setup = Darkroom::with().catalog_at(&url);
    is_not_ready(setup, "password authentication failed", cure).await;
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.gate().shut();
    let setup = Darkroom::with().catalog_at(&postgres.url());
    is_not_ready(setup, "cannot connect to PostgreSQL", || {
        postgres.gate().open()
    })
    .await;
}

#[tokio::test]
async fn too_many_connections_are_named() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let (user, password) = (postgres.name(), darkroom_postgres::PASSWORD);
    postgres.sql(&format!(
        "CREATE ROLE {user} LOGIN PASSWORD '{password}' CONNECTION LIMIT 0; \
         GRANT CREATE ON SCHEMA public TO {user}"
    ));
    let url = postgres.url_at(postgres.gate().port(), user);
    let cure = || {
        postgres.sql(&format!("ALTER ROLE {user} CONNECTION LIMIT -1"));
    };
    is_not_ready(
        Darkroom::with().catalog_at(&url),
        "too many connections",
        cure,
    )
    .await;
    postgres.sql(&format!("DROP OWNED BY {user}"));
}

#[tokio::test]
async fn a_schema_that_is_newer_than_the_program_is_named() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    drop(Darkroom::with().catalog_in(&postgres).start());
    postgres.sql("INSERT INTO schema_migrations VALUES (1000, 'of the future', 0)");
    let cure = || {
        postgres.sql("DELETE FROM schema_migrations WHERE version = 1000");
    };
    let setup = Darkroom::with().catalog_at(&postgres.url());
    is_not_ready(setup, "the catalog's schema has version 1000", cure).await;
}

/// Changes are refused for a reason that the log has, and reads go on, until the cause is `cured`.
async fn refuses_changes(
    postgres: &Postgres,
    reason: &str,
    cause: impl FnOnce(),
    cure: impl FnOnce(),
) {
    let darkroom = Darkroom::with().catalog_in(postgres).start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("alpha.png").bytes).await;
    cause();
    unavailable(alice.send(fixture("grey.jpg").bytes).await).await;
    unavailable(alice.delete(path(&image)).await).await;
    assert_eq!(alice.download(&image).await, fixture("alpha.png").bytes);
    assert_eq!(alice.list().await, std::slice::from_ref(&image));
    is_ready(&alice).await;
    assert!(darkroom.log().contains(reason), "{}", darkroom.log());
    cure();
    let accepted = || async { alice.send(fixture("grey.jpg").bytes).await.status() == 201 };
    assert_eq!(eventually(accepted).await, Ok(()));
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    let listed: Vec<Value> = alice.list().await;
    assert_eq!(listed.len(), 1, "{listed:?}");
}

#[tokio::test]
async fn a_replica_that_is_read_only_serves_reads() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let name = postgres.name();
    let set = |value: &str| {
        postgres.sql_beside(&format!(
            "ALTER DATABASE {name} SET default_transaction_read_only = {value}"
        ));
        let others = "pid <> pg_backend_pid() AND datname = current_database()";
        postgres.sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
        ));
    };
    refuses_changes(
        &postgres,
        "read-only transaction (SQLSTATE 25006)",
        || set("on"),
        || set("off"),
    )
    .await;
}

#[tokio::test]
async fn a_database_whose_disk_is_full_serves_reads() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    refuses_changes(
        &postgres,
        "No space left on device (SQLSTATE 53100)",
        || {
            postgres.sql(
                "CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 RAISE EXCEPTION 'could not extend file: No space left on device' \
                 USING ERRCODE = '53100'; END $$; \
                 CREATE TRIGGER is_full BEFORE INSERT OR UPDATE OR DELETE ON images \
                 FOR EACH ROW EXECUTE FUNCTION is_full()",
            );
        },
        || {
            postgres.sql("DROP TRIGGER is_full ON images");
        },
    )
    .await;
}

#[tokio::test]
async fn sessions_that_end_while_idle_are_replaced_unnoticed() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let darkroom = Darkroom::with().catalog_in(&postgres).start();
    let alice = darkroom.client("alice");
    for fixture in FIXTURES.iter().take(5) {
        alice.upload(fixture.bytes).await;
        let ended = postgres.sql(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND datname = current_database()",
        );
        assert_ne!(ended, "0");
    }
    assert_eq!(alice.list().await.len(), 5);
}

#[tokio::test]
async fn a_server_that_crashes_or_vanishes_is_found_again() {
    let Some(postgres) = Postgres::start_alone() else {
        return;
    };
    let darkroom = Darkroom::with().catalog_in(&postgres).start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("alpha.png").bytes).await;
    postgres
        .kill(async { unavailable(alice.get(path(&image)).await).await })
        .await;
    is_ready(&alice).await;
    assert_eq!(alice.list().await, std::slice::from_ref(&image));
    postgres.gate().hush();
    unavailable(alice.send(fixture("grey.jpg").bytes).await).await;
    postgres.gate().open();
    is_ready(&alice).await;
    alice.upload(fixture("grey.jpg").bytes).await;
    assert_eq!(alice.list().await.len(), 2);
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
}

#[tokio::test]
async fn a_deployment_that_is_read_only_serves_reads_and_is_ready() {
    let mut darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("alpha.png").bytes).await;
    darkroom.stop();
    darkroom.set("read_only", "on");
    darkroom.start_again();
    let alice = darkroom.client("alice");
    for response in [
        alice.send(fixture("grey.jpg").bytes).await,
        alice.delete(path(&image)).await,
        alice
            .request(reqwest::Method::PATCH, path(&image))
            .json(&serde_json::json!({"tags": ["a"]}))
            .send()
            .await
            .expect("an answer"),
    ] {
        assert!(response.headers().contains_key("retry-after"));
        let details = problem(response, 503, "unavailable").await;
        assert_eq!(details["detail"], "no changes are accepted for now");
    }
    is_ready(&alice).await;
    assert_eq!(alice.list().await, std::slice::from_ref(&image));
    assert_eq!(alice.download(&image).await, fixture("alpha.png").bytes);
    darkroom.stop();
    darkroom.set("read_only", "off");
    darkroom.start_again();
    let alice = darkroom.client("alice");
    alice.upload(fixture("grey.jpg").bytes).await;
}
