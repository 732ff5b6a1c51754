//! PostgreSQL for native tests: one server for all tests of the program, and a database for each.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, mpsc};

use async_trait::async_trait;
use darkroom_postgres::{Cluster, PASSWORD, USER};
use futures_util::FutureExt as _;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::catalog::migrations::migrate;
use crate::catalog::{CatalogError, Database, Dialect, Row, Value};
use crate::model::Timestamp;

/// The database that others are copied from, which is migrated once.
const TEMPLATE: &str = "migrated";

/// The server, unless PostgreSQL is not installed.
static CLUSTER: LazyLock<Option<Cluster>> = LazyLock::new(Cluster::start);

/// Where connections are driven, whatever the tests run on.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
});

/// A connection, which answers before a call returns: nothing that calls it has to wait.
#[derive(Clone)]
pub(crate) struct Postgres {
    session: Arc<Session>,
    database: Arc<TestDatabase>,
    clock: Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>,
}

/// A database, which is dropped with the last connection to it.
struct TestDatabase(String);

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.0 != TEMPLATE {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.0);
            administer(&drop);
        }
    }
}

/// The connection's state.
struct Session {
    client: Client,
    /// Whether statements are kept prepared. They are not behind PgBouncer.
    prepares: bool,
    prepared: Mutex<HashMap<String, Statement>>,
    /// How many statements have been run.
    statements: AtomicU64,
}

impl Postgres {
    /// Creates a database with the schema. Returns none if PostgreSQL is not installed.
    pub(crate) fn new() -> Option<Self> {
        static MIGRATED: OnceLock<()> = OnceLock::new();
        CLUSTER.as_ref()?;
        MIGRATED.get_or_init(|| {
            let template = Self::create(TEMPLATE, "template0");
            let migrated = migrate(&template).now_or_never();
            migrated.expect("nothing waits").expect("migrates");
        });
        Self::create_one(TEMPLATE)
    }

    /// Creates a database without a schema.
    pub(crate) fn empty() -> Option<Self> {
        CLUSTER.as_ref()?;
        Self::create_one("template0")
    }

    /// Creates a database with the schema, whose time is this.
    pub(crate) fn timed_by(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Option<Self> {
        let mut database = Self::new()?;
        let replace = "CREATE OR REPLACE FUNCTION darkroom_now() RETURNS bigint
            LANGUAGE sql VOLATILE AS $$ SELECT current_setting('darkroom.now')::bigint $$";
        database.run(replace, vec![]).expect("is replaced");
        database.clock = Some(Arc::new(clock));
        Some(database)
    }

    fn create_one(template: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Some(Self::create(&format!("test_{number}"), template))
    }

    fn create(name: &str, template: &str) -> Self {
        administer(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self::connect_to(Arc::new(TestDatabase(name.to_owned())), None)
    }

    /// Opens another connection to the same database.
    pub(crate) fn connect(&self) -> Self {
        Self {
            clock: self.clock.clone(),
            ..Self::connect_to(Arc::clone(&self.database), None)
        }
    }

    /// The same through PgBouncer, which listens on this port.
    pub(crate) fn connect_through(&self, port: u16) -> Self {
        Self::connect_to(Arc::clone(&self.database), Some(port))
    }

    /// The server.
    pub(crate) fn cluster() -> Option<&'static Cluster> {
        CLUSTER.as_ref()
    }

    fn connect_to(database: Arc<TestDatabase>, bouncer: Option<u16>) -> Self {
        let client = wait_for(connect(&database.0, bouncer));
        Self {
            database,
            session: Arc::new(Session {
                client: client.expect("connects"),
                prepares: bouncer.is_none(),
                prepared: Mutex::default(),
                statements: AtomicU64::new(0),
            }),
            clock: None,
        }
    }

    /// How many statements this connection has run.
    pub(crate) fn statements(&self) -> u64 {
        self.session.statements.load(Ordering::Relaxed)
    }

    /// Runs one statement.
    pub(crate) fn run(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let (session, sql) = (Arc::clone(&self.session), sql.to_owned());
        let now = self.clock.as_ref().map(|clock| clock().millis());
        wait_for(async move {
            if let Some(now) = now {
                let set = format!("SET darkroom.now = {now}");
                session.client.batch_execute(&set).await?;
            }
            session.run(sql, parameters).await
        })
        .map_err(failed)
    }
}

impl Session {
    fn find_prepared(&self, sql: &str) -> Option<Statement> {
        let prepared = self.prepared.lock().expect("not poisoned");
        prepared.get(sql).cloned()
    }

