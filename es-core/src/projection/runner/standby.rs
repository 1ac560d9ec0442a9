//! What a worker does while another one has its partition.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::debug;

use super::worker::{Ends, Worker};
use crate::projection::Projection;
use crate::projection::effects::Work;
use crate::projection::error::ProjectorError;
use crate::projection::target::Target;
use crate::store::ReadAll;

/// The shortest interval between two looks at another worker's checkpoint.
const SHORTEST_LOOK: Duration = Duration::from_millis(10);

impl<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>> Worker<P, S, T> {
    /// Waits a while for a partition that another worker has for this long.
    pub(super) async fn owned_by_another(&mut self, rest: Duration) {
        self.pages.forget();
        self.checkpoint = None;
        sleep(rest.min(self.check_interval())).await;
    }

    pub(super) async fn overtaken(&mut self, ends: Ends) -> Result<(), ProjectorError> {
        self.pages.forget();
        // The next page comes from the store, not from another reader.
        self.checkpoint = None;
        let stood_by = match ends {
            _ if P::WORK == Work::Effects => {
                // Before anything is run again: the target decides whose turn it is.
                self.owned.invalidate();
                Ok(())
            }
            Ends::Never => self.stand_by().await,
            Ends::CaughtUp => Ok(()),
        };
        match stood_by {
            Err(error) if error.is_retryable() => {
                debug!(%error, "standing by");
                Ok(())
            }
            Err(error) => {
                self.note(&error.to_string()).await;
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Waits until the worker that came first stands still, with events left to process.
    async fn stand_by(&mut self) -> Result<(), ProjectorError> {
        let take_over = self.options.take_over;
        let mut seen = self.reload().await?;
        let mut since = Instant::now();
        loop {
            sleep(self.check_interval()).await;
            let now = self.reload().await?;
            let head = self.source.end().await?;
            if now != seen || head.position() <= now.position() {
                (seen, since) = (now, Instant::now());
            } else if since.elapsed() >= take_over {
                return Ok(());
            }
        }
    }

    /// How often to check what another worker does.
    fn check_interval(&self) -> Duration {
        (self.options.take_over / 10).max(SHORTEST_LOOK)
    }
}
