//! The time of a clock that follows the inputs, when a program starts: that of the inputs that were taken
//! before.

use std::sync::{Arc, Mutex};

use super::clock::Clock;
use crate::error::StoreError;
use crate::latch::hold;
use crate::record::RawEvent;
use crate::store::{Checkpoint, ReadAll, Rest};
use crate::stream::Position;
use crate::subscription::{Subscription, When};

/// Up to where a runner has told its clock of past inputs.
#[derive(Debug, Clone, Default)]
pub(super) struct Recalled(Arc<Mutex<Checkpoint>>);

impl Recalled {
    /// Tells the clock of the inputs up to a position, each once. They are read and not decoded: an input
    /// that did nothing has left no step that would know its time.
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
