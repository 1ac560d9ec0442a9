//! The account with snapshots.

use driver::{Account, OWNER, amounts, note};
use es_entity::*;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::account::events;

es_entity::entity_id! { SnapId }

pub(crate) fn id(text: &str) -> Result<SnapId, uuid::Error> {
    Ok(SnapId::from(text.parse::<uuid::Uuid>()?))
}

events!(SnapEvent, SnapId, "SnapId", NewSnap);

#[derive(EsSnapshot, Debug, Clone, Serialize, Deserialize)]
#[es_snapshot(version = 1)]
pub struct SnapState {
    pub state: Account,
}

#[derive(EsEntity)]
pub struct Snap {
    pub id: SnapId,
    pub state: Account,
    pub(crate) events: EntityEvents<SnapEvent, SnapState>,
}

impl TryFromEvents<SnapEvent, SnapState> for Snap {
    fn try_from_events(events: EntityEvents<SnapEvent, SnapState>) -> Result<Self, EntityHydrationError> {
        let mut state = Account::default();
        for step in events.replay() {
            match step {
                Replay::Snapshot(snapshot) => state = snapshot.state.clone(),
                Replay::Event(event) => event.fold(&mut state),
            }
        }
        Ok(Self { id: *events.id(), state, events })
    }
}

impl HeadSnapshot for Snap {
    /// Of each full hundred; the fifty events at the end of W5 come after the last one.
    fn capture(&self) -> Option<SnapState> {
        (self.events.len_new() >= 100).then(|| SnapState { state: self.state.clone() })
    }
}

#[derive(EsRepo)]
#[es_repo(entity = "Snap", snapshot)]
pub struct Snaps {
    pub(crate) pool: PgPool,
}
