//! The time of a clock that follows the inputs, when a program starts: that of the inputs that were taken
//! before.

use super::clock::Clock;
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{Filter, ReadAll, Rest};
use crate::stream::Position;
use crate::subscription::{Subscription, When};

/// Tells the clock of the inputs up to a position. They are read and not decoded: an input that did nothing
/// has left no step that would know its time.
pub(super) async fn recall<S: ReadAll>(
    clock: &Clock,
    source: S,
    inputs: Filter,
    upto: Position,
) -> Result<(), StoreError> {
    let mut past = Subscription::new(source).filter(inputs);
    loop {
        let mut last = Position::new(0);
        let mut take = |raw: RawEvent<'_>| {
            last = raw.position;
            if last <= upto {
                clock.seen(raw.occurred_at());
            }
            Ok(())
        };
        if past.read(When::Now, &mut take).await?.rest == Rest::Nothing || last >= upto {
            return Ok(());
        }
    }
}
