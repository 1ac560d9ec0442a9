//! Loading the states of many aggregates in one call of the store, before their commands come.

use super::Repository;
use super::cache::{Folded, TurnGuard};
use super::fold::Fold;
use crate::model::Aggregate;
use crate::store::{EventStore, LoadItem};
use crate::stream::StreamId;

impl<A: Aggregate, S: EventStore + 'static> Repository<A, S> {
    /// Loads states that are not cached into the cache. Nothing depends on it: a command decides on a cached
    /// state as on one of an earlier command, and what could not be loaded here is loaded by its command,
    /// which reports the error.
    pub(crate) async fn warm(&self, keys: &[&str]) {
        let (streams, mut turns): (Vec<_>, Vec<_>) = keys.iter().filter_map(|key| self.cold(key)).unzip();
        // One alone is loaded by its command, together with what the ledger says of that.
        if streams.len() < 2 || self.know_earlier_names().await.is_err() {
            return;
        }
        for (turn, folded) in turns.iter_mut().zip(self.fold_many(&streams).await) {
            if let Some(folded) = folded {
                turn.keep(folded);
            }
        }
    }

    /// The stream of an aggregate without a cached state, and the right to cache one.
    fn cold(&self, key: &str) -> Option<(StreamId, TurnGuard<A>)> {
        let mut turn = self.cache.try_turn(key);
        if !turn.is_cold() {
            return None;
        }
        turn.renew();
        StreamId::new(A::NAME, key).ok().map(|stream| (stream, turn))
    }

    async fn fold_many(&self, streams: &[StreamId]) -> Vec<Option<Folded<A>>> {
        let mut folds: Vec<_> = streams.iter().map(Fold::<A>::new).collect();
        let snapshot = A::snapshots().map(|snapshots| snapshots.fingerprint);
        let mut take = |number: usize, item: LoadItem<'_>| match folds.get_mut(number) {
            Some(fold) => Fold::take(fold, item),
            None => Ok(()),
        };
        let heads = match self.store.load_many(streams, snapshot, &mut take).await {
            Ok(heads) => heads,
            Err(error) => {
                tracing::debug!(category = A::NAME, %error, "states are loaded one by one");
                return Vec::new();
            }
        };
        let folds = folds.into_iter().zip(heads);
        folds.map(|(fold, head)| fold.loaded(&head.ok()?)).collect()
    }
}
