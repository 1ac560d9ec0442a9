//! What programs read that know only the previous version: with `write_as`, what is written for them is
//! locked.

use es_core::lock::Mode;
use serde_json::{Value, json};

use crate::folder::Folder;

macro_rules! orders {
    ($($module:ident: $($write_as:ident = $number:literal)?, |$new:ident| $step:expr;)*) => {$(
        mod $module {
            use crate::prelude::*;

            #[event(name = "order.paid")]
            pub struct PaidV1 { euros: u8 }
            #[event(name = "order.paid", version = 2, previous = PaidV1 $(, $write_as = $number)?)]
            pub struct Paid { cents: i64 }
            crate::step!(PaidV1 => Paid, |old| { cents: i64::from(old.euros) * 100 });
            impl es_core::model::DowncastTo<PaidV1> for Paid {
                type Error = std::fmt::Error;
                fn downcast_to(&self) -> Result<PaidV1, Self::Error> {
                    let $new = self;
                    $step
                }
            }
            crate::order!(Paid);
        }
    )*};
}
orders! {
    whole: write_as = 1, |new| Ok(PaidV1 { euros: u8::try_from(new.cents).unwrap_or(u8::MAX) });
    doubled: write_as = 1, |new| Ok(PaidV1 { euros: u8::try_from(2 * new.cents).unwrap_or(u8::MAX) });
    refused: write_as = 1, |_new| Err(std::fmt::Error);
    new_only: , |_new| Err(std::fmt::Error);
    unsteady: write_as = 1, |_new| Ok(PaidV1 { euros: crate::old_readers::count() });
}

fn count() -> u8 {
    use std::sync::atomic::{AtomicU8, Ordering};
    static COUNT: AtomicU8 = AtomicU8::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

const NEWEST: &str = "events/order.paid/v2.json";

fn payload(folder: &Folder) -> Value {
    let payloads: Value = serde_json::from_str(&folder.read(NEWEST)).expect("JSON");
    payloads[0].clone()
}

#[test]
fn what_is_written_for_old_readers_is_stored_with_the_meaning() {
    let folder = Folder::with::<whole::Order>("what_is_written_for_old_readers");
    assert_eq!(
        payload(&folder),
        json!({
            "stored": { "cents": 1 }, "today": { "cents": 1 }, "version": 2,
            "written": { "version": 1, "payload": { "euros": 1 } },
        })
    );
    assert!(!folder.read("events/order.paid/v1.json").contains("written"));
}

#[test]
fn a_changed_downcast_is_reported() {
    let folder = Folder::with::<whole::Order>("a_step_down_that_changes");
    let text = "payload 1 of events/order.paid/v2.json is written differently now for programs that know only the version before: \
                `euros` was 1 and is 2
  stored: {\"cents\":1}
It comes from `DowncastTo<PaidV1> for Paid`, or from the code that writes the version before.
Events that are stored already were written as it was. Put that back.
If events are to be written like this from now on, `ES_LOCK=update cargo test` writes it into events/order.paid/v2.json.";
    assert_eq!(folder.findings::<doubled::Order>(Mode::Check), [text]);
    assert_eq!(folder.accepted::<doubled::Order>(), [text]);
    assert_eq!(payload(&folder)["written"], json!({ "version": 1, "payload": { "euros": 2 } }));
    folder.run::<doubled::Order>(Mode::Check).expect("what was accepted");
}

#[test]
fn an_event_that_the_previous_version_cannot_express_may_be_published() {
    let folder = Folder::with::<refused::Order>("an_event_that_the_version_before_cannot_say");
    assert_eq!(payload(&folder)["written"], Value::Null);
    assert!(payload(&folder).as_object().is_some_and(|golden| golden.contains_key("written")));
    let found = folder.findings::<whole::Order>(Mode::Check);
    assert!(found[0].contains("it was refused and is written"), "{found:#?}");
    let folder = Folder::with::<whole::Order>("an_event_that_the_version_before_could_say");
    let found = folder.findings::<refused::Order>(Mode::Check);
    assert!(found[0].contains("it was written and is refused"), "{found:#?}");
}

#[test]
fn writing_the_new_version_changes_no_meaning() {
    let folder = Folder::with::<whole::Order>("writing_the_new_version");
    assert!(folder.accepted::<new_only::Order>().is_empty());
    assert!(!folder.read(NEWEST).contains("written"));
    folder.run::<new_only::Order>(Mode::Check).expect("what was written");
    assert!(folder.accepted::<whole::Order>().is_empty());
    assert!(folder.read(NEWEST).contains("written"));
}

#[test]
fn a_downcast_that_is_not_deterministic_is_rejected() {
    let folder = Folder::new("a_step_down_that_comes_out_differently");
    let found = folder.findings::<unsteady::Order>(Mode::Update);
    assert!(found[0].contains("differently each time: `euros` was "), "{found:#?}");
    assert!(folder.files().is_empty());
}
