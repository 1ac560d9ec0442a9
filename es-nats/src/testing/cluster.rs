//! Several servers that keep streams together.

use std::time::Duration;

use tokio::time::sleep;

use super::server::{NatsServer, NatsServerError, free_port};

/// Servers with JetStream that form a cluster.
#[derive(Debug)]
pub struct NatsCluster {
    servers: Vec<NatsServer>,
}

impl NatsCluster {
    /// Starts so many servers, and waits until they have elected a leader.
    ///
    /// # Errors
    ///
    /// [`NatsServerError`].
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
            server.answers().await?;
        }
        cluster.elected().await?;
        Ok(cluster)
    }

    /// The URLs, as clients take them.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(NatsServer::url).collect()
    }

    /// A server by its name, as JetStream names leaders: `server-0`, `server-1` …
    pub fn server(&mut self, name: &str) -> Option<&mut NatsServer> {
        let number: usize = name.strip_prefix("server-")?.parse().ok()?;
        self.servers.get_mut(number)
    }

    async fn elected(&self) -> Result<(), NatsServerError> {
        let client = async_nats::connect(self.urls()).await.map_err(std::io::Error::other)?;
        let jetstream = async_nats::jetstream::new(client);
        while jetstream.query_account().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}
