//! A batch that is being filled, and its limits.

use super::waiting::{Chain, Waiting, WaitingGroup};

/// The limits of a batch.
const MAX_APPENDS: usize = 128;
const MAX_EVENTS: usize = 2_000;
const MAX_BYTES: usize = 2 << 20;

/// A batch that is being filled.
#[derive(Default)]
pub(super) struct BatchBuilder {
    pub(super) chains: Vec<Chain>,
    pub(super) groups: Vec<WaitingGroup>,
    /// The number of streams to which it writes.
    streams: usize,
    appends: usize,
    events: usize,
    bytes: usize,
}

impl BatchBuilder {
    pub(super) fn is_empty(&self) -> bool {
        self.appends == 0
    }

    /// Whether an append fits, with at most `share` streams; `chain` is the index of its chain, if the batch
    /// has one.
    pub(super) fn has_room_for(&self, next: &Waiting, chain: Option<usize>, share: usize) -> bool {
        self.appends < MAX_APPENDS
            && (self.streams < share || chain.is_some())
            && self.events + next.events().len() <= MAX_EVENTS
            && self.bytes + next.bytes <= MAX_BYTES
    }

    pub(super) fn has_room_for_group(&self, next: &WaitingGroup, share: usize) -> bool {
        self.appends + next.len() <= MAX_APPENDS
            && self.streams < share
            && self.events + next.events <= MAX_EVENTS
            && self.bytes + next.bytes <= MAX_BYTES
    }

    /// Adds an append, or returns it if it does not continue at the end of the previous one to its stream.
    pub(super) fn take(&mut self, next: Waiting, chain: Option<usize>) -> Option<Waiting> {
        let at = chain.unwrap_or_else(|| {
            self.streams += 1;
            self.chains.push(Chain::new());
            self.chains.len() - 1
        });
        let chain = &mut self.chains[at];
        if chain.last().is_some_and(|last| !next.follows(last)) {
            return Some(next);
        }
        self.appends += 1;
        self.events += next.events().len();
        self.bytes += next.bytes;
        chain.push(next);
        None
    }

    pub(super) fn take_group(&mut self, next: WaitingGroup) {
        self.streams += next.written().count();
        self.appends += next.len();
        self.events += next.events;
        self.bytes += next.bytes;
        self.groups.push(next);
    }
}
