//! Filling a batch from the queue, with the appends that may be sent.

use std::collections::VecDeque;

use es_core::StreamId;
use foldhash::HashSet;

use super::builder::BatchBuilder;
use super::queue::Queue;
use super::waiting::{Next, Waiting, WaitingGroup};

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
            self.mark_in_flight(next.stream(), batch.chains.len());
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
