//! PgBouncer: connections that are shared transaction by transaction, as many deployments have it.

use std::fs;
use std::path::PathBuf;

use crate::programs::{self, Runner};
use crate::{Cluster, PASSWORD, Server, USER, free_port, listens};

/// PgBouncer in transaction mode. Dropping it ends it.
#[derive(Debug)]
pub struct Bouncer {
    directory: PathBuf,
    port: u16,
    server: Server,
}

impl Bouncer {
    /// Starts PgBouncer before a cluster, with this many connections to each of its databases.
    /// Returns none if it is not installed.
    ///
    /// # Panics
    /// If it does not start, or if it is not installed and `CI` is `true`.
    pub fn start(cluster: &Cluster, connections: u32) -> Option<Self> {
        let program = programs::bouncer()?;
        let runner = Runner::find();
        let directory = runner.directory("pgbouncer");
        let port = free_port();
        let users = directory.join("users");
        fs::write(&users, format!("\"{USER}\" \"{PASSWORD}\"\n")).expect("a file");
        let configuration = directory.join("pgbouncer.ini");
        let server = cluster.port();
        let text = format!(
            "[databases]\n\
             * = host=127.0.0.1 port={server}\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = scram-sha-256\n\
             auth_file = {}\n\
             pool_mode = transaction\n\
             default_pool_size = {connections}\n\
             max_client_conn = 1000\n",
            users.display()
        );
        fs::write(&configuration, text).expect("a file");
        runner.give(&users);
        runner.give(&configuration);
        let mut command = runner.command(&program);
        command.arg(&configuration);
        let mut server = Server::start(command, &directory);
        server.wait_until("pgbouncer", &directory, || listens(port));
        Some(Self {
            directory,
            port,
            server,
        })
    }

    /// The port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database of the cluster.
    pub fn url(&self, database: &str) -> String {
        let (password, port) = (PASSWORD.replace(' ', "%20"), self.port);
        format!("postgres://{USER}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        self.server.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
