//! Two servers that Patroni watches over, and an address behind which the leader is.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use es_core::Uuid;
use es_postgres::testing::Cluster;
use es_tests::faults::{Fault, Proxy};
use es_tests::operations::{Shell, block};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Longer than a failover takes here.
const LONGEST: Duration = Duration::from_secs(60);

/// Where Debian has the programs, and what they are called.
const PROGRAMS: [(&str, &str); 3] =
    [("etcd", "etcd-server"), ("patroni", "patroni"), ("patronictl", "patroni")];

pub(crate) struct Patroni {
    folder: PathBuf,
    pub(crate) shell: Shell,
    etcd: Child,
    nodes: Vec<Arc<Node>>,
    processes: Vec<Child>,
    /// Where programs find the leader.
    leader: Arc<Proxy>,
}

/// One server and its Patroni.
struct Node {
    name: &'static str,
    folder: PathBuf,
    api: u16,
    port: u16,
    /// What the other one follows it through.
    replication: Proxy,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn find(program: &str) {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&on_path).any(|folder| folder.join(program).is_file());
    let package = PROGRAMS.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| package);
    assert!(
        found,
        "{program} is not installed, and without it no failover is tried; Debian and Ubuntu: apt-get install {package}"
    );
}

impl Patroni {
    /// Starts etcd and two nodes, with the configuration of the page, and waits until one leads and the other
    /// follows.
    pub(crate) async fn start(synchronous: bool) -> Self {
        PROGRAMS.iter().for_each(|(program, _)| find(program));
        let id = Uuid::now_v7().simple().to_string();
        let folder = std::env::temp_dir().join(format!("es-patroni-{}", &id[20..]));
        // A server of no other use than to say where its programs are, and as whom they run.
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
        // Nobody is there yet.
        let leader = Arc::new(Proxy::start(folder.join("nobody")).await.expect("a port"));
        let mut patroni = Self { folder, shell, etcd, nodes, processes: Vec::new(), leader };
        for node in 0..patroni.nodes.len() {
            patroni.run(node);
        }
        let (leader, _) = patroni.roles().await;
        patroni.follower_has_all().await;
        patroni.leader.turn_to(leader.socket());
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

    /// Turns the address of programs to whoever leads, for as long as this runtime lives, as a balancer does
    /// that asks each node for its health.
    fn follow(&self, mut current: &'static str) {
        let (nodes, leader) = (self.nodes.clone(), Arc::clone(&self.leader));
        drop(tokio::spawn(async move {
            loop {
                for node in &nodes {
                    if current != node.name && node.leads().await {
                        current = node.name;
                        leader.turn_to(node.socket());
                    }
                }
                sleep(Duration::from_millis(50)).await;
            }
        }));
    }

    /// The address that programs are given.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.leader.address())
    }

