//! Two servers that Patroni manages, and an address that leads to the leader.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use es_core::uuid::Uuid;
use es_postgres::testing::{Cluster, Fault, Proxy};
use es_tests::operations::{Shell, block};
use tokio::time::{sleep, timeout};

use crate::node::{Node, free_port};

/// Longer than a failover takes here.
const LONGEST: Duration = Duration::from_secs(60);

/// The programs, and their packages in Debian.
const PROGRAMS: [(&str, &str); 3] =
    [("etcd", "etcd-server"), ("patroni", "patroni"), ("patronictl", "patroni")];

pub(crate) struct Patroni {
    folder: PathBuf,
    pub(crate) shell: Shell,
    etcd: Child,
    nodes: Vec<Arc<Node>>,
    processes: Vec<Child>,
    /// The address at which programs find the leader.
    leader: Arc<Proxy>,
}

fn find(program: &str) {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&on_path).any(|folder| folder.join(program).is_file());
    let package = PROGRAMS.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| package);
    assert!(
        found,
        "{program} is not installed, and without it no failover is tried; on Debian and Ubuntu `cargo xtask setup` installs {package}"
    );
}

impl Patroni {
    /// Starts etcd and two nodes, with the configuration in `docs/operations.md`, and waits until one leads
    /// and the other follows.
    pub(crate) async fn start(synchronous: bool) -> Self {
        PROGRAMS.iter().for_each(|(program, _)| find(program));
        let id = Uuid::now_v7().simple().to_string();
        let folder = std::env::temp_dir().join(format!("es-patroni-{}", &id[20..]));
        // A server that is only used to find its programs and their user.
        let guide =
            Cluster::persistent(folder.join("guide")).setting("fsync = off").start().await.expect("a server");
        let shell = Shell::beside(guide.url(), &folder).await;
        drop(guide);
        let (client, peer) = (free_port(), free_port());
        let mut etcd = shell.command("etcd");
        etcd.args(["--data-dir=etcd", "--unsafe-no-fsync", "--log-level=error"]);
        etcd.arg(format!("--listen-client-urls=http://127.0.0.1:{client}"));
        etcd.arg(format!("--advertise-client-urls=http://127.0.0.1:{client}"));
        etcd.arg(format!("--listen-peer-urls=http://127.0.0.1:{peer}"));
        etcd.arg(format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"));
        etcd.arg(format!("--initial-cluster=default=http://127.0.0.1:{peer}"));
        let etcd = spawn(&mut etcd, &shell.folder().join("etcd.log"));
        let mut nodes = Vec::new();
        for name in ["a", "b"] {
            nodes.push(Arc::new(Node::new(name, &shell, client, synchronous).await));
        }
        // No server is there yet.
        let nobody = format!("postgres://postgres@localhost/postgres?host={}/nobody", folder.display());
        let leader = Arc::new(Proxy::over_tcp(&nobody).await.expect("a port"));
        let mut patroni = Self { folder, shell, etcd, nodes, processes: Vec::new(), leader };
        for node in 0..patroni.nodes.len() {
            patroni.run(node);
        }
        let (leader, _) = patroni.roles().await;
        patroni.follower_has_all().await;
        patroni.leader.turn_to(&leader.url()).expect("its URL");
        patroni.follow(leader.name);
        patroni
    }

    /// Starts the Patroni of a node.
    fn run(&mut self, node: usize) {
        let folder = &self.nodes[node].folder;
        let mut patroni = self.shell.command("patroni");
        let process = spawn(patroni.arg(folder.join("patroni.yml")), &folder.join("patroni.log"));
        self.processes.push(process);
    }

    /// Keeps the programs' address pointing to the leader while this runtime runs, like a load balancer with
    /// health checks.
    fn follow(&self, mut current: &'static str) {
        let (nodes, leader) = (self.nodes.clone(), Arc::clone(&self.leader));
        drop(tokio::spawn(async move {
            loop {
                for node in &nodes {
                    if current != node.name && node.leads().await {
                        current = node.name;
                        leader.turn_to(&node.url()).expect("its URL");
                    }
                }
                sleep(Duration::from_millis(50)).await;
            }
        }));
    }

    /// The URL for programs.
    pub(crate) fn url(&self) -> String {
        self.leader.url().to_owned()
    }

    /// A URL that names all nodes.
    pub(crate) fn url_of_all(&self) -> String {
        let hosts: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("postgres://postgres@{}/postgres", hosts.join(","))
    }

    /// Waits until the leader replicates synchronously to the follower, and Patroni would promote it.
    pub(crate) async fn follower_is_synchronous(&self) {
        let is_synchronous = async {
            loop {
                let (leader, follower) = self.roles().await;
                let told =
                    self.psql(&leader, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'");
                if told == "1" && follower.ask("/synchronous").await.is_some() {
                    return;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LONGEST, is_synchronous).await.unwrap_or_else(|_| panic!("it never is\n{}", self.logs()));
    }

    /// The node that leads, and the other one.
    async fn roles(&self) -> (Arc<Node>, Arc<Node>) {
        let found = async {
            loop {
                for (one, other) in [(0, 1), (1, 0)] {
                    if self.nodes[one].leads().await {
                        return (Arc::clone(&self.nodes[one]), Arc::clone(&self.nodes[other]));
                    }
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LONGEST, found).await.unwrap_or_else(|_| panic!("nobody leads\n{}", self.logs()))
    }

    /// Switches over to the other node, as in `docs/operations.md`.
    pub(crate) async fn switch_over(&self) {
        let (leader, candidate) = self.roles().await;
        let shell = self.shell.clone().with("LEADER", leader.name).with("CANDIDATE", candidate.name);
        shell.with("PATRONI", leader.folder.join("patroni.yml")).run(&block("switchover"));
    }

    /// Waits until the follower has everything that the leader has written so far.
    pub(crate) async fn follower_has_all(&self) {
        let (leader, _) = self.roles().await;
        let written = self.psql(&leader, "SELECT pg_current_wal_lsn()");
        let has_all = format!("SELECT bool_or(flush_lsn >= '{written}') FROM pg_stat_replication");
        let has_come = async {
            while self.psql(&leader, &has_all) != "t" {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LONGEST, has_come).await.unwrap_or_else(|_| panic!("it never follows\n{}", self.logs()));
    }

    /// Cuts off replication to the follower.
    pub(crate) async fn cut_off_the_follower(&self) {
        let (leader, follower) = self.roles().await;
        leader.replication.set(Fault::Refuse);
        leader.replication.cut();
        let receives = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'";
        let gone = async {
            while self.psql(&follower, receives) != "0" {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONGEST, gone).await.expect("it is cut off");
    }

    /// Queries a node directly; empty while it is down.
    fn psql(&self, node: &Node, statement: &str) -> String {
        let shell = self.shell.clone().with("PGHOST", node.folder.join("socket"));
        let shell = shell.with("PGPORT", node.port.to_string()).with("STATEMENT", statement);
        shell.run("psql -XAtq -d postgres -c \"$STATEMENT\" 2>/dev/null || true").trim().to_owned()
    }

    /// Kills all processes of the leading node, like the loss of its machine.
    pub(crate) async fn lose_the_leader(&mut self) {
        let (leader, _) = self.roles().await;
        let number = self.nodes.iter().position(|node| node.name == leader.name).expect("a node");
        let _gone = self.processes[number].kill().and_then(|()| self.processes[number].wait());
        leader.kill();
    }

    /// Kills the leading server, but not its Patroni, which restarts it or lets the other node lead.
    pub(crate) async fn crash_the_leader(&self) {
        self.roles().await.0.kill();
    }

    fn logs(&self) -> String {
        let logs = self.nodes.iter().map(|node| node.folder.join("patroni.log"));
        logs.map(|log| fs::read_to_string(log).unwrap_or_default()).collect::<Vec<_>>().join("\n---\n")
    }
}

fn spawn(command: &mut Command, log: &Path) -> Child {
    let log = File::create(log).expect("a log");
    command.stdout(log.try_clone().expect("a log")).stderr(log).spawn().expect("it is started")
}

impl Drop for Patroni {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().chain([&mut self.etcd]) {
            let _gone = process.kill().and_then(|()| process.wait());
        }
        self.nodes.iter().for_each(|node| node.kill());
        let _kept_if_it_fails = fs::remove_dir_all(&self.folder);
    }
}
