//! Filling a batch with the appends that may be sent.

use std::collections::VecDeque;

use es_core::StreamId;
use foldhash::HashSet;

use super::queue::{Chain, Next, Queue};
use super::waiting::{Waiting, WaitingGroup};

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
    fn has_room_for(&self, next: &Waiting, chain: Option<usize>, share: usize) -> bool {
        self.appends < MAX_APPENDS
            && (self.streams < share || chain.is_some())
            && self.events + next.events().len() <= MAX_EVENTS
            && self.bytes + next.bytes <= MAX_BYTES
    }

    fn has_room_for_group(&self, next: &WaitingGroup, share: usize) -> bool {
        self.appends + next.len() <= MAX_APPENDS
            && self.streams < share
            && self.events + next.events <= MAX_EVENTS
            && self.bytes + next.bytes <= MAX_BYTES
    }

    /// Adds an append, or returns it if it does not continue at the end of the previous one to its stream.
    fn take(&mut self, next: Waiting, chain: Option<usize>) -> Option<Waiting> {
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

    fn take_group(&mut self, next: WaitingGroup) {
        self.streams += next.written().count();
        self.appends += next.len();
        self.events += next.events;
        self.bytes += next.bytes;
        self.groups.push(next);
    }
}

/// What became of a waiting append.
enum Placed {
    InBatch,
    /// It is sent alone.
    Large(Waiting),
    /// It may be sent, but not with this batch.
    Full(Next),
    /// It has to wait for its streams, or for a lane.
    Held(Next),
}

impl Queue {
    /// Fills a batch with the appends that may be sent, or returns a large append, which is sent alone, if it
    /// comes first.
    pub(super) fn fill(&mut self, batch: &mut BatchBuilder, share: usize) -> Option<Waiting> {
        let mut large = None;
        let mut passed_over = VecDeque::new();
        let mut held_back = HashSet::default();
        while let Some(next) = self.waiting.pop_front() {
            let placed = match next {
                Next::One(next) => self.put(batch, next, share, &held_back),
                Next::Group(next) => self.put_group(batch, next, share, &held_back),
            };
            match placed {
                Placed::InBatch => {}
                Placed::Large(next) => {
                    large = Some(next);
                    break;
                }
                Placed::Full(next) => {
                    self.waiting.push_front(next);
                    break;
                }
                Placed::Held(next) => {
                    next.hold_back(&mut held_back);
                    passed_over.push_back(next);
                }
            }
        }
        passed_over.append(&mut self.waiting);
        self.waiting = passed_over;
        large
    }

    fn put(
        &mut self,
        batch: &mut BatchBuilder,
        next: Waiting,
        share: usize,
        held_back: &HashSet<StreamId>,
    ) -> Placed {
        let stream = next.stream();
        let under_way = self.under_way.get(stream);
        let chain = under_way.and_then(|(number, chain)| (*number == self.batches).then_some(*chain));
        let held =
            (under_way.is_some() && chain.is_none()) || held_back.contains(stream) || self.is_read(stream);
        if !held && next.is_large() && batch.is_empty() {
            return Placed::Large(next);
        }
        if held || self.idle_lanes == 0 {
            return Placed::Held(Next::One(next));
        }
        if next.is_large() || !batch.has_room_for(&next, chain, share) {
            return Placed::Full(Next::One(next));
        }
        if chain.is_none() {
            self.go(next.stream(), batch.chains.len());
        }
        match batch.take(next, chain) {
            None => Placed::InBatch,
            Some(next) => Placed::Held(Next::One(next)),
        }
    }

    fn put_group(
        &mut self,
        batch: &mut BatchBuilder,
        next: WaitingGroup,
        share: usize,
        held_back: &HashSet<StreamId>,
    ) -> Placed {
        let is_held = |stream| self.under_way.contains_key(stream) || held_back.contains(stream);
        let held =
            next.written().any(|stream| is_held(stream) || self.is_read(stream)) || next.read().any(is_held);
        if held || self.idle_lanes == 0 {
            return Placed::Held(Next::Group(next));
        }
        if !batch.has_room_for_group(&next, share) {
            return Placed::Full(Next::Group(next));
        }
        self.forget(&next);
        self.go_group(next.written(), next.read());
        batch.take_group(next);
        Placed::InBatch
    }
}
