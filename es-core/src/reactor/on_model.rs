//! Effects as a projection that does not touch its model: a target of models also stores their checkpoints.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Effects;
use super::name::StoredName;
use crate::model::ReadEvent;
use crate::projection::{Done, Projection, Work};
use crate::record::{BoxError, DecodeError, RawEvent};
use crate::store::Filter;

/// Effects, as a projection whose checkpoints a target with models of this type stores.
pub struct OnModel<E, M> {
    effects: Arc<E>,
    model: PhantomData<fn() -> M>,
}

impl<E, M> OnModel<E, M> {
    pub(super) fn new(effects: E) -> Self {
        Self { effects: Arc::new(effects), model: PhantomData }
    }

    pub(super) fn effects(&self) -> Arc<E> {
        Arc::clone(&self.effects)
    }
}

impl<E: Effects, M: Send + 'static> Projection for OnModel<E, M> {
    /// Prevents a reactor from running on the checkpoint of a projection of the same name, which would skip
    /// events.
    const NAME: &'static str = StoredName::<E>::NAME;
    const WORK: Work = Work::Effects;
    type Model = M;
    type Error = BoxError;
    type Event = E::Event;

    fn filter() -> Filter {
        E::filter()
    }

    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError> {
        E::decode(raw)
    }

    fn events() -> &'static [ReadEvent] {
        E::events()
    }

    async fn project_all(&self, events: &[Self::Event], _: &mut M) -> Result<(), BoxError> {
        self.effects.run(events).await.result()
    }

    async fn run_effects(&self, events: &[Self::Event]) -> Done {
        self.effects.run(events).await
    }

    async fn set_up(&self, _: &mut M) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Effects, M> fmt::Debug for OnModel<E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnModel").field("name", &E::NAME).finish_non_exhaustive()
    }
}
