//! A primary and a standby that follows it, and takes over when the primary is lost.

use std::path::PathBuf;

use crate::database::{connect, until};
use es_postgres::testing::Cluster;

pub(crate) struct Servers {
    pub(crate) primary: Cluster,
    pub(crate) standby: Cluster,
    // Dropped last.
    _folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

impl Servers {
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// With more settings, each on a line.
    pub(crate) async fn with(settings: &str) -> Self {
        let name = format!("es-servers-{}", uuid::Uuid::now_v7().simple());
        let folder = Folder(std::env::temp_dir().join(name));
        std::fs::create_dir(&folder.0).expect("a folder");
        let options = Cluster::persistent(folder.0.join("primary")).setting(settings);
        let primary = options.start().await.expect("a server");
        let standby = primary.standby(folder.0.join("standby")).await.expect("a standby");
        Self { primary, standby, _folder: folder }
    }

    /// Waits until the standby has replayed all that the primary has committed.
    pub(crate) async fn caught_up(&self) {
        let mut primary = connect(self.primary.url()).await;
        let written: String = sqlx::query_scalar("SELECT pg_current_wal_flush_lsn()::text")
            .fetch_one(&mut primary)
            .await
            .expect("a place");
        until(&mut connect(self.standby.url()).await, &format!("pg_last_wal_replay_lsn() >= '{written}'"))
            .await;
    }

    /// The primary is lost, and the standby takes its place.
    pub(crate) async fn fail_over(&self) {
        self.primary.crash().await.expect("killed");
        self.standby.promote().await.expect("promoted");
    }
}
