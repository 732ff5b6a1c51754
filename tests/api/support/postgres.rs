//! PostgreSQL servers, and a database of a server for each test.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use darkroom_postgres::{Cluster, PASSWORD, USER};

use super::gate::Gate;
use super::{Setup, unique};

/// A database of its own, which a gate is in front of.
pub(crate) struct Postgres {
    server: Server,
    gate: Gate,
    name: String,
}

enum Server {
    /// Shared by the tests of the process.
    Shared(&'static Mutex<Cluster>),
    /// Ends and starts again at will.
    Own(Mutex<Cluster>),
}

impl Postgres {
    /// A new database of a server that all tests share, or none if PostgreSQL is not installed,
    /// which `cargo xtask test` reports as skipped.
    pub(crate) fn start() -> Option<Self> {
        static SHARED: OnceLock<Option<Mutex<Cluster>>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Cluster::start().map(Mutex::new));
        shared
            .as_ref()
            .map(|shared| Self::of(Server::Shared(shared)))
    }

    /// A new database of a server of its own, which keeps every acknowledged commit when it is
    /// killed.
    pub(crate) fn start_alone() -> Option<Self> {
        let postgres = Self::of(Server::Own(Mutex::new(Cluster::start()?)));
        let durable = format!(
            "ALTER DATABASE {} SET synchronous_commit = on",
            postgres.name
        );
        postgres.sql(&durable);
        Some(postgres)
    }

    fn of(server: Server) -> Self {
        let name = unique("test").replace('-', "_");
        let postgres = Self {
            gate: Gate::before(server.get(Cluster::port)),
            server,
            name,
        };
        let create = format!("CREATE DATABASE {}", postgres.name);
        postgres
            .server
            .get(|cluster| cluster.sql("postgres", &create));
        postgres
    }

    /// The name of the database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL, and returns a line for each row.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.get(|cluster| cluster.sql(&self.name, sql))
    }

    /// The same in another database, to which the settings of this one do not apply.
    pub(crate) fn sql_beside(&self, sql: &str) -> String {
        self.server.get(|cluster| cluster.sql("postgres", sql))
    }

    /// Writes the database to a file.
    pub(crate) fn dump(&self) -> PathBuf {
        self.server.get(|cluster| cluster.dump(&self.name))
    }

    /// A new database of the server that all tests share, with what is in this file.
    pub(crate) fn restored(dump: &Path) -> Self {
        let postgres = Self::start().expect("it has made the file");
        let name = &postgres.name;
        postgres.server.get(|cluster| cluster.restore(name, dump));
        postgres
    }

    /// The gate in front of the server.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Another gate in front of the server.
    pub(crate) fn another_gate(&self) -> Gate {
        Gate::before(self.server.get(Cluster::port))
    }

    /// The URL of the database by way of its gate.
    pub(crate) fn url(&self) -> String {
        self.url_at(self.gate.port(), USER)
    }

    /// The URL of the database for a user, by way of a port.
    pub(crate) fn url_at(&self, port: u16, user: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        let name = &self.name;
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{name}?sslmode=disable")
    }

    /// Kills the server, which must be the test's own, and starts it again after `meanwhile`.
    pub(crate) async fn kill<T>(&self, meanwhile: impl Future<Output = T>) -> T {
        let Server::Own(cluster) = &self.server else {
            panic!("other tests use the server");
        };
        cluster.lock().expect("not poisoned").kill();
        let result = meanwhile.await;
        cluster.lock().expect("not poisoned").start_again();
        result
    }
}

impl Server {
    fn get<T>(&self, of: impl FnOnce(&Cluster) -> T) -> T {
        let cluster = match self {
            Self::Shared(cluster) => cluster,
            Self::Own(cluster) => cluster,
        };
        of(&cluster.lock().expect("not poisoned"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Server::Shared(_) = self.server
            && !std::thread::panicking()
        {
            let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
            self.server.get(|cluster| cluster.sql("postgres", &drop));
        }
    }
}

impl Setup {
    /// Keeps the catalog in this database, and has no other one.
    pub(crate) fn catalog_in(self, postgres: &Postgres) -> Self {
        self.catalog_at(&postgres.url()).without_sqlite()
    }

    /// Keeps the catalog in the database of PostgreSQL at this URL.
    pub(crate) fn catalog_at(self, url: &str) -> Self {
        let (_, server) = url.rsplit_once('@').expect("a server");
        let (server, _) = server.split_once('/').expect("a database");
        self.variable("catalog", "postgres")
            .variable("postgres_url", url)
            .variable("postgres_endpoint", format!("postgres://{server}"))
    }
}
