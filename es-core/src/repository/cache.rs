//! The cache of states that commands have folded, kept for the next command; and the order in which commands
//! on one aggregate take turns.
//!
//! While others wait, a command ends its turn as soon as its append is submitted: the next one decides on the
//! expected state. So the appends of a busy aggregate are written together (group commit). A decision made
//! too early is guarded like any other on a cached state: the append names the revision and the last event on
//! which it was made.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use quick_cache::sync;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, RwLock};
use uuid::Uuid;

use crate::model::{Aggregate, copy};
use crate::stream::Revision;

/// How long a command waits for those before it. Correctness does not depend on the order, so if it takes
/// longer, for example because a decision waits for a command of its own on the same aggregate, the command
/// proceeds.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// A copy of a state that is this many events old is dropped: other programs have stopped writing, or it
/// costs as much as it saves.
const FARTHEST_BEHIND: u64 = 256;

/// A state, and the event up to which it was folded.
pub(super) struct Folded<A> {
    pub(super) state: A,
    pub(super) revision: Revision,
    pub(super) last_event_id: Option<Uuid>,
    /// The last snapshot, as far as is known.
    pub(super) snapshot: Revision,
}

/// A state that is kept, and to which epoch of states it belongs.
struct CachedState<A> {
    folded: Folded<A>,
    epoch: u64,
}

/// What is known of one aggregate.
struct Known<A> {
    kept: Option<CachedState<A>>,
    contest: Option<Contest<A>>,
}

/// Other programs append to the stream as well.
struct Contest<A> {
    /// A copy of the state as it was last read. After a conflict, only what is new is read.
    confirmed: Option<Folded<A>>,
}

/// The slot of one aggregate. A command being executed holds its state, which is taken out meanwhile, so a
/// command that is dropped halfway, or panics, caches none.
struct Slot<A> {
    known: Arc<Mutex<Known<A>>>,
    /// How many commands wait for their turn.
    waiting: AtomicUsize,
    /// The epoch of states that can be decided on. It ends when an append on which states of it were built is
    /// not written.
    epoch: AtomicU64,
    /// Held by the commands whose appends are pending after their turn.
    ahead: Arc<RwLock<()>>,
}

/// States by the text of the aggregate's id; the least useful make room for new ones.
pub(super) struct Cache<A> {
    slots: Option<sync::Cache<String, Arc<Slot<A>>>>,
}

/// The right to execute a command on one aggregate before all others of this process.
pub(super) struct TurnGuard<A> {
    held: Option<Held<A>>,
}

struct Held<A> {
    slot: Arc<Slot<A>>,
    known: OwnedMutexGuard<Known<A>>,
    epoch: u64,
}

/// For a command that ends its turn before it knows whether its append is written.
pub(super) struct Ahead<A> {
    slot: Arc<Slot<A>>,
    epoch: u64,
    _under_way: OwnedRwLockReadGuard<()>,
}

impl<A> Default for Known<A> {
    fn default() -> Self {
        Self { kept: None, contest: None }
    }
}

impl<A> Contest<A> {
    fn is_far_behind(&self, now: Revision) -> bool {
        let confirmed = self.confirmed.as_ref().map(|confirmed| confirmed.revision.get());
        confirmed.is_some_and(|confirmed| now.get() > confirmed + FARTHEST_BEHIND)
    }
}

impl<A: Aggregate> Folded<A> {
    fn try_clone(&self) -> Option<Self> {
        let Self { revision, last_event_id, snapshot, .. } = *self;
        Some(Self { state: copy(&self.state)?, revision, last_event_id, snapshot })
    }
}

impl<A> Default for Contest<A> {
    fn default() -> Self {
        Self { confirmed: None }
    }
}

impl<A> Default for Slot<A> {
    fn default() -> Self {
        Self {
            known: Arc::default(),
            waiting: AtomicUsize::new(0),
            epoch: AtomicU64::new(0),
            ahead: Arc::default(),
        }
    }
}

impl<A> Cache<A> {
    pub(super) fn new(entries: usize) -> Self {
        Self { slots: (entries > 0).then(|| sync::Cache::new(entries)) }
    }

    pub(super) async fn turn(&self, key: &str) -> TurnGuard<A> {
        let Some(slot) = self.slot(key) else { return TurnGuard::none() };
        let known = match Arc::clone(&slot.known).try_lock_owned() {
            Ok(known) => Some(known),
            Err(_) => {
                let _waiting = Waiting::on(&slot.waiting);
                tokio::time::timeout(TURN_TIMEOUT, Arc::clone(&slot.known).lock_owned()).await.ok()
            }
        };
        TurnGuard { held: known.map(|known| Held { slot, known, epoch: 0 }) }
    }

