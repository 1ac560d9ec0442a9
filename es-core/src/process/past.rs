//! Restores the time of a clock that follows the inputs, when a program starts: from the inputs that were
//! processed before.

use std::sync::{Arc, Mutex};

use super::clock::Clock;
use crate::error::StoreError;
use crate::latch::hold;
use crate::record::RawEvent;
use crate::store::{Checkpoint, ReadAll, Rest};
use crate::stream::Position;
use crate::subscription::{Subscription, When};

/// The position up to which a runner has passed the times of earlier inputs to its clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Recalled(Arc<Mutex<Checkpoint>>);

impl Recalled {
    /// Passes the times of the inputs up to a position to the clock, each once. The inputs are read, without
    /// decoding them, as one that did nothing has left no step from which its time could be read.
    pub(super) async fn recall<S: ReadAll>(
        &self,
        clock: &Clock,
        past: Subscription<S>,
        upto: Position,
    ) -> Result<(), StoreError> {
        let known = *hold(&self.0);
        if known.position() >= upto {
            return Ok(());
        }
        let mut past = past.from(known);
        loop {
            let mut last = known;
            let mut take = |raw: RawEvent<'_>| {
                if raw.position <= upto {
                    last = Checkpoint::behind(raw.position, raw.event_id);
                    clock.seen(raw.occurred_at());
                }
                Ok(())
            };
            let page = past.read(When::Now, &mut take).await?;
            if last != known {
                *hold(&self.0) = last;
            }
            if page.rest == Rest::Nothing || page.checkpoint.position() >= upto {
                return Ok(());
            }
        }
    }
}
