//! The databases of Spin that the catalog can be in, as one [`Database`], so that the component
//! contains the catalog's code once.

mod postgres;
mod sqlite;

use async_trait::async_trait;

use crate::catalog::{CatalogError, Database, Dialect, Row, Value};
use crate::settings::DatabaseSetting;
use crate::trace::{self, Phase};
use postgres::SpinPostgres;
use sqlite::SpinSqlite;

/// The label of the SQLite database in `spin.toml`.
const LABEL: &str = "default";

/// An open database.
pub(super) enum SpinDatabase {
    Sqlite(SpinSqlite),
    Postgres(SpinPostgres),
}

impl SpinDatabase {
    /// Opens the database that the settings name.
    pub(super) async fn open(setting: &DatabaseSetting) -> Result<Self, CatalogError> {
        Ok(match setting {
            DatabaseSetting::Sqlite => Self::Sqlite(SpinSqlite::open(LABEL).await?),
            DatabaseSetting::Postgres(config) => Self::Postgres(SpinPostgres::new(config.clone())),
        })
    }
}

#[async_trait]
impl Database for SpinDatabase {
    fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let _timer = trace::start(Phase::Catalog);
        match self {
            Self::Sqlite(database) => database.query(sql, parameters).await,
            Self::Postgres(database) => database.query(sql, parameters).await,
        }
    }
}
