//! A primary and its standby, which takes over when the primary is lost, with what it has received so far.

use std::path::{Path, PathBuf};
use std::time::Duration;

use es_postgres::testing::{Cluster, Proxy};
use es_tests::processes::{signal, with_children};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::sleep;

use crate::log::now;

/// A primary that was lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failover {
    /// Events acknowledged before this time had reached the standby.
    pub(crate) cut_off: u64,
    /// From this time on the primary accepted nothing.
    pub(crate) killed: u64,
    /// The number of lost registrations of names.
    pub(crate) registrations: u64,
}

/// The servers, which programs reach by one address.
pub(crate) struct Servers {
    folder: PathBuf,
    made: usize,
    primary: Cluster,
    standby: Cluster,
    pub(crate) proxy: Proxy,
}

impl Servers {
    pub(crate) async fn start(folder: &Path) -> Self {
        let options = Cluster::persistent(folder.join("server-0"));
        let primary =
            options.setting("max_connections = 80\nwal_keep_size = '1GB'").start().await.expect("a server");
        let standby = primary.standby(folder.join("server-1")).await.expect("a standby");
        let proxy = Proxy::over_tcp(primary.url()).await.expect("a port");
        Self { folder: folder.to_owned(), made: 2, primary, standby, proxy }
    }

    /// The address for the programs.
    pub(crate) fn address(&self) -> &str {
        self.proxy.url()
    }

    /// The address of the primary itself.
    pub(crate) fn direct(&self) -> &str {
        self.primary.url()
    }

    /// The processes of the primary, its main process first.
    pub(crate) fn processes(&self) -> Vec<u32> {
        processes(&self.primary)
    }

    /// The primary crashes and restarts with everything that it had acknowledged.
    pub(crate) async fn crash(&mut self) {
        self.primary.crash().await.expect("killed");
        let folder = self.folder_of(self.made - 2);
        self.primary = Cluster::persistent(folder).start().await.expect("it comes back");
        self.proxy.turn_to(self.primary.url()).expect("a URL");
    }

    /// The standby is cut off, the primary continues for a while and is lost, and the standby takes over.
    pub(crate) async fn fail_over(&mut self, writes_for: Duration) -> Failover {
        let cut_off = self.cut_off().await;
        sleep(writes_for).await;
        let registered = registrations(&self.primary).await;
        self.primary.crash().await.expect("killed");
        let killed = now();
        // Answers in flight to the programs are lost with the primary.
        self.proxy.cut();
        for receiver in receivers(&self.standby) {
            // It must not read the data that is already in the socket, which may be megabytes.
            signal("TERM", receiver);
            signal("CONT", receiver);
        }
        self.standby.promote().await.expect("promoted");
        let registrations = registered.saturating_sub(registrations(&self.standby).await);
        let next = self.standby.standby(self.folder_of(self.made)).await.expect("a standby");
        let lost = std::mem::replace(&mut self.primary, std::mem::replace(&mut self.standby, next));
        drop(lost);
        let _kept_if_it_fails = std::fs::remove_dir_all(self.folder_of(self.made - 2));
        self.made += 1;
        self.proxy.turn_to(self.primary.url()).expect("a URL");
        Failover { cut_off, killed, registrations }
    }

    /// Stops the WAL receiver of the standby, once everything is received that was acknowledged before this
    /// call.
    async fn cut_off(&self) -> u64 {
        let (mut primary, mut standby) =
            (connect(self.primary.url()).await, connect(self.standby.url()).await);
        loop {
            let began = now();
            let written = text(&mut primary, "SELECT pg_current_wal_flush_lsn()::text").await;
            let arrived = format!("SELECT (pg_last_wal_receive_lsn() >= '{written}')::text");
            for _ in 0..1_000 {
                let receivers = receivers(&self.standby);
                if text(&mut standby, &arrived).await == "true" && !receivers.is_empty() {
                    for receiver in receivers {
                        signal("STOP", receiver);
                    }
                    return began;
                }
                sleep(Duration::from_millis(5)).await;
            }
        }
    }

    fn folder_of(&self, number: usize) -> PathBuf {
        self.folder.join(format!("server-{number}"))
    }
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    loop {
        match PgConnection::connect(url).await {
            Ok(connection) => return connection,
            // All connections are in use, or the server is starting.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The number of registrations of names on a server.
async fn registrations(cluster: &Cluster) -> u64 {
    let mut connection = connect(cluster.url()).await;
    let last = text(&mut connection, "SELECT max(r.id)::text FROM es.registrations r").await;
    last.parse().unwrap_or_default()
}

async fn text(connection: &mut PgConnection, sql: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false).fetch_one(connection).await.unwrap_or_default()
}

fn processes(cluster: &Cluster) -> Vec<u32> {
    let Ok(first) = cluster.process_id() else { return Vec::new() };
    with_children(first)
}

fn receivers(cluster: &Cluster) -> Vec<u32> {
    let is_receiver = |process: &u32| {
        let line = std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
        line.contains("walreceiver")
    };
    processes(cluster).into_iter().filter(is_receiver).collect()
}
