//! The queue of appends: which ones wait, and which may be sent.

use std::collections::VecDeque;
use std::time::Duration;

use es_core::{StoreError, StreamId};
use foldhash::{HashMap, HashSet};
use tokio::runtime::Handle;

use super::waiting::{Course, Waiting};

/// The limits of a batch.
const MAX_APPENDS: usize = 128;
const MAX_EVENTS: usize = 2_000;
const MAX_BYTES: usize = 2 << 20;

pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// The streams of the appends in flight, each with the number of its batch, and the index of its chain
    /// there.
    under_way: HashMap<StreamId, (u64, usize)>,
    /// The streams among them whose appends are sent separately, as they are held up, or may be.
    apart: HashSet<StreamId>,
    /// The number of batches so far.
    batches: u64,
    /// The number of large appends that wait.
    large: usize,
    idle_lanes: usize,
    lanes: usize,
    closed: bool,
}

/// Appends to one stream, each of which continues at the revision where the previous one ends.
pub(super) type Chain = Vec<Waiting>;

/// What is sent next: a batch through a lane, or one large append outside the lanes.
pub(super) enum Work {
    Batch(Vec<Chain>),
    Large(Waiting),
}

/// A batch that is being filled.
#[derive(Default)]
struct BatchBuilder {
    chains: Vec<Chain>,
    appends: usize,
    events: usize,
    bytes: usize,
}

impl BatchBuilder {
    fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// Whether another append fits, with at most `share` streams; `chain` is the index of its chain, if the
    /// batch has one.
    fn has_room_for(&self, next: &Waiting, chain: Option<usize>, share: usize) -> bool {
        self.appends < MAX_APPENDS
            && (self.chains.len() < share || chain.is_some())
            && self.events + next.events.len() <= MAX_EVENTS
            && self.bytes + next.bytes <= MAX_BYTES
    }

    /// Adds an append, or returns it if it does not continue at the end of the previous one to its stream.
    fn take(&mut self, next: Waiting, chain: Option<usize>) -> Option<Waiting> {
        let at = chain.unwrap_or_else(|| {
            self.chains.push(Chain::new());
            self.chains.len() - 1
        });
        let chain = &mut self.chains[at];
        if chain.last().is_some_and(|last| !next.follows(last)) {
            return Some(next);
        }
        self.appends += 1;
        self.events += next.events.len();
        self.bytes += next.bytes;
        chain.push(next);
        None
    }
}

impl Queue {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            under_way: HashMap::default(),
            apart: HashSet::default(),
            batches: 0,
            large: 0,
            idle_lanes: lanes,
            lanes,
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
            && match course {
                Course::Lane => self.idle_lanes > 0,
                Course::Beside => self.waiting.iter().all(|other| other.stream != *stream),
            };
        if first {
            self.idle_lanes -= course.lanes();
            self.mark_in_flight(stream, 0);
        }
        Ok(first)
    }

    pub(super) fn push(&mut self, waiting: Waiting) -> Result<(), StoreError> {
        if self.closed {
            return Err(StoreError::Closed);
        }
        self.large += usize::from(waiting.is_large());
        self.waiting.push_back(waiting);
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
        let share = (self.waiting.len() + self.under_way.len()).div_ceil(self.lanes);
        self.batches += 1;
        let mut batch = BatchBuilder::default();
        let large = self.fill(&mut batch, share);
        if let Some(large) = large {
            self.large -= 1;
            self.mark_in_flight(&large.stream, 0);
            return Some(Work::Large(large));
        }
        if batch.is_empty() {
            return None;
        }
        self.idle_lanes -= 1;
        Some(Work::Batch(batch.chains))
    }

    /// Fills a batch with the appends that may be sent, or returns a large append, which is sent alone, if it
    /// comes first.
    fn fill(&mut self, batch: &mut BatchBuilder, share: usize) -> Option<Waiting> {
        let mut large = None;
        let mut passed_over = VecDeque::new();
        let mut held_back = HashSet::default();
        while let Some(next) = self.waiting.pop_front() {
            let under_way = self.under_way.get(&next.stream);
            let chain = under_way.and_then(|(number, chain)| (*number == self.batches).then_some(*chain));
            let held = (under_way.is_some() && chain.is_none()) || held_back.contains(&next.stream);
            if !held && next.is_large() && batch.is_empty() {
                large = Some(next);
                break;
            }
            if !held && self.idle_lanes > 0 {
                if next.is_large() || !batch.has_room_for(&next, chain, share) {
                    self.waiting.push_front(next);
                    break;
                }
                if chain.is_none() {
                    self.mark_in_flight(&next.stream, batch.chains.len());
                }
                match batch.take(next, chain) {
                    None => continue,
                    Some(next) => passed_over.push_back(next),
                }
            } else {
                passed_over.push_back(next);
            }
            held_back.extend(passed_over.back().map(|held: &Waiting| held.stream.clone()));
        }
        passed_over.append(&mut self.waiting);
        self.waiting = passed_over;
        large
    }

    /// Marks this stream as in flight, in the current batch if there is one.
    fn mark_in_flight(&mut self, stream: &StreamId, chain: usize) {
        self.under_way.insert(stream.clone(), (self.batches, chain));
    }

    /// Marks streams as no longer in flight. Returns whether the queue is closing, and waits for all to end.
    pub(super) fn leave(&mut self, streams: &[StreamId], course: Course) -> bool {
        for stream in streams {
            self.under_way.remove(stream);
            self.apart.remove(stream);
        }
        self.idle_lanes += course.lanes();
        self.closed
    }

    /// Marks the append to this stream as sent separately.
    pub(super) fn set_apart(&mut self, stream: &StreamId) {
        self.apart.insert(stream.clone());
    }

    pub(super) fn is_apart(&self, stream: &StreamId) -> bool {
        self.apart.contains(stream)
    }

    /// Removes the appends to a stream that have waited at least this long.
    pub(super) fn give_up(&mut self, stream: &StreamId, waited: Duration) -> VecDeque<Waiting> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (gone, left): (VecDeque<_>, VecDeque<_>) =
            waiting.partition(|next| next.stream == *stream && next.since.elapsed() >= waited);
        self.waiting = left;
        self.large -= gone.iter().filter(|gone| gone.is_large()).count();
        gone
    }

    /// The number of appends that wait, and their bytes.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.waiting.len(), self.waiting.iter().map(|waiting| waiting.bytes).sum())
    }

    /// Accepts no more appends. Returns whether all that were accepted have ended.
    pub(super) fn close(&mut self) -> bool {
        self.closed = true;
        self.waiting.is_empty() && self.under_way.is_empty() && self.idle_lanes == self.lanes
    }
}

impl Work {
    /// The runtime of the first caller.
    pub(super) fn runtime(&self) -> Handle {
        match self {
            Self::Batch(chains) => chains[0][0].runtime.clone(),
            Self::Large(waiting) => waiting.runtime.clone(),
        }
    }

    pub(super) fn streams(&self) -> Vec<StreamId> {
        match self {
            Self::Batch(chains) => chains.iter().map(|chain| chain[0].stream.clone()).collect(),
            Self::Large(waiting) => vec![waiting.stream.clone()],
        }
    }

    pub(super) const fn course(&self) -> Course {
        match self {
            Self::Batch(_) => Course::Lane,
            Self::Large(_) => Course::Beside,
        }
    }
}
