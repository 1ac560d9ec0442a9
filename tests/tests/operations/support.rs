//! A separate server, with a shell on its machine.

use std::path::{Path, PathBuf};

use es_core::uuid::Uuid;
use es_postgres::PostgresStore;
use es_postgres::testing::Cluster;
use es_tests::operations::Shell;
use sqlx::{Connection, PgConnection};

/// Settings on which no test depends.
const FAST: &str = "fsync = off\nmax_connections = 60\nshared_buffers = 32MB";

pub(crate) struct Server {
    // Dropped first: it stops the server.
    cluster: Cluster,
    pub(crate) shell: Shell,
    folder: Folder,
}

/// Removed with this value.
struct Folder(PathBuf);

impl Server {
    /// With more lines of postgresql.conf, in which `$FOLDER` is its folder.
    pub(crate) async fn start(settings: &str) -> Self {
        let id = Uuid::now_v7().simple().to_string();
        let folder = Folder(std::env::temp_dir().join(format!("es-ops-{}", &id[20..])));
        let settings = settings.replace("$FOLDER", &folder.0.display().to_string());
        let options = Cluster::persistent(folder.0.join("cluster")).setting(FAST).setting(&settings);
        let cluster = options.start().await.expect("a server");
        let shell = Shell::beside(cluster.url(), &folder.0).await;
        let named = |name: &str| folder.0.join("shell").join(name);
        let shell = shell.with("BACKUPS", named("backups")).with("ARCHIVE", named("archive"));
        shell.run("mkdir \"$BACKUPS\" \"$ARCHIVE\" && createdb shop");
        Self { cluster, shell, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// A standby that follows it.
    pub(crate) async fn standby(&self) -> Cluster {
        self.cluster.standby(self.folder.0.join("standby")).await.expect("a standby")
    }

    /// The URL of one of its databases, for a role.
    pub(crate) fn url_of(&self, role: &str, database: &str) -> String {
        let url = self.cluster.url().replace("/postgres?", &format!("/{database}?"));
        url.replace("//postgres@", &format!("//{role}@"))
    }

    pub(crate) fn url(&self, database: &str) -> String {
        self.url_of("postgres", database)
    }

    /// A store in the database `shop`.
    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::options(&self.url("shop")).connections(6).migrate().await.expect("a store")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _kept_if_it_fails = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens an existing store.
pub(crate) async fn open(url: &str) -> PostgresStore {
    PostgresStore::options(url).connections(6).connect().await.expect("a store")
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}
