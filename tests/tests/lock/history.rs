//! Versions that are generated from the history of fields are locked like any other, and so are the defaults.

use es_core::lock::Mode;

use crate::folder::Folder;

/// One event of that history, and its aggregate.
macro_rules! events {
    ($($name:ident: { $($item:item)* })*) => {$(
        mod $name {
            use crate::prelude::*;
            $($item)*
            crate::order!(Placed);
        }
    )*};
}

events! {
    first: {
        #[event(name = "order.placed")]
        pub struct Placed { item: String, note: String }
    }
    second: {
        #[event(name = "order.placed", version = 2, removed(in = 2, note: String))]
        pub struct Placed {
            #[event(renamed(in = 2, from = "item"))]
            product: String,
            #[event(added(in = 2, default = Currency::Eur))]
            currency: Currency,
            #[event(added(in = 2, default))]
            tags: BTreeMap<String, Vec<u8>>,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd }
    }
    other_default: {
        #[event(name = "order.placed", version = 2, removed(in = 2, note: String))]
        pub struct Placed {
            #[event(renamed(in = 2, from = "item"))]
            product: String,
            #[event(added(in = 2, default = Currency::Usd))]
            currency: Currency,
            #[event(added(in = 2, default))]
            tags: BTreeMap<String, Vec<u8>>,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd }
    }
    by_hand: {
        #[event(name = "order.placed", version = 2, previous = PlacedV1)]
        pub struct Placed { product: String, currency: Currency, tags: BTreeMap<String, Vec<u8>> }
        #[event(name = "order.placed")]
        struct PlacedV1 { item: String, note: String }
        crate::step!(PlacedV1 => Placed, |old| {
            product: old.item, currency: Currency::Eur, tags: BTreeMap::new()
        });
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd }
    }
    rewritten: {
        #[event(name = "order.placed", version = 2, removed(in = 2, note: u32))]
        pub struct Placed {
            #[event(renamed(in = 2, from = "thing"))]
            product: String,
            #[event(added(in = 2, default = Currency::Eur))]
            currency: Currency,
            #[event(added(in = 2, default))]
            tags: BTreeMap<String, Vec<u8>>,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd }
    }
    third: {
        #[event(name = "order.placed", version = 3, removed(in = 2, note: String))]
        pub struct Placed {
            #[event(renamed(in = 2, from = "item"))]
            product: String,
            #[event(added(in = 2, default = Currency::Eur), renamed(in = 3, from = "currency"))]
            money: Currency,
            #[event(added(in = 2, default))]
            tags: BTreeMap<String, Vec<u8>>,
            #[serde(with = "doubled")]
            #[event(added(in = 3, default = 4))]
            #[shape("i64")]
            halves: i64,
        }
        pub mod doubled {
            pub fn serialize<S: serde::Serializer>(half: &i64, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(half * 2)
            }
            pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
                <i64 as serde::Deserialize>::deserialize(deserializer).map(|whole| whole / 2)
            }
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd }
    }
    other_type: {
        #[event(name = "order.placed", version = 2, removed(in = 2, note: String))]
        pub struct Placed {
            #[event(renamed(in = 2, from = "item"))]
            product: Product,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Product(u64);
    }
    one_type: {
        #[event(name = "order.placed", version = 2, removed(in = 2, note: String))]
        pub struct Placed {
            #[event(renamed(in = 2, from = "item"))]
            product: Product,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Product(String);
    }
    never_the_same: {
        #[event(name = "order.placed", version = 2)]
        pub struct Placed {
            item: String,
            note: String,
            #[event(added(in = 2, default = crate::history::count()))]
            number: u32,
            #[event(added(in = 2, default = f64::NAN))]
            rate: f64,
        }
    }
}

fn count() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn a_history_adds_a_version_and_changes_nothing_published() {
    let folder = Folder::with::<first::Order>("a_history_is_a_new_version");
    let published = folder.stored("events/order.placed/v1.json");
    folder.run::<second::Order>(Mode::Update).expect("an update");
    folder.run::<third::Order>(Mode::Update).expect("an update");
    folder.run::<third::Order>(Mode::Check).expect("what was published");
    assert_eq!(folder.stored("events/order.placed/v1.json"), published);
    assert_eq!(
        folder.shapes(),
        r#"format = 2

event order.placed 1
  payload: struct
    item: string
    note: string

event order.placed 2
  payload: struct
    currency: Currency
    product: string
    tags: map<string, list<u8>>
  type Currency: enum
    Eur
    Usd
  added currency: "Eur"
  added tags: {}

event order.placed 3
  payload: struct
    halves: i64, by doubled
    money: Currency
    product: string
    tags: map<string, list<u8>>
  type Currency: enum
    Eur
    Usd
  added halves: 8
"#
    );
    assert!(folder.path().join("events/order.placed/v3.json").exists());
}

#[test]
fn a_default_of_an_old_version_must_not_change() {
    let folder = Folder::with::<second::Order>("a_default_of_an_old_version");
    assert_eq!(
        folder.findings::<other_default::Order>(Mode::Update),
        ["`order.placed` version 2 (`Placed`) added `currency`, and its default changed:
  - it was \"Eur\" and is \"Usd\" now
Events of version 1 and before are stored without the field, and have been read with \"Eur\" since. Put the \
default back; current events store the field themselves."]
    );
}

#[test]
fn handwritten_upcasts_may_become_a_history_and_the_reverse_reports_what_is_lost() {
    let folder = Folder::with::<by_hand::Order>("steps_by_hand_may_become_a_history");
    let by_hand = folder.shapes();
    assert_eq!(
        folder.findings::<second::Order>(Mode::Check),
        ["one thing is not there yet: a default of `order.placed` version 2
Run `ES_LOCK=update cargo test`, look at what it wrote, and commit events.lock and the folder `events`."]
    );
    folder.run::<second::Order>(Mode::Update).expect("an update");
    let history = folder.shapes();
    assert_eq!(history, format!("{by_hand}  added currency: \"Eur\"\n  added tags: {{}}\n"));
    let findings = folder.findings::<by_hand::Order>(Mode::Check);
    assert_eq!(findings.len(), 2);
    assert_eq!(
        findings[0],
        "`order.placed` version 2 added `currency`, and the code no longer has its default for older events
Events of version 1 and before are stored without the field, and have been read with \"Eur\" since. Put \
`added(in = 2, default = …)` back on the field. If your own `UpcastFrom` sets it to \"Eur\" now, delete the line \
`added currency: \"Eur\"` from events.lock."
    );
}

#[test]
fn a_history_with_a_different_past_is_rejected() {
    let folder = Folder::with::<second::Order>("a_history_that_tells_another_past");
    assert_eq!(
        folder.findings::<rewritten::Order>(Mode::Update),
        ["`order.placed` version 1 (`Placed`) is published, and its shape changed:
  - field `item` was renamed to `thing`
  - field `note` was `string` and is `u32` now
Events of version 1 are stored as they were, and their contents are described by the fields of `Placed` and their history \
(`added`, `renamed`, `removed`). Put those back as they were; new parts belong in version 2 if that one is not \
published yet, or in version 3."]
    );
}

#[test]
fn a_changed_type_within_a_history_must_be_restored() {
    let folder = Folder::with::<one_type::Order>("a_type_that_changed_inside_of_a_history");
    let findings = folder.findings::<other_type::Order>(Mode::Update);
    assert_eq!(
        findings[0],
        "`order.placed` version 1 (`Placed`) is published, and its shape changed:
  - the type `Product` (at `item`) was `string` and is `u64` now
Events of version 1 are stored as they were, and their contents are described by the fields of `Placed` and their history \
(`added`, `renamed`, `removed`). Put `Product` back as it was; new parts belong in version 2 if that one is not \
published yet, or in version 3."
    );
    assert!(
        findings[1].contains("make it version 3: keep the struct as it was under the name `PlacedV2`"),
        "{findings:?}"
    );
}

#[test]
fn a_default_that_cannot_be_locked_is_rejected() {
    let folder = Folder::with::<first::Order>("a_default_that_cannot_be_locked");
    assert_eq!(
        folder.findings::<never_the_same::Order>(Mode::Update)[..2],
        [
            "the default of `number`, which `order.placed` version 2 added, is not deterministic
Events that were stored before would mean something else at every reading. Write a constant, or take what the stored event \
holds in an `UpcastFrom`.",
            "the default of `rate`, which `order.placed` version 2 added, cannot be written as JSON
So it cannot be locked. Write one that a payload can hold."
        ]
    );
}

/// Version 3 of an event with a history, and of one with a handwritten past, both undeclared.
mod unannounced {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2, semantics = "net", removed(in = 2, note: String))]
    pub struct Placed {
        item: String,
    }
    crate::order!(Placed);

    pub mod now {
        use crate::prelude::*;

        #[event(name = "order.placed", version = 2, semantics = "net", removed(in = 2, note: String))]
        pub struct Placed {
            pieces: u32,
            to: String,
        }
        crate::order!(Placed);
    }

    pub mod by_hand {
        use crate::prelude::*;

        #[event(name = "order.placed", version = 2, previous = PlacedV1)]
        pub struct Placed {
            product: String,
            currency: super::super::second::Currency,
            tags: BTreeMap<String, Vec<u8>>,
            pieces: u32,
        }
        #[event(name = "order.placed")]
        struct PlacedV1 {
            item: String,
            note: String,
        }
        crate::step!(PlacedV1 => Placed, |old| {
            product: old.item, currency: super::super::second::Currency::Eur, tags: BTreeMap::new(), pieces: 1
        });
        crate::order!(Placed);
    }
}

#[test]
fn a_history_is_proposed_unless_the_past_is_written_by_hand() {
    let folder = Folder::with::<unannounced::Order>("a_history_is_proposed");
    let findings = folder.findings::<unannounced::now::Order>(Mode::Check);
    let newest = findings.last().expect("version 2 has changed");
    assert!(
        newest.contains(
            r#"describe the change on its fields:

#[event(name = "order.placed", version = 3, semantics = "net" /* and the existing `removed(…)` */, removed(in = 3, item: /* as it was */))]
pub struct Placed {
    #[event(added(in = 3, default = /* its value in version 2 */))]
    pieces: /* as it is now */,
    #[event(added(in = 3, default = /* its value in version 2 */))]
    to: /* as it is now */,
    /* the other fields as they are now */
}

Or, if code"#
        ),
        "{newest}"
    );
    let folder = Folder::with::<by_hand::Order>("a_history_is_not_proposed");
    let findings = folder.findings::<unannounced::by_hand::Order>(Mode::Check);
    assert!(findings[0].contains("make it version 3: keep the struct as it was under the name `PlacedV2`"));
    assert!(!findings[0].contains("added("), "{}", findings[0]);
}