    /// Waits until Patroni takes the follower for synchronous, so that it may lead.
    pub(crate) async fn follower_is_synchronous(&self) {
        let (_, follower) = self.roles().await;
        let is_synchronous = async {
            while follower.ask("/synchronous").await.is_none() {
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

    /// Lets the other node lead, as the page says.
    pub(crate) async fn switch_over(&self) {
        let (leader, candidate) = self.roles().await;
        let shell = self.shell.clone().with("LEADER", leader.name).with("CANDIDATE", candidate.name);
        shell.with("PATRONI", leader.folder.join("patroni.yml")).run(&block("switchover"));
    }

    /// Waits until the follower has all that the leader has written by now.
    pub(crate) async fn follower_has_all(&self) {
        let leader = self.psql_of(&self.roles().await.0);
        let written = leader("SELECT pg_current_wal_lsn()");
        let has_all =
            format!("SELECT coalesce(bool_or(flush_lsn >= '{written}'), false) FROM pg_stat_replication");
        let has_come = async {
            while leader(&has_all) != "t" {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LONGEST, has_come).await.unwrap_or_else(|_| panic!("it never follows\n{}", self.logs()));
    }

    /// The follower receives nothing any more.
    pub(crate) async fn cut_off_the_follower(&self) {
        let (leader, follower) = self.roles().await;
        leader.replication.set(Fault::Refuse);
        leader.replication.cut();
        let follower = self.psql_of(&follower);
        let gone = async {
            while follower("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'") != "0" {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONGEST, gone).await.expect("it is cut off");
    }

    /// Asks a node itself.
    fn psql_of(&self, node: &Node) -> impl Fn(&str) -> String + use<> {
        let socket = node.folder.join("socket");
        let shell = self.shell.clone().with("PGHOST", socket).with("PGPORT", node.port.to_string());
        move |statement| shell.psql("postgres", statement)
    }

    /// Kills everything of the node that leads, as the loss of its machine would.
    pub(crate) async fn lose_the_leader(&mut self) {
        let (leader, _) = self.roles().await;
        let number = self.nodes.iter().position(|node| node.name == leader.name).expect("a node");
        let _gone = self.processes[number].kill().and_then(|()| self.processes[number].wait());
        leader.kill();
    }

    /// Kills the server that leads, and not its Patroni, which starts it again or lets the other one lead.
    pub(crate) async fn crash_the_leader(&self) {
        self.roles().await.0.kill();
    }

    fn logs(&self) -> String {
        let logs = self.nodes.iter().map(|node| node.folder.join("patroni.log"));
        logs.map(|log| fs::read_to_string(log).unwrap_or_default()).collect::<Vec<_>>().join("\n---\n")
    }
}

impl Node {
    async fn new(name: &'static str, shell: &Shell, etcd: u16, synchronous: bool) -> Self {
        let folder = shell.folder().join(name);
        shell.run(&format!("mkdir -p '{0}/socket' && chmod 700 '{0}'", folder.display()));
        let (api, port) = (free_port(), free_port());
        let replication = Proxy::start(folder.join(format!("socket/.s.PGSQL.{port}"))).await.expect("a port");
        let node = Self { name, folder, api, port, replication };
        fs::write(node.folder.join("patroni.yml"), node.configuration(shell, etcd, synchronous))
            .expect("written");
        node
    }

    fn configuration(&self, shell: &Shell, etcd: u16, synchronous: bool) -> String {
        let Self { name, folder, api, port, replication } = self;
        let (folder, replication) = (folder.display(), replication.address());
        // As fast as Patroni goes.
        let page = block("patroni")
            .replace("ttl: 30", "ttl: 8")
            .replace("loop_wait: 10", "loop_wait: 1")
            .replace("retry_timeout: 10", "retry_timeout: 3")
            .replace("synchronous_mode: true", &format!("synchronous_mode: {synchronous}"));
        let binaries = shell.run("printf '%s' \"$BIN\"");
        format!(
            "scope: es\nname: {name}\n\
             etcd3: {{host: '127.0.0.1:{etcd}'}}\n\
             restapi: {{listen: '127.0.0.1:{api}', connect_address: '127.0.0.1:{api}'}}\n\
             {page}\
             \x20 initdb: [{{encoding: UTF8}}, {{locale: C}}, {{auth: trust}}, no-sync]\n\
             \x20 pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust', 'local replication all trust']\n\
             postgresql:\n\
             \x20 listen: '127.0.0.1:{port}'\n\
             \x20 connect_address: '{replication}'\n\
             \x20 use_unix_socket: true\n\
             \x20 data_dir: '{folder}/data'\n\
             \x20 bin_dir: '{binaries}'\n\
             \x20 pgpass: '{folder}/pgpass'\n\
             \x20 authentication: {{superuser: {{username: postgres}}, replication: {{username: postgres}}, rewind: {{username: postgres}}}}\n\
             \x20 parameters: {{unix_socket_directories: '{folder}/socket', fsync: 'off', shared_buffers: 32MB, wal_retrieve_retry_interval: 100ms}}\n"
        )
    }

    fn socket(&self) -> PathBuf {
        self.folder.join(format!("socket/.s.PGSQL.{}", self.port))
    }

    /// What its Patroni answers, if it says that all is well.
    async fn ask(&self, path: &str) -> Option<String> {
        let asked = async {
            let mut connection = TcpStream::connect(("127.0.0.1", self.api)).await.ok()?;
            let request = format!("GET {path} HTTP/1.0\r\n\r\n");
            connection.write_all(request.as_bytes()).await.ok()?;
            let mut answer = String::new();
            connection.read_to_string(&mut answer).await.ok()?;
            let (head, body) = answer.split_once("\r\n\r\n")?;
            head.split(' ').nth(1).is_some_and(|status| status == "200").then(|| body.to_owned())
        };
        timeout(Duration::from_secs(2), asked).await.ok().flatten()
    }

    async fn leads(&self) -> bool {
        self.ask("/primary").await.is_some()
    }

    /// Kills the server, and waits until nobody is left of it.
    fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let Some(pid) = pid.lines().next() else { return };
        let _gone = Command::new("kill").args(["-9", pid]).output();
        while Path::new("/proc").join(pid).exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
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
