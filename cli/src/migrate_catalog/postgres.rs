//! A catalog in a database of PostgreSQL, over the host's own connection to it.

use anyhow::{Context as _, Result, anyhow};
use darkroom::catalog::{CatalogError, Database, Dialect, Guarded, Row, SqlCatalog, Value};
use darkroom::settings::PostgresConfig;
use darkroom_host::exit::WrongSetting;
use darkroom_host::postgres::Value as Found;
use darkroom_host::postgres::{Builder, Connection, Failure, Parameter, Pools};
use tokio::runtime::Runtime;

use super::side::{Column, Side, delete_sql, page_sql};
use super::tables::{TABLES, Table};
use crate::variables::Variables;

/// How many parameters a statement may have.
const PARAMETERS: usize = 60_000;

pub(super) struct Postgres {
    runtime: Runtime,
    connection: Connection,
}

impl Postgres {
    /// Connects to the database that the variables name.
    pub(super) fn open(variables: &Variables) -> Result<Self> {
        let config = PostgresConfig::read(&variables.set())
            .map_err(|error| WrongSetting::new(error.to_string()))?;
        let mut builder = Builder::new(config.url.reveal().to_owned());
        if let Some(pem) = config.authorities {
            builder
                .set_roots(pem)
                .context("the variable postgres_ca is not valid")?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let connection = runtime.block_on(Pools::default().connect(&builder));
        let connection = connection.context("cannot connect to PostgreSQL")?;
        Ok(Self {
            runtime,
            connection,
        })
    }

    fn run(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Vec<Value>>> {
        let answer = self
            .runtime
            .block_on(run(&self.connection, sql, parameters));
        answer.map_err(|failure| anyhow!("{}", describe(&failure)))
    }
}

async fn run(
    connection: &Connection,
    sql: &str,
    parameters: Vec<Value>,
) -> Result<Vec<Vec<Value>>, Failure> {
    let parameters = parameters.into_iter().map(|value| match value {
        Value::Null => Parameter::Null,
        Value::Integer(value) => Parameter::Int64(value),
        Value::Real(value) => Parameter::Floating64(value),
        Value::Text(value) => Parameter::Text(value),
        Value::Blob(value) => Parameter::Binary(value),
    });
    let outcome = connection.query(sql, parameters.collect()).await?;
    if let Some(failure) = outcome.error {
        return Err(failure);
    }
    let value = |value| match value {
        Found::Null => Value::Null,
        Found::Boolean(value) => Value::Integer(value.into()),
        Found::Int16(value) => Value::Integer(value.into()),
        Found::Int32(value) => Value::Integer(value.into()),
        Found::Int64(value) => Value::Integer(value),
        Found::Floating32(value) => Value::Real(value.into()),
        Found::Floating64(value) => Value::Real(value),
        Found::Text(value) => Value::Text(value),
        Found::Binary(value) | Found::Jsonb(value) | Found::Unknown(value) => Value::Blob(value),
    };
    let rows = outcome.rows.into_iter();
    Ok(rows
        .map(|row| row.into_iter().map(value).collect())
        .collect())
}

/// The server's own message, if there is one.
fn describe(failure: &Failure) -> String {
    match failure {
        Failure::Query(error) => error
            .as_db_error()
            .map_or_else(|| error.to_string(), |error| error.to_string()),
        Failure::Closed(why) => (*why).to_owned(),
        Failure::GivenUp(time) => format!("no answer within {} seconds", time.as_secs()),
        Failure::TooLong => "the result is too long".to_owned(),
        Failure::Value(error) => format!("{error:#}"),
    }
}

fn parameter(number: usize) -> String {
    format!("${number}")
}

impl Side for Postgres {
    fn name(&self) -> String {
        "PostgreSQL".to_owned()
    }

    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Value>>> {
        self.run(sql, vec![])
    }

    fn columns(&self, table: &str) -> Result<Vec<Column>> {
        let sql = "SELECT CAST(column_name AS text), is_generated <> 'NEVER'
            FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
        let rows = self.run(sql, vec![table.into()])?;
        let column = |row: Vec<Value>| match row.as_slice() {
            [Value::Text(name), is_generated] => Some(Column {
                name: name.clone(),
                is_generated: *is_generated == Value::Integer(1),
            }),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(column).collect())
    }

    fn page(
        &mut self,
        table: &Table,
        columns: &[String],
        after: Option<&[Value]>,
    ) -> Result<Vec<Vec<Value>>> {
        let sql = page_sql(table, columns, after.is_none(), parameter);
        self.run(&sql, after.unwrap_or_default().to_vec())
    }

    fn write(
        &mut self,
        table: &Table,
        columns: &[String],
        delete: &[Vec<Value>],
        insert: &[Vec<Value>],
    ) -> Result<()> {
        let sql = delete_sql(table, parameter);
        for key in delete {
            self.run(&sql, key.clone())?;
        }
        for rows in insert.chunks(PARAMETERS / columns.len().max(1)) {
            let row = |at: usize| {
                let first = at * columns.len();
                let values: Vec<String> =
                    (1..=columns.len()).map(|n| parameter(first + n)).collect();
                format!("({})", values.join(", "))
            };
            let values: Vec<String> = (0..rows.len()).map(row).collect();
            let (names, values) = (columns.join(", "), values.join(", "));
            let sql = format!("INSERT INTO {} ({names}) VALUES {values}", table.name);
            self.run(&sql, rows.concat())?;
        }
        Ok(())
    }

    fn has_schema(&mut self) -> Result<bool> {
        let rows = self.query("SELECT to_regclass('schema_migrations') IS NOT NULL")?;
        Ok(rows == [[Value::Integer(1)]])
    }

    fn migrate(&mut self, check_only: bool) -> Result<()> {
        let database = Guarded::new(Own(self.connection.clone()), check_only);
        let migrated = self.runtime.block_on(SqlCatalog::open(database));
        super::migrated(migrated.map(drop), &self.name())
    }

    fn set_triggers(&mut self, are_enabled: bool) -> Result<()> {
        let set = if are_enabled { "ENABLE" } else { "DISABLE" };
        for table in TABLES {
            self.query(&format!("ALTER TABLE {} {set} TRIGGER USER", table.name))?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        for table in TABLES {
            self.query(&format!("ANALYZE {}", table.name))?;
        }
        Ok(())
    }
}

/// The connection for the catalog's own code.
struct Own(Connection);

#[async_trait::async_trait]
impl Database for Own {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let rows = run(&self.0, sql, parameters).await;
        let rows = rows.map_err(|failure| CatalogError::database(describe(&failure)))?;
        Ok(rows.into_iter().map(Row).collect())
    }
}
