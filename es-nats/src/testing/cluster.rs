//! A cluster of servers.

use std::time::Duration;

use tokio::time::sleep;

use super::server::{NatsServer, NatsServerError, free_port};

/// Servers with JetStream that form a cluster.
#[derive(Debug)]
pub struct NatsCluster {
    servers: Vec<NatsServer>,
}

impl NatsCluster {
    /// Starts this number of servers, and waits until they have elected a leader.
    ///
    /// # Errors
    ///
    /// [`NatsServerError`] of any of them.
    pub async fn start(servers: usize) -> Result<Self, NatsServerError> {
        let routes = (0..servers).map(|_| free_port()).collect::<Result<Vec<_>, _>>()?;
        let all: Vec<_> = routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let mut cluster = Self { servers: Vec::new() };
        for (number, route) in all.iter().enumerate() {
            let arguments =
                ["--name", &format!("server-{number}"), "--cluster_name", "es", "--cluster", route];
            let mut arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
            arguments.extend([String::from("--routes"), all.join(",")]);
            let mut server = NatsServer::on(free_port()?, arguments)?;
            server.spawn()?;
            cluster.servers.push(server);
        }
        for server in &mut cluster.servers {
            server.wait_until_ready().await?;
        }
        cluster.wait_for_leader().await?;
        Ok(cluster)
    }

    /// The URLs of all servers, for a client to connect to.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(NatsServer::url).collect()
    }

    /// The server with this name, as JetStream reports it for leaders: `server-0`, `server-1` …
    pub fn server(&mut self, name: &str) -> Option<&mut NatsServer> {
        let number: usize = name.strip_prefix("server-")?.parse().ok()?;
        self.servers.get_mut(number)
    }

    async fn wait_for_leader(&self) -> Result<(), NatsServerError> {
        let client = async_nats::connect(self.urls()).await.map_err(std::io::Error::other)?;
        let jetstream = async_nats::jetstream::new(client);
        while jetstream.query_account().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}
