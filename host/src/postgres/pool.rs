//! The pools of a component: one for each address and its additional roots.

use super::connection::Connection;
use super::tls::{self, Tls};
use super::{CONNECT, RECYCLE, UNACKNOWLEDGED, WAIT};
use anyhow::{Context, Result, ensure};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The maximum number of connections to one address.
const CONNECTIONS: usize = 64;
/// The maximum number of addresses with a pool.
const ADDRESSES: usize = 16;
/// The port of an address that names none.
const PORT: u16 = 5432;
/// Ends what a previous use has left open. As in Spin, but a transaction is ended too.
const CLEAN: &str = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; \
    UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES;";

/// An address, before it is connected to.
#[derive(Clone, Debug)]
pub struct Builder {
    /// A URL or a list of keys and values, as libpq has them.
    pub address: String,
    roots: Option<String>,
}

impl Builder {
    /// Connects to this address, whose certificate one of Mozilla's roots must have signed.
    pub fn new(address: String) -> Self {
        let roots = None;
        Self { address, roots }
    }

    /// Also trusts these certificates (PEM).
    pub fn set_roots(&mut self, pem: String) -> Result<()> {
        tls::check_roots(&pem)?;
        self.roots = Some(pem);
        Ok(())
    }

    /// The servers of the address, as host and port; an address of IPv6 is in brackets.
    pub fn servers(&self) -> Result<Vec<(String, u16)>> {
        let config: Config = self.address.parse()?;
        let ports = config.get_ports();
        let hosts = config.get_hosts().iter().enumerate();
        let servers = hosts.map(|(number, host)| match host {
            Host::Tcp(host) => {
                let port = ports.get(number).or(ports.first());
                let host = match host.contains(':') {
                    true => format!("[{host}]"),
                    false => host.clone(),
                };
                Ok((host, port.copied().unwrap_or(PORT)))
            }
            #[cfg(unix)]
            Host::Unix(_) => anyhow::bail!("Unix sockets are not supported on WebAssembly"),
        });
        let servers: Vec<(String, u16)> = servers.collect::<Result<_>>()?;
        ensure!(!servers.is_empty(), "the address names no host");
        ensure!(
            config.get_hostaddrs().is_empty(),
            "hostaddr is not supported: name the host"
        );
        Ok(servers)
    }

    fn pool(&self) -> Result<(Pool, Tls)> {
        let mut config: Config = self.address.parse()?;
        let connect = *config.get_connect_timeout().unwrap_or(&CONNECT);
        config.connect_timeout(connect);
        // The former ends with the socket, before TLS and the password.
        let connect = connect.saturating_mul(u32::try_from(config.get_hosts().len())?);
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        config
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3);
        let tls = Tls::new(self.roots.as_deref())?;
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Custom(CLEAN.to_owned()),
        };
        let pool = Pool::builder(Manager::from_config(config, tls.clone(), recycling))
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(connect))
            .recycle_timeout(Some(RECYCLE))
            .build()?;
        Ok((pool, tls))
    }

    fn is(&self, other: &Self) -> bool {
        self.address == other.address && self.roots == other.roots
    }
}

/// The pools of a component.
#[derive(Default)]
pub struct Pools(Mutex<Vec<(Builder, Pool, Tls)>>);

impl Pools {
    /// Takes a connection from the pool of this address, or makes one.
    pub async fn connect(&self, builder: &Builder) -> Result<Connection> {
        let (pool, tls) = self.pool(builder)?;
        let client = pool.get().await.map_err(anyhow::Error::from);
        Ok(Connection::new(client?, tls))
    }

    /// The pool of this address. The one that was used the longest ago goes if there are too many.
    fn pool(&self, builder: &Builder) -> Result<(Pool, Tls)> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = pools.iter().position(|(pooled, ..)| pooled.is(builder));
        let entry = match found {
            Some(found) => pools.remove(found),
            None => {
                let (pool, tls) = builder
                    .pool()
                    .context("establishing PostgreSQL connection pool")?;
                pools.truncate(ADDRESSES - 1);
                (builder.clone(), pool, tls)
            }
        };
        let (pool, tls) = (entry.1.clone(), entry.2.clone());
        pools.insert(0, entry);
        Ok((pool, tls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_of_an_address_is_named() {
        for (address, expected) in [
            ("postgres://u:p@a.example/db", &[("a.example", 5432)][..]),
            ("host=a port=6432 user=u", &[("a", 6432)]),
            ("postgres://u@a:1,b:2/db", &[("a", 1), ("b", 2)]),
            ("host=a,b port=7 user=u", &[("a", 7), ("b", 7)]),
            ("postgres://u@[::1]:1/db", &[("[::1]", 1)]),
        ] {
            let servers = Builder::new(address.to_owned()).servers().unwrap();
            let servers: Vec<_> = servers.iter().map(|(h, p)| (h.as_str(), *p)).collect();
            assert_eq!(servers, expected, "{address}");
        }
        for address in [
            "",
            "postgres://",
            "host=/run/postgresql",
            "postgres://u@%2Frun/db",
            "host=a hostaddr=127.0.0.1 user=u",
            "a.example",
            "postgres://u@a/db?sslmode=verify-full",
        ] {
            let refused = Builder::new(address.to_owned()).servers();
            assert!(refused.is_err(), "{address}: {refused:?}");
        }
    }

    #[test]
    fn roots_must_be_certificates() {
        let mut builder = Builder::new("host=a".to_owned());
        for pem in [
            "",
            "nonsense",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(builder.set_roots(pem.to_owned()).is_err(), "{pem:?}");
        }
    }

    #[tokio::test]
    async fn the_least_recently_used_pool_goes() {
        let pools = Pools::default();
        let builder = |number: usize| Builder::new(format!("host=h{number} user=u"));
        for number in 0..=ADDRESSES {
            pools.pool(&builder(number)).unwrap();
            pools.pool(&builder(0)).unwrap();
        }
        let kept = pools.0.lock().unwrap();
        assert_eq!(kept.len(), ADDRESSES);
        assert!(kept.iter().any(|(pooled, ..)| pooled.is(&builder(0))));
        assert!(!kept.iter().any(|(pooled, ..)| pooled.is(&builder(1))));
    }
}
