//! One of the servers that Patroni manages.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use es_postgres::testing::Proxy;
use es_tests::operations::{Shell, block};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// One server and its Patroni.
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) folder: PathBuf,
    api: u16,
    pub(crate) port: u16,
    /// The proxy through which the other node follows it.
    pub(crate) replication: Proxy,
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn url_of(folder: &Path, port: u16) -> String {
    format!("postgres://postgres@localhost:{port}/postgres?host={}/socket", folder.display())
}

impl Node {
    pub(crate) async fn new(name: &'static str, shell: &Shell, etcd: u16, synchronous: bool) -> Self {
        let folder = shell.folder().join(name);
        shell.run(&format!("mkdir -p '{0}/socket' && chmod 700 '{0}'", folder.display()));
        let (api, port) = (free_port(), free_port());
        let replication = Proxy::over_tcp(&url_of(&folder, port)).await.expect("a port");
        let node = Self { name, folder, api, port, replication };
        fs::write(node.folder.join("patroni.yml"), node.configuration(shell, etcd, synchronous))
            .expect("written");
        node
    }

    fn configuration(&self, shell: &Shell, etcd: u16, synchronous: bool) -> String {
        let Self { name, folder, api, port, replication } = self;
        let (folder, replication) = (folder.display(), replication.address().expect("a port"));
        // The shortest intervals that Patroni accepts.
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

    /// The URL of the server itself.
    pub(crate) fn url(&self) -> String {
        url_of(&self.folder, self.port)
    }

    /// The answer of its Patroni, if it reports success.
    pub(crate) async fn ask(&self, path: &str) -> Option<String> {
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

    pub(crate) async fn leads(&self) -> bool {
        self.ask("/primary").await.is_some()
    }

    /// Kills the server, and waits until all of its processes are gone.
    pub(crate) fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let Some(pid) = pid.lines().next() else { return };
        let _gone = Command::new("kill").args(["-9", pid]).output();
        while Path::new("/proc").join(pid).exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
