//! The service that publishes: its private events and the public ones.

use es_core::messaging::{Publish, Publisher};
use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::uuid::Uuid;
use es_core::{EventStore, MemoryStore, Metadata, Recorded, Revision, StreamId, event};

#[event(name = "loan.approved")]
pub struct Approved {
    pub cents: u64,
}

#[event(name = "loan.noted")]
pub struct Noted {}

#[event(name = "loan-approved", version = 2)]
#[derive(Debug, PartialEq)]
pub struct LoanApproved {
    pub euros: u64,
    #[event(added(in = 2, default = "EUR".to_owned()))]
    pub currency: String,
}

/// Approvals of 13 cents make its mapping panic.
#[derive(Publisher)]
#[publisher(name = "loan-feed", events(Approved, Noted))]
pub struct LoanFeed;

impl Publish<Approved> for LoanFeed {
    type Public = LoanApproved;

    fn publish(&self, event: &Recorded<Approved>) -> Option<LoanApproved> {
        assert_ne!(event.event.cents, 13, "the mapping panics");
        Some(LoanApproved { euros: event.event.cents / 100, currency: String::from("EUR") })
    }
}

impl Publish<Noted> for LoanFeed {
    type Public = LoanApproved;

    fn publish(&self, _: &Recorded<Noted>) -> Option<LoanApproved> {
        None
    }
}

pub fn loan(key: &str) -> StreamId {
    StreamId::new("loan", key).expect("a stream id")
}

pub async fn append(
    store: &MemoryStore,
    key: &str,
    revision: u64,
    name: &'static str,
    payload: &str,
) -> Uuid {
    let metadata = Metadata::new()
        .correlation_id(Uuid::from_u128(7))
        .causation_id(Uuid::from_u128(8))
        .entry("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let events = [NewEvent::new(name, 1, payload.as_bytes().to_vec(), metadata.into())];
    let stream = loan(key);
    let outcome = store.append(Append::new(&stream, Revision::new(revision - 1), &events)).await;
    assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))), "{outcome:?}");
    events[0].id
}

/// Appends an approval, whose cents are derived from its revision.
pub async fn approve(store: &MemoryStore, key: &str, revision: u64) -> Uuid {
    append(store, key, revision, "loan.approved", &format!("{{\"cents\":{}}}", revision * 100)).await
}
