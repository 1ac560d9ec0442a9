//! The account without snapshots.

use driver::{Account, OWNER, amounts, note};
use es_entity::*;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

es_entity::entity_id! { AccId }

pub(crate) fn id(text: &str) -> Result<AccId, uuid::Error> {
    Ok(AccId::from(text.parse::<uuid::Uuid>()?))
}

/// The events of an account, which need the id's type by name.
macro_rules! events {
    ($event:ident, $id:ident, $id_name:literal, $new:ident) => {
        #[derive(EsEvent, Debug, Clone, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        #[es_event(id = $id_name)]
        pub enum $event {
            Opened { id: $id, owner: String },
            Deposited { amount: i64, note: String },
            Withdrawn { amount: i64 },
        }

        impl $event {
            pub(crate) fn fold(&self, account: &mut Account) {
                account.events += 1;
                match self {
                    Self::Opened { .. } => account.open = true,
                    Self::Deposited { amount, .. } => account.balance = account.balance.wrapping_add(*amount),
                    Self::Withdrawn { amount } => account.balance = account.balance.wrapping_sub(*amount),
                }
            }

            pub(crate) fn deposits(first: i64, n: usize) -> impl Iterator<Item = Self> {
                amounts(first, n).map(|amount| Self::Deposited { amount, note: note(amount) })
            }
        }

        /// A new account's first events: `Opened`, or so many deposits, so that all libraries' streams have
        /// the same number.
        pub struct $new(pub Option<(i64, usize)>);

        impl IntoEvents<$event> for $new {
            type IdSource = FromRepo;

            fn into_events(self, builder: EntityEventsBuilder<$event, FromRepo>) -> EntityEvents<$event> {
                let id = builder.id();
                match self.0 {
                    None => builder.initial_events([$event::Opened { id, owner: OWNER.into() }]),
                    Some((first, n)) => builder.initial_events($event::deposits(first, n)),
                }
            }
        }
    };
}
pub(crate) use events;

events!(AccEvent, AccId, "AccId", NewAcc);

#[derive(EsEntity)]
pub struct Acc {
    pub id: AccId,
    pub state: Account,
    pub(crate) events: EntityEvents<AccEvent>,
}

impl TryFromEvents<AccEvent> for Acc {
    fn try_from_events(events: EntityEvents<AccEvent>) -> Result<Self, EntityHydrationError> {
        let mut state = Account::default();
        for event in events.iter_all() {
            event.fold(&mut state);
        }
        Ok(Self { id: *events.id(), state, events })
    }
}

#[derive(EsRepo)]
#[es_repo(entity = "Acc")]
pub struct Accs {
    pub(crate) pool: PgPool,
}
