//! Renames: an event with a former name is the same event.

use es_core::lock::Mode;

use crate::folder::Folder;

mod first {
    use crate::prelude::*;

    #[event(name = "order.shipped")]
    pub struct Shipped {
        parcel: u32,
    }
    crate::order!(Shipped);
}

mod renamed {
    use crate::prelude::*;

    #[event(name = "order.sent", was("order.shipped"))]
    pub struct Sent {
        parcel: u32,
    }
    crate::order!(Sent);
}

mod renamed_and_changed {
    use crate::prelude::*;

    #[event(name = "order.sent", was("order.shipped"))]
    pub struct Sent {
        parcel: u64,
    }
    crate::order!(Sent);
}

mod renamed_with_a_version {
    use crate::prelude::*;

    #[event(name = "order.sent", version = 2, was("order.shipped"), previous = ShippedV1)]
    pub struct Sent {
        parcels: Vec<u32>,
    }

    #[event(name = "order.shipped")]
    pub struct ShippedV1 {
        parcel: u32,
    }
    crate::step!(ShippedV1 => Sent, |old| { parcels: vec![old.parcel] });
    crate::order!(Sent);
}

mod back_again {
    use crate::prelude::*;

    #[event(name = "order.shipped", was("order.sent"))]
    pub struct Shipped {
        parcel: u32,
    }
    crate::order!(Shipped);
}

mod about_to_be_renamed {
    use crate::prelude::*;

    #[event(name = "order.shipped", was("order.sent"))]
    pub struct Shipped {
        parcel: u32,
    }
    crate::order!(Shipped);
}

mod written_as_before {
    use crate::prelude::*;

    #[event(name = "order.shipped", version = 2, previous = ShippedV1, write_as = 1)]
    pub struct Shipped {
        parcel: u32,
        express: bool,
    }

    #[event(name = "order.shipped")]
    pub struct ShippedV1 {
        parcel: u32,
    }
    crate::step!(ShippedV1 => Shipped, |old| { parcel: old.parcel, express: false });

    impl es_core::model::DowncastTo<ShippedV1> for Shipped {
        type Error = std::convert::Infallible;
        fn downcast_to(&self) -> Result<ShippedV1, Self::Error> {
            Ok(ShippedV1 { parcel: self.parcel })
        }
    }
    crate::order!(Shipped);
}

mod name_given_up {
    use crate::prelude::*;

    #[event(name = "order.sent")]
    pub struct Sent {
        parcel: u32,
    }
    crate::order!(Sent);
}

mod name_given_to_another {
    use crate::prelude::*;

    #[event(name = "order.sent")]
    pub struct Sent {
        parcel: u32,
    }

    #[event(name = "order.shipped")]
    pub struct Shipped {
        parcel: u32,
    }
    crate::order!(Sent, Shipped);
}

mod retired {
    use crate::prelude::*;

    #[event(name = "order.shipped")]
    pub struct Shipped {
        parcel: u32,
    }

    #[event(name = "order.sent")]
    pub struct Sent {
        parcels: Vec<u32>,
    }

    #[derive(Aggregate, Default)]
    #[aggregate(name = "order", id = String, events(Sent), retired(Shipped))]
    pub struct Order;

    impl Apply<Sent> for Order {
        fn apply(&mut self, _: Sent) {}
    }

    impl es_core::model::Retired<Shipped> for Order {
        type Error = std::convert::Infallible;
        fn retired(old: Shipped, _: &UpcastContext<'_>) -> Result<es_core::Events<Self>, Self::Error> {
            es_core::emit(Sent { parcels: vec![old.parcel] })
        }
    }
}

const OLD: &str = "events/order.shipped/v1.json";
const NEW: &str = "events/order.sent/v1.json";

#[test]
fn a_rename_adds_the_new_name_and_keeps_the_old_one() {
    let folder = Folder::with::<first::Order>("a_rename_adds");
    let old = folder.read(OLD);
    assert_eq!(
        folder.findings::<renamed::Order>(Mode::Check),
        [
            "things are not there yet: `order.sent` version 1, `order.shipped` as an earlier name of `order.sent`\nRun \
             `ES_LOCK=update cargo test`, look at what it wrote, and commit events.lock and the folder `events`."
        ]
    );
    folder.run::<renamed::Order>(Mode::Update).expect("a rename");
    folder.run::<renamed::Order>(Mode::Check).expect("what was published is what is there");
    assert_eq!(
        folder.shapes(),
        "format = 2

event order.sent 1
  payload: struct
    parcel: u32

event order.shipped 1
  payload: struct
    parcel: u32

name order.shipped
  is now order.sent
"
    );
    assert_eq!(folder.read(OLD), old);
    assert_eq!(folder.read(NEW), old);
}

#[test]
fn payloads_of_the_old_name_are_read_by_the_event_of_the_new_one() {
    let folder = Folder::with::<first::Order>("payloads_of_the_old_name");
    folder.run::<renamed::Order>(Mode::Update).expect("a rename");
    folder.write(OLD, "[{\"stored\": {\"parcel\": \"x\"}}]");
    let found = folder.findings::<renamed::Order>(Mode::Check);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("payload 1 of events/order.shipped/v1.json can no longer be read:"),
        "{}",
        found[0]
    );
    folder.remove(OLD);
    let found = folder.findings::<renamed::Order>(Mode::Check);
    assert!(
        found[0].starts_with(
            "`order.shipped` version 1 is published, and events/order.shipped/v1.json is missing"
        )
    );
}

