//! The states that commands have folded, kept for the next command; and the order in which commands on one aggregate take
//! their turns.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync;
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use crate::Revision;

/// How long a command waits for those before it. Nothing rests on the order, so when it takes longer, as when a decision
/// waits for a command of its own on the same aggregate, the command goes ahead.
const PATIENCE: Duration = Duration::from_secs(5);

/// A state, and the event up to which it was folded.
pub(super) struct Folded<A> {
    pub(super) state: A,
    pub(super) revision: Revision,
    pub(super) head: Option<Uuid>,
    /// The snapshot that was taken last, as far as is known.
    pub(super) snapshot: Revision,
}

/// The place of one aggregate. Whoever carries out a command holds it; its state is taken out meanwhile, so a command that
/// is dropped half-way, or panics, leaves none behind.
type Place<A> = Arc<Mutex<Option<Folded<A>>>>;

/// States by the text of the aggregate's id, the least useful of which make room for new ones.
pub(super) struct Cache<A> {
    places: Option<sync::Cache<String, Place<A>>>,
}

/// The right to carry out a command on one aggregate before all others of this process.
pub(super) struct Turn<A> {
    place: Option<OwnedMutexGuard<Option<Folded<A>>>>,
}

impl<A> Cache<A> {
    pub(super) fn new(entries: usize) -> Self {
        Self { places: (entries > 0).then(|| sync::Cache::new(entries)) }
    }

    pub(super) async fn turn(&self, key: &str) -> Turn<A> {
        let Some(places) = &self.places else { return Turn::none() };
        let found = places.get_or_insert_with::<str, Infallible>(key, || Ok(Place::default()));
        let Ok(place) = found;
        let guard = match Arc::clone(&place).try_lock_owned() {
            Ok(guard) => Some(guard),
            Err(_) => tokio::time::timeout(PATIENCE, place.lock_owned()).await.ok(),
        };
        Turn { place: guard }
    }
}

impl<A> Turn<A> {
    /// For a command that neither waits nor keeps a state.
    pub(super) const fn none() -> Self {
        Self { place: None }
    }

    pub(super) fn take(&mut self) -> Option<Folded<A>> {
        self.place.as_mut()?.take()
    }

    pub(super) fn keep(&mut self, folded: Folded<A>) {
        if let Some(place) = &mut self.place {
            **place = Some(folded);
        }
    }

    /// Whether [`keep`](Self::keep) keeps anything.
    pub(super) const fn keeps(&self) -> bool {
        self.place.is_some()
    }
}
