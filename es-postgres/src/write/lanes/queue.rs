//! The queue of appends: which ones wait, and which may be sent.

use std::collections::VecDeque;
use std::time::Duration;

use es_core::store::Append;
use es_core::{StoreError, StreamId};
use foldhash::{HashMap, HashSet};
use tokio::runtime::Handle;

use super::builder::BatchBuilder;
use super::waiting::{Chain, Course, Next, Waiting, WaitingGroup};

pub(super) struct Queue {
    pub(super) waiting: VecDeque<Next>,
    /// The streams to which appends in flight write, each with the number of its batch, and the index of its
    /// chain there.
    pub(super) under_way: HashMap<StreamId, (u64, usize)>,
    /// The streams that groups in flight only read, each with their number.
    read: HashMap<StreamId, usize>,
    /// The streams under way whose appends are sent separately, as they are held up, or may be.
    apart: HashSet<StreamId>,
    /// The number of batches so far.
    pub(super) batches: u64,
    /// The number of large appends that wait.
    large: usize,
    /// The number of groups that wait.
    groups: usize,
    /// The number of streams to which these write.
    group_streams: usize,
    pub(super) idle_lanes: usize,
    lanes: usize,
    /// The number of groups that are sent separately.
    detached: usize,
    closed: bool,
}

/// The streams of appends in flight.
#[derive(Default)]
pub(super) struct Streams {
    pub(super) written: Vec<StreamId>,
    pub(super) read: Vec<StreamId>,
}

impl Streams {
    pub(super) fn of(written: &StreamId) -> Self {
        Self { written: vec![written.clone()], read: Vec::new() }
    }
}

/// What is sent next: a batch through a lane, or one large append outside the lanes.
pub(super) enum Work {
    Batch(Vec<Chain>, Vec<WaitingGroup>),
    Large(Waiting),
}