    /// The turn, if it is free.
    pub(super) fn try_turn(&self, key: &str) -> TurnGuard<A> {
        let Some(slot) = self.slot(key) else { return TurnGuard::none() };
        let known = Arc::clone(&slot.known).try_lock_owned().ok();
        TurnGuard { held: known.map(|known| Held { slot, known, epoch: 0 }) }
    }

    fn slot(&self, key: &str) -> Option<Arc<Slot<A>>> {
        let Ok(slot) = self.slots.as_ref()?.get_or_insert_with::<str, Infallible>(key, || Ok(Arc::default()));
        Some(slot)
    }
}

impl<A> TurnGuard<A> {
    /// For a command that neither waits nor keeps a state.
    pub(super) const fn none() -> Self {
        Self { held: None }
    }

    /// The state that was kept, unless its epoch has ended.
    pub(super) fn take(&mut self) -> Option<Folded<A>> {
        let held = self.held.as_mut()?;
        held.epoch = held.slot.epoch.load(Ordering::Acquire);
        let kept = held.known.kept.take()?;
        if kept.epoch == held.epoch {
            return Some(kept.folded);
        }
        self.contest();
        None
    }

    /// Whether it can keep a state, and has none.
    pub(super) fn is_cold(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.known.kept.is_none())
    }

    pub(super) fn keep(&mut self, folded: Folded<A>) {
        let Some(held) = &mut self.held else { return };
        let Known { kept, contest } = &mut *held.known;
        contest.take_if(|contest| contest.is_far_behind(folded.revision));
        *kept = Some(CachedState { folded, epoch: held.epoch });
    }

    /// An append of another program came before one that was decided here.
    pub(super) fn contest(&mut self) {
        if let Some(held) = &mut self.held {
            held.known.contest.get_or_insert_default();
        }
    }

    /// Keeps a copy of a state that was just read, if other programs append to the stream.
    pub(super) fn confirm(&mut self, copy: impl FnOnce() -> Option<Folded<A>>) {
        if let Some(contest) = self.held.as_mut().and_then(|held| held.known.contest.as_mut()) {
            contest.confirmed = copy();
        }
    }

    /// A copy of the state as it was last read.
    pub(super) fn confirmed(&self) -> Option<Folded<A>>
    where
        A: Aggregate,
    {
        self.held.as_ref()?.known.contest.as_ref()?.confirmed.as_ref()?.try_clone()
    }

    /// Whether no append has failed on which the state of this turn was built.
    pub(super) fn is_sound(&self) -> bool {
        self.held.as_ref().is_none_or(|held| held.slot.epoch.load(Ordering::Acquire) == held.epoch)
    }

    /// What this turn keeps from now on was read from the stream, so it belongs to the present epoch.
    pub(super) fn renew(&mut self) {
        if let Some(held) = &mut self.held {
            held.epoch = held.slot.epoch.load(Ordering::Acquire);
        }
    }

    /// Whether [`keep`](Self::keep) keeps anything.
    pub(super) const fn keeps(&self) -> bool {
        self.held.is_some()
    }

    /// Whether to end the turn before its append is written, if other commands wait for theirs.
    pub(super) fn ahead(&self) -> Option<Ahead<A>> {
        let held = self.held.as_ref().filter(|held| held.slot.waiting.load(Ordering::Relaxed) > 0)?;
        let under_way = Arc::clone(&held.slot.ahead).try_read_owned().ok()?;
        Some(Ahead { slot: Arc::clone(&held.slot), epoch: held.epoch, _under_way: under_way })
    }

    /// Waits for the appends of commands that ended their turns before knowing the outcome.
    pub(super) fn settle(&self) -> impl Future<Output = ()> + Send + use<A> {
        let ahead = self.held.as_ref().map(|held| Arc::clone(&held.slot.ahead));
        async move {
            if let Some(ahead) = ahead {
                let _all = ahead.write().await;
            }
        }
    }
}

impl<A> Ahead<A> {
    /// The append was not written: states that were built on it are invalid.
    pub(super) fn end_epoch(&self) {
        let next = self.epoch + 1;
        // If another append of this epoch has ended it, the states of the next one are sound.
        let _ended = self.slot.epoch.compare_exchange(self.epoch, next, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// Counts a waiting command, also when it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn on(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
