//! The Redis store. As in Spin, keys are not prefixed with the store's label. The same commands
//! are sent as by Spin, so that the same operations fail.

use crate::exit::WrongSetting;
use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, Cmd, RedisError, Value, cmd};
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::sync::OnceCell;

/// A store in a Redis database.
pub(super) struct Redis {
    client: Client,
    connection: OnceCell<ConnectionManager>,
}

fn text(error: RedisError) -> String {
    format!("{error:?}")
}

impl Redis {
    pub(super) fn new(url: &str) -> Result<Self> {
        Ok(Self {
            client: Client::open(url)
                .context("the Redis URL is not valid")
                .map_err(WrongSetting::because)?,
            connection: OnceCell::new(),
        })
    }

    /// The shared connection. It reconnects by itself when the server is back.
    async fn connection(&self) -> Result<ConnectionManager, String> {
        let connection = self.connection.get_or_try_init(|| async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(Duration::from_secs(5)))
                .set_response_timeout(Some(Duration::from_secs(30)))
                .set_max_delay(Duration::from_millis(500))
                .set_number_of_retries(3);
            self.client.get_connection_manager_with_config(config).await
        });
        connection.await.cloned().map_err(text)
    }

    async fn send(&self, command: &Cmd) -> Result<Value, String> {
        let mut connection = self.connection().await?;
        command.query_async(&mut connection).await.map_err(text)
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        bytes(self.send(cmd("GET").arg(key)).await?)
    }

    pub(super) async fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        self.send(cmd("SET").arg(key).arg(value)).await.map(drop)
    }

    pub(super) async fn delete_many(&self, keys: &[String]) -> Result<(), String> {
        self.send(cmd("DEL").arg(keys)).await.map(drop)
    }
}

/// The bytes of a reply to GET, without copying them.
fn bytes(value: Value) -> Result<Option<Vec<u8>>, String> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes)),
        other => Err(format!("unexpected reply to GET: {other:?}")),
    }
}
