//! Three versions of one event. Rows that the first two programs wrote are read by the third, and stay as
//! they are. Run it with `cargo run -p upcasting`.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::convert::Infallible;
use std::sync::Arc;

use es_core::record::{NewEvent, RawEvent};
use es_core::store::{Append, AppendOutcome, StreamRange};
use es_core::{
    Aggregate, Apply, EventStore, Events, Handle, MemoryStore, Metadata, Recorded, Repository, Revision,
    StoreError, StreamId, UpcastContext, UpcastFrom, emit, event,
};

/// What the first program wrote: whole euros.
#[event(name = "invoice.issued", version = 1)]
pub struct IssuedV1 {
    pub amount: i64,
}

/// The second: cents, as invoices turned out to have some.
#[event(name = "invoice.issued", version = 2, previous = IssuedV1)]
pub struct IssuedV2 {
    pub cents: i64,
}

/// The one of today: with a currency. Only this version is written, and only this one is known to the
/// aggregate.
#[event(name = "invoice.issued", version = 3, previous = IssuedV2)]
#[derive(Debug)]
pub struct Issued {
    pub cents: i64,
    pub currency: String,
}

impl UpcastFrom<IssuedV1> for IssuedV2 {
    type Error = TooLarge;
    fn upcast_from(old: IssuedV1, _: &UpcastContext<'_>) -> Result<Self, TooLarge> {
        // A step may fail. The reader then learns which event, where, and between which versions.
        old.amount.checked_mul(100).map(|cents| Self { cents }).ok_or(TooLarge)
    }
}

impl UpcastFrom<IssuedV2> for Issued {
    type Error = Infallible;
    fn upcast_from(old: IssuedV2, context: &UpcastContext<'_>) -> Result<Self, Infallible> {
        // A step may look at where and when the event was stored: the British branch always billed in pounds.
        let currency = if context.stream().key().starts_with("UK-") { "GBP" } else { "EUR" };
        Ok(Self { cents: old.cents, currency: currency.into() })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the amount has no room for cents")]
pub struct TooLarge;

#[derive(Aggregate, Debug, Default)]
#[aggregate(name = "invoice", id = String, events(Issued), event_enum(InvoiceEvent, derive(Debug)))]
pub struct Invoice {
    pub total: Vec<(i64, String)>,
}

impl Apply<Issued> for Invoice {
    fn apply(&mut self, event: Issued) {
        self.total.push((event.cents, event.currency));
    }
}

pub struct Issue {
    pub cents: i64,
    pub currency: &'static str,
}

impl Handle<Issue> for Invoice {
    type Error = Infallible;
    fn handle(&self, command: &Issue) -> Result<Events<Self>, Infallible> {
        emit(Issued { cents: command.cents, currency: command.currency.into() })
    }
}

/// Writes rows as the earlier programs did.
async fn earlier_programs(store: &MemoryStore, stream: &StreamId) -> Result<(), StoreError> {
    let rows = [(1, r#"{"amount":250}"#), (2, r#"{"cents":1999}"#)];
    let events = rows.map(|(version, json)| {
        NewEvent::new("invoice.issued", version, json.into(), Arc::new(Metadata::new()))
    });
    let outcome = store.append(Append::new(stream, Revision::EMPTY, &events)).await?;
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "the stream is new");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let id = String::from("UK-2026-1");
    let invoices = Repository::<Invoice, _>::new(store.clone());
    let stream = invoices.stream_id(&id)?;
    earlier_programs(&store, &stream).await?;
    invoices.execute(&id, Issue { cents: 5_000, currency: "GBP" }).await?;

    println!("as stored:");
    let mut print_raw = |raw: RawEvent<'_>| {
        println!(
            "  {}  {} v{}  {}",
            raw.revision,
            raw.name,
            raw.version,
            String::from_utf8_lossy(raw.payload)
        );
        Ok(())
    };
    store.read_stream(&stream, StreamRange::ALL, &mut print_raw).await?;

    println!("as read:");
    let print = |recorded: Recorded<InvoiceEvent>| {
        let Recorded { revision, name, stored_version, version, event, .. } = recorded;
        println!("  {revision}  {name} v{stored_version} -> v{version}  {event:?}");
        Ok(())
    };
    invoices.history(&id, StreamRange::ALL, print).await?;
    println!("state: {:?}", invoices.load(&id).await?.state);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use es_core::testing::read;
    use serde_json::json;

    // Compares all three versions with `events.lock`, and reads the payloads in `events/`.
    es_core::lock_test!(Invoice);

    #[test]
    fn old_rows_say_what_they_said() {
        let issued: Issued = read(1, &json!({ "amount": 250 })).expect("an invoice");
        assert_eq!((issued.cents, issued.currency.as_str()), (25_000, "EUR"));
        let issued: Issued = read(2, &json!({ "cents": 1999 })).expect("an invoice");
        assert_eq!((issued.cents, issued.currency.as_str()), (1_999, "EUR"));
    }

    #[test]
    fn a_step_that_fails_says_where() {
        let error = read::<Issued>(1, &json!({ "amount": i64::MAX })).expect_err("no room");
        assert!(
            error
                .to_string()
                .ends_with("from version 1 to version 2 failed: the amount has no room for cents")
        );
    }
}