#[test]
fn a_rename_cannot_change_a_shape() {
    let folder = Folder::with::<first::Order>("a_rename_is_no_way");
    let found = folder.findings::<renamed_and_changed::Order>(Mode::Update);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with(
            "`order.shipped` version 1 (`Sent`) is published, and its shape changed:\n  - field `parcel` was `u32` and is \
             `u64` now\n"
        ),
        "{}",
        found[0]
    );
    assert!(
        found[0].contains(
            "#[event(name = \"order.sent\", was(\"order.shipped\"), version = 2, previous = SentV1)]\npub struct Sent"
        ),
        "{}",
        found[0]
    );
}

#[test]
fn an_event_may_be_renamed_with_a_new_version_and_back() {
    let folder = Folder::with::<first::Order>("renamed_with_a_new_version");
    folder.run::<renamed_with_a_version::Order>(Mode::Update).expect("a rename");
    folder.run::<renamed_with_a_version::Order>(Mode::Check).expect("what was published is what is there");

    let folder = Folder::with::<first::Order>("renamed_and_back");
    folder.run::<renamed::Order>(Mode::Update).expect("a rename");
    folder.run::<back_again::Order>(Mode::Update).expect("a rename");
    folder.run::<back_again::Order>(Mode::Check).expect("what was published is what is there");
}

#[test]
fn a_new_name_may_be_read_before_it_is_written() {
    let folder = Folder::with::<first::Order>("read_before_it_is_written");
    folder.run::<about_to_be_renamed::Order>(Mode::Update).expect("one more name");
    folder.run::<about_to_be_renamed::Order>(Mode::Check).expect("what was published is what is there");
    folder.run::<renamed::Order>(Mode::Update).expect("a rename");
    folder.run::<renamed::Order>(Mode::Check).expect("what was published is what is there");
}

#[test]
fn a_version_that_is_not_written_yet_is_published_with_its_own_payloads() {
    let folder = Folder::with::<first::Order>("a_version_that_is_not_written_yet");
    folder.run::<written_as_before::Order>(Mode::Update).expect("a new version");
    folder.run::<written_as_before::Order>(Mode::Check).expect("what was published is what is there");
    assert_eq!(folder.stored("events/order.shipped/v2.json")[0]["express"], true);
    let payloads: serde_json::Value = serde_json::from_str(&folder.read(OLD)).expect("JSON");
    assert_eq!(
        payloads[0],
        serde_json::json!({ "stored": { "parcel": 1 }, "today": { "parcel": 1, "express": false }, "version": 2 }),
    );
}

#[test]
fn a_former_name_must_stay_listed() {
    let folder = Folder::with::<first::Order>("a_name_that_was_given_up");
    folder.run::<renamed::Order>(Mode::Update).expect("a rename");
    let found = folder.findings::<name_given_up::Order>(Mode::Update);
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .starts_with("`order.shipped` version 1 is published, and no aggregate here reads it any more.")
    );

    // A name that was taken over, and never published here.
    let folder = Folder::with::<renamed::Order>("a_name_that_was_taken_over");
    assert_eq!(
        folder.findings::<name_given_up::Order>(Mode::Update),
        ["`order.shipped` is the former name of the event `order.sent`, and nothing here reads it any more
Events may be stored under that name: write `was(\"order.shipped\")` on the event again."]
    );
}

#[test]
fn a_former_name_is_never_given_to_another_event() {
    let folder = Folder::with::<first::Order>("a_name_given_to_another");
    folder.run::<renamed::Order>(Mode::Update).expect("a rename");
    assert_eq!(
        folder.findings::<name_given_to_another::Order>(Mode::Update),
        ["`order.shipped` is the former name of the event `order.sent`, and is now the name of `order.shipped`
Events of both would be stored under one name. Give `order.shipped` an unused name, and write \
         `was(\"order.shipped\")` on `order.sent` again."]
    );
}

#[test]
fn an_aggregate_cannot_use_the_former_name_of_an_event_of_another() {
    let folder = Folder::new("of_two_aggregates");
    let lock = es_core::lock::Lock::new(folder.path()).with::<renamed::Order>().with::<first::Order>();
    let error = lock.run(Mode::Update).expect_err("one name of two events");
    assert_eq!(
        error.findings()[0].text,
        "`order.shipped` is the name of an event, and what `order.sent` was called before
An event stored under that name is only one of them. Give the first a name that no event ever had, or remove it from the \
         `was(…)` of `order.sent`."
    );
}

#[test]
fn a_retired_event_stays_published_and_its_payloads_are_read() {
    let folder = Folder::with::<first::Order>("a_retired_event");
    folder.run::<retired::Order>(Mode::Update).expect("a new event");
    folder.run::<retired::Order>(Mode::Check).expect("what was published is what is there");
    folder.write(OLD, "[{\"stored\": {\"parcel\": -1}}]");
    let found = folder.findings::<retired::Order>(Mode::Check);
    assert!(
        found[0].starts_with("payload 1 of events/order.shipped/v1.json can no longer be read:"),
        "{found:?}"
    );
}
