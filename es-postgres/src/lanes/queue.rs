//! Who waits, and who may go.

use std::collections::{HashMap, HashSet, VecDeque};

use es_core::{StoreError, StreamId};
use tokio::runtime::Handle;

use super::waiting::Waiting;

/// How much goes together at most.
const APPENDS: usize = 128;
const EVENTS: usize = 2_000;
const BYTES: usize = 2 << 20;

pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// The streams of the appends that are under way.
    under_way: HashSet<StreamId>,
    /// How many of those that wait are large.
    large: usize,
    idle_lanes: usize,
    lanes: usize,
    closed: bool,
}

/// Appends to one stream, each of which goes on where the one before ends.
pub(super) type Chain = Vec<Waiting>;

/// What goes together: through a lane, or one large append beside the lanes.
pub(super) enum Work {
    Batch(Vec<Chain>),
    Large(Waiting),
}

/// A batch in the making.
#[derive(Default)]
struct Batch {
    chains: Vec<Chain>,
    /// At which place the chain of a stream stands.
    places: HashMap<StreamId, usize>,
    appends: usize,
    events: usize,
    bytes: usize,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// Whether another append fits, with at most `share` streams.
    fn has_room_for(&self, next: &Waiting, share: usize) -> bool {
        self.appends < APPENDS
            && (self.chains.len() < share || self.places.contains_key(&next.stream))
            && self.events + next.events.len() <= EVENTS
            && self.bytes + next.bytes <= BYTES
    }

    /// Takes an append, unless it does not go on where the one before it on its stream ends.
    fn take(&mut self, next: Waiting) -> Option<Waiting> {
        let place = self.places.get(&next.stream).copied();
        let chain = match place {
            Some(place) => &mut self.chains[place],
            None => {
                self.places.insert(next.stream.clone(), self.chains.len());
                self.chains.push(Chain::new());
                let last = self.chains.len() - 1;
                &mut self.chains[last]
            }
        };
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
            under_way: HashSet::new(),
            large: 0,
            idle_lanes: lanes,
            lanes,
            closed: false,
        }
    }

    /// Lets an append pass that need not wait; `false` if it has to. With an idle lane, all that waits does so for streams that
    /// are under way.
    pub(super) fn enter(&mut self, stream: &StreamId, large: bool) -> Result<bool, StoreError> {
        if self.closed {
            return Err(StoreError::Closed);
        }
        let first = !self.under_way.contains(stream)
            && if large {
                self.waiting.iter().all(|other| other.stream != *stream)
            } else {
                self.idle_lanes > 0
            };
        if first {
            self.idle_lanes -= usize::from(!large);
            self.under_way.insert(stream.clone());
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

    /// Takes out what goes next, in the order of arrival: a lane's share of all there is to do. An append waits while its stream is under way, and so do those of its
    /// stream behind it.
    pub(super) fn next(&mut self) -> Option<Work> {
        if self.idle_lanes == 0 && self.large == 0 {
            return None;
        }
        // Without it a lane that came back to many would keep them together, and the other one go with few for ever.
        let share = (self.waiting.len() + self.under_way.len()).div_ceil(self.lanes);
        let mut batch = Batch::default();
        let mut large = None;
        let mut passed_over = VecDeque::new();
        let mut held_back: HashSet<StreamId> = HashSet::new();
        while let Some(next) = self.waiting.pop_front() {
            let held = self.under_way.contains(&next.stream) || held_back.contains(&next.stream);
            if !held && next.is_large() && batch.is_empty() {
                large = Some(next);
                break;
            }
            if !held && self.idle_lanes > 0 {
                if next.is_large() || !batch.has_room_for(&next, share) {
                    self.waiting.push_front(next);
                    break;
                }
                match batch.take(next) {
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
        if let Some(large) = large {
            self.large -= 1;
            self.under_way.insert(large.stream.clone());
            return Some(Work::Large(large));
        }
        if batch.is_empty() {
            return None;
        }
        self.idle_lanes -= 1;
        self.under_way.extend(batch.places.into_keys());
        Some(Work::Batch(batch.chains))
    }

    /// Takes note of what has come to its end.
    pub(super) fn leave(&mut self, streams: &[StreamId], lane: bool) {
        for stream in streams {
            self.under_way.remove(stream);
        }
        self.idle_lanes += usize::from(lane);
    }

    /// Lets nothing in any more; whether all that was let in has come to its end.
    pub(super) fn close(&mut self) -> bool {
        self.closed = true;
        self.waiting.is_empty() && self.under_way.is_empty() && self.idle_lanes == self.lanes
    }
}

impl Work {
    /// That of the first caller.
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

    pub(super) const fn needs_lane(&self) -> bool {
        matches!(self, Self::Batch(_))
    }
}