    fn keep_prepared(&self, sql: String, statement: &Statement) {
        let mut prepared = self.prepared.lock().expect("not poisoned");
        prepared.insert(sql, statement.clone());
    }

    async fn run(
        &self,
        sql: String,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let values: Vec<Bound> = parameters.into_iter().map(Bound).collect();
        let rows = if self.prepares {
            let statement = match self.find_prepared(&sql) {
                Some(statement) => statement,
                None => self.client.prepare(&sql).await?,
            };
            self.keep_prepared(sql, &statement);
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
            self.client.query(&statement, &values).await?
        } else {
            let values: Vec<(&(dyn ToSql + Sync), Type)> = values
                .iter()
                .map(|value| (value as _, value.own_type()))
                .collect();
            self.client.query_typed(&sql, &values).await?
        };
        let read = |row: tokio_postgres::Row| {
            let columns = (0..row.len()).map(|column| row.try_get::<_, Read>(column));
            let values = columns.map(|value| value.map(|Read(value)| value));
            values.collect::<Result<_, _>>().map(Row)
        };
        rows.into_iter().map(read).collect()
    }
}

#[async_trait]
impl Database for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        self.run(sql, parameters)
    }
}

/// Opens a connection, through PgBouncer if its port is given.
fn connect(
    database: &str,
    bouncer: Option<u16>,
) -> impl Future<Output = Result<Client, tokio_postgres::Error>> + use<> {
    let cluster = CLUSTER.as_ref().expect("is installed");
    let mut config = Config::new();
    config.user(USER).password(PASSWORD).dbname(database);
    match bouncer {
        Some(port) => config.host("127.0.0.1").port(port),
        None => config
            .host_path(cluster.socket_directory())
            .port(cluster.port()),
    };
    async move {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// Creates or drops a database.
fn administer(sql: &str) {
    // One at a time: a template must not be in use.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (connection, sql) = (connect("postgres", None), sql.to_owned());
    let done = wait_for(async move { connection.await?.batch_execute(&sql).await });
    done.expect("is done");
}

/// Waits for work without a runtime of its own, or in one that must not be waited in.
fn wait_for<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    RUNTIME.spawn(async move { sender.send(work.await) });
    receiver.recv().expect("is done")
}

fn failed(error: tokio_postgres::Error) -> CatalogError {
    match error.as_db_error() {
        Some(cause) => {
            let constraint = cause.constraint().unwrap_or_default();
            let text = format!("{} {constraint}", cause.message());
            match *cause.code() {
                SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE => {
                    CatalogError::undone(text)
                }
                _ => CatalogError::database(text),
            }
        }
        None if error.is_closed() => CatalogError::unknown(error),
        None => CatalogError::database(error),
    }
}

/// A parameter. Numbers are 64 bits long, as Spin passes them on.
#[derive(Debug)]
struct Bound(Value);

impl Bound {
    fn own_type(&self) -> Type {
        match self.0 {
            // Not known.
            Value::Null => Type::UNKNOWN,
            Value::Integer(_) => Type::INT8,
            Value::Real(_) => Type::FLOAT8,
            Value::Text(_) => Type::TEXT,
            Value::Blob(_) => Type::BYTEA,
        }
    }
}

impl ToSql for Bound {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(value) => value.to_sql_checked(wanted, out),
            Value::Real(value) => value.to_sql_checked(wanted, out),
            Value::Text(value) => value.to_sql_checked(wanted, out),
            Value::Blob(value) => value.to_sql_checked(wanted, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value of a result, as Spin's interface and the edge convert it.
struct Read(Value);

impl<'a> FromSql<'a> for Read {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::BOOL => i64::from(bool::from_sql(kind, raw)?).into(),
            Type::INT2 => i64::from(i16::from_sql(kind, raw)?).into(),
            Type::INT4 => i64::from(i32::from_sql(kind, raw)?).into(),
            Type::INT8 => i64::from_sql(kind, raw)?.into(),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::BYTEA => Value::Blob(raw.to_vec()),
            Type::TEXT | Type::JSON => str::from_utf8(raw)?.into(),
            _ => return Err(format!("the type {kind} is not read").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