impl Queue {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            under_way: HashMap::default(),
            read: HashMap::default(),
            apart: HashSet::default(),
            batches: 0,
            large: 0,
            groups: 0,
            group_streams: 0,
            idle_lanes: lanes,
            lanes,
            detached: 0,
            closed: false,
        }
    }

    /// Returns whether an append may be sent at once. While a lane is idle, appends wait only for streams in
    /// flight.
    pub(super) fn enter(&mut self, stream: &StreamId, course: Course) -> Result<bool, StoreError> {
        if self.closed {
            return Err(StoreError::Closed);
        }
        let first = !self.under_way.contains_key(stream)
            && !self.is_read(stream)
            && match course {
                Course::Lane => self.idle_lanes > 0 && (self.groups == 0 || !self.is_waited_for(stream)),
                Course::Beside | Course::Detached => !self.is_waited_for(stream),
            };
        if first {
            self.idle_lanes -= course.lanes();
            self.mark_in_flight(stream, 0);
        }
        Ok(first)
    }

    /// The same for an atomic append, through a lane.
    pub(super) fn enter_group(&mut self, appends: &[Append<'_>]) -> Result<bool, StoreError> {
        if self.closed {
            return Err(StoreError::Closed);
        }
        let is_free = |append: &Append<'_>| {
            !self.under_way.contains_key(append.stream)
                && (append.is_condition() || !self.is_read(append.stream))
        };
        // Otherwise, all that wait for a stream find it under way.
        let may_be_waited_for = self.groups > 0 || !self.read.is_empty();
        let first = self.idle_lanes > 0
            && appends.iter().all(is_free)
            && !(may_be_waited_for && appends.iter().any(|append| self.is_waited_for(append.stream)));
        if first {
            self.idle_lanes -= 1;
            let streams = |read| appends.iter().filter(move |a| a.is_condition() == read).map(|a| a.stream);
            self.go_group(streams(false), streams(true));
        }
        Ok(first)
    }

    /// Whether an append to this stream waits.
    fn is_waited_for(&self, stream: &StreamId) -> bool {
        self.waiting.iter().any(|other| other.writes(stream))
    }

    /// Whether groups in flight read this stream, so that nothing may be written to it.
    pub(super) fn is_read(&self, stream: &StreamId) -> bool {
        !self.read.is_empty() && self.read.contains_key(stream)
    }

    pub(super) fn push(&mut self, next: Next) -> Result<(), StoreError> {
        if self.closed {
            return Err(StoreError::Closed);
        }
        match &next {
            Next::One(one) => self.large += usize::from(one.is_large()),
            Next::Group(group) => {
                self.groups += 1;
                self.group_streams += group.written().count();
            }
        }
        self.waiting.push_back(next);
        Ok(())
    }

    /// Takes the next work in the order of arrival: a lane's share of all appends. An append waits while its
    /// stream is in flight, and later ones to that stream wait behind it.
    pub(super) fn next(&mut self) -> Option<Work> {
        if self.waiting.is_empty() || (self.idle_lanes == 0 && self.large == 0) {
            return None;
        }
        // Without the share, a lane that becomes free when many wait would take them all each time, and the
        // other lane would always get few.
        let streams = self.waiting.len() - self.groups + self.group_streams + self.under_way.len();
        let share = streams.div_ceil(self.lanes);
        self.batches += 1;
        let mut batch = BatchBuilder::default();
        let large = self.fill(&mut batch, share);
        if let Some(large) = large {
            self.large -= 1;
            self.mark_in_flight(large.stream(), 0);
            return Some(Work::Large(large));
        }
        if batch.is_empty() {
            return None;
        }
        self.idle_lanes -= 1;
        Some(Work::Batch(batch.chains, batch.groups))
    }

    /// Marks this stream as in flight, in the current batch if there is one.
    pub(super) fn mark_in_flight(&mut self, stream: &StreamId, chain: usize) {
        self.under_way.insert(stream.clone(), (self.batches, chain));
    }

    /// Marks the streams of a group as in flight. Nothing continues it in its batch.
    pub(super) fn go_group<'a>(
        &mut self,
        written: impl Iterator<Item = &'a StreamId>,
        read: impl Iterator<Item = &'a StreamId>,
    ) {
        for stream in written {
            self.under_way.insert(stream.clone(), (0, 0));
        }
        for stream in read {
            *self.read.entry(stream.clone()).or_default() += 1;
        }
    }

    /// Marks streams as no longer in flight. Returns whether the queue is closing, and waits for all to end.
    pub(super) fn leave(&mut self, streams: &Streams, course: Course) -> bool {
        for stream in &streams.written {
            self.under_way.remove(stream);
            self.apart.remove(stream);
        }
        for stream in &streams.read {
            if let Some(readers) = self.read.get_mut(stream) {
                *readers -= 1;
                if *readers == 0 {
                    self.read.remove(stream);
                }
            }
        }
        self.idle_lanes += course.lanes();
        self.detached -= usize::from(course == Course::Detached);
        self.closed
    }

    /// Counts a group that is sent separately, without its streams.
    pub(super) fn detach(&mut self) {
        self.detached += 1;
    }

    /// Marks the append to this stream as sent separately.
    pub(super) fn set_apart(&mut self, stream: &StreamId) {
        self.apart.insert(stream.clone());
    }

    pub(super) fn is_apart(&self, stream: &StreamId) -> bool {
        self.apart.contains(stream)
    }

    /// Removes the appends to a stream, and the groups that read it, that have waited at least this long.
    pub(super) fn give_up(&mut self, stream: &StreamId, waited: Duration) -> VecDeque<Next> {
        let (gone, left): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|next| next.uses(stream) && next.since().elapsed() >= waited);
        self.waiting = left;
        for gone in &gone {
            match gone {
                Next::One(one) => self.large -= usize::from(one.is_large()),
                Next::Group(group) => self.forget(group),
            }
        }
        gone
    }

    /// Counts a group that waits no longer.
    pub(super) fn forget(&mut self, group: &WaitingGroup) {
        self.groups -= 1;
        self.group_streams -= group.written().count();
    }

    /// The number of appends that wait, and their bytes.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.waiting.len(), self.waiting.iter().map(Next::bytes).sum())
    }

    /// Accepts no more appends. Returns whether all that were accepted have ended.
    pub(super) fn close(&mut self) -> bool {
        self.closed = true;
        let none_under_way = self.under_way.is_empty() && self.detached == 0;
        self.waiting.is_empty() && none_under_way && self.idle_lanes == self.lanes
    }
}

impl Work {
    /// The runtime of the first caller.
    pub(super) fn runtime(&self) -> Handle {
        match self {
            Self::Batch(chains, groups) => match chains.first() {
                Some(chain) => chain[0].runtime.clone(),
                None => groups[0].runtime.clone(),
            },
            Self::Large(waiting) => waiting.runtime.clone(),
        }
    }

    pub(super) fn streams(&self) -> Streams {
        match self {
            Self::Batch(chains, groups) => {
                let of_chains = chains.iter().map(|chain| chain[0].stream());
                let written = of_chains.chain(groups.iter().flat_map(WaitingGroup::written)).cloned();
                let read = groups.iter().flat_map(WaitingGroup::read).cloned();
                Streams { written: written.collect(), read: read.collect() }
            }
            Self::Large(waiting) => Streams::of(waiting.stream()),
        }
    }

    pub(super) const fn course(&self) -> Course {
        match self {
            Self::Batch(..) => Course::Lane,
            Self::Large(_) => Course::Beside,
        }
    }
}
