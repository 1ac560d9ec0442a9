//! Three versions of one event. Rows that the first two programs wrote are read by the third, and stay as
//! they are. Run it with `cargo run -p upcasting`.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::convert::Infallible;

use es_core::serde_json::json;
use es_core::testing::{given, read};
use es_core::{Aggregate, Apply, Events, Handle, UpcastContext, UpcastFrom, emit, event};

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

/// The current one: with a currency. Only this version is written, and only this one is known to the
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
#[aggregate(name = "invoice", id = String, events(Issued))]
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What the first two programs stored.
    let first = json!({ "amount": 250 });
    let second = json!({ "cents": 1_999 });
    for (version, stored) in [(1, &first), (2, &second)] {
        println!("version {version}: {stored} is read as {:?}", read::<Issued>(version, stored)?);
    }

    // A command sees all three versions as one, and writes the newest.
    let history = given::<Invoice>(())
        .and_stored("invoice.issued", 1, &first)
        .and_stored("invoice.issued", 2, &second)
        .when(Issue { cents: 5_000, currency: "GBP" })
        .then_events(Issued { cents: 5_000, currency: "GBP".into() });
    println!("state: {:?}", history.into_state().total);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
