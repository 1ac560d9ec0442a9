//! The parts of a store, shared by its clones.

use std::fmt;
use std::sync::Arc;

use tokio::time::timeout;

use crate::connect::pool::Pool;
use crate::connect::settings::Settings;
use crate::read::all::reader::AllReader;
use crate::wake::Wake;
use crate::write::lanes::Lanes;

/// Each part holds those that it needs, and none of those that need it.
pub(crate) struct Parts {
    pub(crate) pool: Arc<Pool>,
    pub(crate) wake: Arc<Wake>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) all: AllReader,
}

impl Parts {
    pub(crate) fn new(pool: Pool) -> Self {
        let pool = Arc::new(pool);
        let wake = Arc::new(Wake::new(&pool.settings));
        Self { lanes: Arc::new(Lanes::new(&pool, &wake)), all: AllReader::new(&pool), pool, wake }
    }

    /// Waits for running calls, then closes all connections. Later calls fail.
    ///
    /// Each call ends within its own deadlines, unless its future is not polled: then it is left behind.
    pub(crate) async fn close(&self) {
        let &Settings { patience, longest_lock_wait, answer_within, .. } = &*self.pool.settings;
        let longest = patience.saturating_add(longest_lock_wait).saturating_add(answer_within);
        let ended = async {
            self.lanes.close().await;
            self.pool.slots.rest().await;
            self.all.close().await;
        };
        if timeout(longest, ended).await.is_err() {
            tracing::warn!("the store was closed although some calls had not ended within {longest:?}");
        }
        self.pool.slots.close();
        self.wake.close();
        self.pool.close_idle().await;
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("pool", &self.pool).finish_non_exhaustive()
    }
}
