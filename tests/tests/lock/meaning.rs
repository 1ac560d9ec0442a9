//! The meaning of a stored payload is locked: a change of code that reads it is reported, with the former
//! meaning.

use es_core::lock::Mode;
use serde_json::{Value, json};

use crate::folder::Folder;

/// One event in two versions of the program, with the same shapes.
macro_rules! generations {
    ($($module:ident: { $($item:item)* })*) => {$(
        mod $module {
            #[allow(unused_imports, reason = "not every generation needs all of it")]
            use crate::prelude::*;
            $($item)*
        }
    )*};
}

/// Publishes with one version of the program, and checks with another one.
#[track_caller]
fn found<Before: es_core::Aggregate, Now: es_core::Aggregate>(test: &str) -> (Folder, String) {
    let folder = Folder::with::<Before>(test);
    let mut found = folder.findings::<Now>(Mode::Check);
    assert_eq!(found.len(), 1, "{found:#?}");
    (folder, found.remove(0))
}

#[track_caller]
fn assert_says(found: &str, expected: &[&str]) {
    for expected in expected {
        assert!(found.contains(expected), "`{expected}` is missing in\n{found}");
    }
}

macro_rules! steps {
    ($($module:ident: $factor:expr, $currency:expr;)*) => {generations! {$(
        $module: {
            #[event(name = "order.paid", version = 3, previous = PaidV2)]
            pub struct Paid { cents: i64, currency: String }
            #[event(name = "order.paid", version = 2, previous = PaidV1)]
            pub struct PaidV2 { cents: i64 }
            #[event(name = "order.paid")]
            pub struct PaidV1 { euros: i64 }
            crate::step!(PaidV1 => PaidV2, |old| { cents: old.euros * $factor });
            crate::step!(PaidV2 => Paid, |old| { cents: old.cents, currency: $currency.into() });
            crate::order!(Paid);
        }
    )*}};
}
steps! {
    cents: 100, "EUR";
    tenths: 10, "EUR";
    dollars: 100, "USD";
    both: 10, "USD";
}

const V1: &str = "events/order.paid/v1.json";

#[test]
fn the_body_of_an_upcast_is_locked_by_its_results_for_stored_payloads() {
    let (folder, text) = found::<cents::Order, tenths::Order>("the_body_of_a_step");
    assert_eq!(
        text,
        "payload 1 of events/order.paid/v1.json means something else now: `cents` was 100 and is 10
  stored: {\"euros\":1}
  meant:  {\"cents\":100,\"currency\":\"EUR\"}
  means:  {\"cents\":10,\"currency\":\"EUR\"}
It comes from the upcast from version 1 to 2: `UpcastFrom<PaidV1> for PaidV2`.
Events like it are stored. Undo the change; if new events should mean something else, make a new version.
If stored events should mean this from now on, `ES_LOCK=update cargo test` writes it into events/order.paid/v1.json."
    );

    // It can be accepted deliberately; then that is printed.
    let before = folder.shapes();
    assert_eq!(folder.accepted::<tenths::Order>(), [text]);
    let payloads: Value = serde_json::from_str(&folder.read(V1)).expect("JSON");
    assert_eq!(payloads[0]["today"], json!({ "cents": 10, "currency": "EUR" }));
    assert_eq!(folder.shapes(), before, "no shape is written over");
    folder.run::<tenths::Order>(Mode::Check).expect("what was accepted");
    assert!(folder.accepted::<tenths::Order>().is_empty());
}

#[test]
fn of_several_upcasts_the_changed_one_is_named() {
    let folder = Folder::with::<cents::Order>("the_step_that_changed");
    let found = folder.findings::<dollars::Order>(Mode::Check);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_says(
        &found[1],
        &[
            "payload 1 of events/order.paid/v2.json",
            "upcast from version 2 to 3: `UpcastFrom<PaidV2> for Paid`",
        ],
    );
    assert!(!found[1].contains("`UpcastFrom<PaidV1>"), "{}", found[1]);
}

generations! {
    two_versions: {
        #[event(name = "order.paid", version = 2, previous = PaidV1)]
        pub struct Paid { cents: i64 }
        #[event(name = "order.paid")]
        pub struct PaidV1 { euros: i64 }
        crate::step!(PaidV1 => Paid, |old| { cents: old.euros * 100 });
        crate::order!(Paid);
    }
}

#[test]
fn a_new_version_changes_how_meanings_are_written_and_nothing_else() {
    let folder = Folder::with::<two_versions::Order>("a_new_version_changes");
    let found = folder.findings::<cents::Order>(Mode::Check);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_says(&found[0], &["one version is not there yet: `order.paid` version 3"]);
    assert!(folder.accepted::<cents::Order>().is_empty(), "nothing has changed");
    let payloads: Value = serde_json::from_str(&folder.read(V1)).expect("JSON");
    assert_eq!(
        payloads[0],
        json!({ "stored": { "euros": 1 }, "today": { "cents": 100, "currency": "EUR" }, "version": 3 })
    );
    folder.run::<cents::Order>(Mode::Check).expect("what was published");
}

#[test]
fn an_older_upcast_that_changes_together_with_a_new_version_is_reported() {
    let folder = Folder::with::<two_versions::Order>("an_older_step_that_changes_together");
    let found = folder.findings::<tenths::Order>(Mode::Check);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_says(
        &found[0],
        &[
            "payload 1 of events/order.paid/v1.json means something else now",
            "`UpcastFrom<PaidV1> for PaidV2`",
        ],
    );
    let accepted = folder.accepted::<tenths::Order>();
    assert_eq!(accepted.len(), 1, "an update does not hide it among what is new: {accepted:#?}");
    assert_says(&accepted[0], &["payload 1 of events/order.paid/v1.json means something else now"]);
}

#[test]
fn a_payload_from_a_merge_is_rewritten_in_the_newest_version() {
    let folder = Folder::with::<cents::Order>("a_payload_that_came_with_a_merge");
    let of_the_other_branch = r#"[{"stored": {"euros": 7}, "today": {"cents": 700}, "version": 2}]"#;
    folder.write(V1, of_the_other_branch);
    let found = folder.findings::<cents::Order>(Mode::Check);
    assert_eq!(found.len(), 1);
    assert_says(
        &found[0],
        &["one thing is not there yet: what payloads of events/order.paid/v1.json mean today"],
    );
    assert!(folder.accepted::<cents::Order>().is_empty());
    folder.write(V1, &of_the_other_branch.replace("700", "70"));
    assert_eq!(folder.accepted::<cents::Order>().len(), 1);
}

macro_rules! retired {
    ($($module:ident: $old:ident => $events:expr;)*) => {generations! {$(
        $module: {
            #[event(name = "order.moved")]
            pub struct Moved { street: String, city: String }
            #[event(name = "order.street")]
            pub struct Street { name: String }
            #[event(name = "order.city")]
            pub struct City { name: String }

            #[derive(Aggregate, Default)]
            #[aggregate(name = "order", id = String, events(Street, City), retired(Moved))]
            pub struct Order;
            impl Apply<Street> for Order { fn apply(&mut self, _: Street) {} }
            impl Apply<City> for Order { fn apply(&mut self, _: City) {} }
            impl es_core::model::Retired<Moved> for Order {
                type Error = std::convert::Infallible;
                fn retired($old: Moved, _: &UpcastContext<'_>) -> Result<es_core::Events<Self>, Self::Error> {
                    es_core::emit($events)
                }
            }
        }
    )*}};
}
retired! {
    split: old => (Street { name: old.street }, City { name: old.city });
    exchanged: old => (Street { name: old.city }, City { name: old.street });
    dropped: _old => ();
}

#[test]
fn the_current_meaning_of_a_retired_event_is_locked() {
    let (folder, text) = found::<split::Order, exchanged::Order>("what_a_retired_event_stands_for");
    let payloads: Value = serde_json::from_str(&folder.read("events/order.moved/v1.json")).expect("JSON");
    assert_eq!(
        payloads[0],
        json!({
            "stored": { "street": "street", "city": "city" },
            "today": [
                { "name": "order.street", "version": 1, "payload": { "name": "street" } },
                { "name": "order.city", "version": 1, "payload": { "name": "city" } },
            ],
        })
    );
    assert_says(
        &text,
        &[
            "`name` was \"street\" and is \"city\"",
            "It comes from `Retired<Moved>`, which converts the event to current events.",
        ],
    );
    let (_, text) = found::<split::Order, dropped::Order>("what_a_retired_event_stood_for");
    assert_says(&text, &["it was `order.street`, `order.city` and is no event"]);
}

/// An order with one field of this type.
macro_rules! fields {
    ($($module:ident: { $(#[$attribute:meta])* $ty:ty; $($item:item)* })*) => {generations! {$(
        $module: {
            #[event(name = "order.placed")]
            pub struct Placed { item: String, $(#[$attribute])* field: $ty }
            $($item)*
            crate::order!(Placed);
        }
    )*}};
}
fields! {
    first_is_default: {
        #[serde(default)] Channel;
        #[derive(Default, Serialize, Deserialize, Shape)]
        pub enum Channel { #[default] Web, Shop }
    }
    second_is_default: {
        #[serde(default)] Channel;
        #[derive(Default, Serialize, Deserialize, Shape)]
        pub enum Channel { Web, #[default] Shop }
    }
    one_by_hand: {
        #[serde(default)] Money;
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Money { cents: i64, currency: String }
        impl Default for Money { fn default() -> Self { Self { cents: 0, currency: "EUR".into() } } }
    }
    other_by_hand: {
        #[serde(default)] Money;
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Money { cents: i64, currency: String }
        impl Default for Money { fn default() -> Self { Self { cents: 0, currency: "USD".into() } } }
    }
    of_the_whole: {
        Money;
        #[derive(Serialize, Deserialize, Shape)]
        #[serde(default)]
        pub struct Money { cents: i64, currency: String }
        impl Default for Money { fn default() -> Self { Self { cents: 0, currency: "EUR".into() } } }
    }
    of_the_whole_now: {
        Money;
        #[derive(Serialize, Deserialize, Shape)]
        #[serde(default)]
        pub struct Money { cents: i64, currency: String }
        impl Default for Money { fn default() -> Self { Self { cents: 0, currency: "USD".into() } } }
    }
    one_function: {
        #[serde(default = "unit")] u32;
        fn unit() -> u32 { 1 }
    }
    other_function: {
        #[serde(default = "unit")] u32;
        fn unit() -> u32 { 100 }
    }
    whole: {
        #[serde(with = "wire")] #[shape("i64")] i64;
        mod wire {
            pub fn serialize<S: serde::Serializer>(value: &i64, to: S) -> Result<S::Ok, S::Error> { to.serialize_i64(*value) }
            pub fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
                <i64 as serde::Deserialize>::deserialize(from)
            }
        }
    }
    thousandths: {
        #[serde(with = "wire")] #[shape("i64")] i64;
        mod wire {
            pub fn serialize<S: serde::Serializer>(value: &i64, to: S) -> Result<S::Ok, S::Error> { to.serialize_i64(*value) }
            pub fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
                <i64 as serde::Deserialize>::deserialize(from).map(|value| value * 1000)
            }
        }
    }
    converted: {
        Rate;
        #[derive(Clone, Serialize, Deserialize, Shape)]
        #[serde(from = "u32", into = "u32")]
        pub struct Rate(u32);
        impl From<u32> for Rate { fn from(rate: u32) -> Self { Self(rate) } }
        impl From<Rate> for u32 { fn from(Rate(rate): Rate) -> Self { rate } }
    }
    capped: {
        Rate;
        #[derive(Clone, Serialize, Deserialize, Shape)]
        #[serde(from = "u32", into = "u32")]
        pub struct Rate(u32);
        impl From<u32> for Rate { fn from(rate: u32) -> Self { Self(rate.min(1)) } }
        impl From<Rate> for u32 { fn from(Rate(rate): Rate) -> Self { rate } }
    }
    by_hand: {
        Tag;
        pub struct Tag(String);
        impl Shape for Tag {
            fn shape(_: &mut es_core::shape::Types) -> es_core::shape::Type { es_core::shape::Type::plain("string") }
        }
        impl Serialize for Tag {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> { to.serialize_str(&self.0) }
        }
        impl<'de> Deserialize<'de> for Tag {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from).map(Self)
            }
        }
    }
    by_hand_in_capitals: {
        Tag;
        pub struct Tag(String);
        impl Shape for Tag {
            fn shape(_: &mut es_core::shape::Types) -> es_core::shape::Type { es_core::shape::Type::plain("string") }
        }
        impl Serialize for Tag {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> { to.serialize_str(&self.0) }
        }
        impl<'de> Deserialize<'de> for Tag {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from).map(|tag| Self(tag.to_uppercase()))
            }
        }
    }
    none_is_none: {
        #[serde(default, deserialize_with = "read")] #[shape("option<string>")] Option<String>;
        fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
            Option::deserialize(from)
        }
    }
    none_is_empty: {
        #[serde(default, deserialize_with = "read")] #[shape("option<string>")] Option<String>;
        fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
            Option::deserialize(from).map(|text: Option<String>| Some(text.unwrap_or_default()))
        }
    }
}

#[test]
fn the_default_variant_is_locked() {
    let (_, text) = found::<first_is_default::Order, second_is_default::Order>("the_variant_that_is_default");
    assert_says(&text, &["`field` was \"Web\" and is \"Shop\"", "the default of `field`", "`#[default]`"]);
}

#[test]
fn a_default_written_by_hand_is_locked() {
    let (_, text) = found::<one_by_hand::Order, other_by_hand::Order>("a_default_written_by_hand");
    assert_says(
        &text,
        &["`field.currency` was \"EUR\" and is \"USD\"", "the default of `field`", "`impl Default`"],
    );
}

#[test]
fn the_default_of_a_whole_struct_is_locked() {
    let (_, text) = found::<of_the_whole::Order, of_the_whole_now::Order>("the_default_of_a_whole_struct");
    assert_says(&text, &["`field.currency` was \"EUR\" and is \"USD\"", "the default of `currency`"]);
}

#[test]
fn the_result_of_a_default_function_is_locked() {
    let (_, text) = found::<one_function::Order, other_function::Order>("what_a_function_returns");
    assert_says(&text, &["`field` was 1 and is 100", "the default of `field`: the function `unit`"]);
}

#[test]
fn the_value_read_by_a_with_module_is_locked() {
    let (_, text) = found::<whole::Order, thousandths::Order>("what_a_with_module_reads");
    assert_says(&text, &["`field` was 2 and is 2000", "the code that reads `field`: a `with` module"]);
}

#[test]
fn a_conversion_is_locked() {
    let (_, text) = found::<converted::Order, capped::Order>("a_conversion_is_locked");
    assert_says(&text, &["`field` was 2 and is 1", "`from` and `into`"]);
}

#[test]
fn a_handwritten_deserialize_is_locked() {
    let (_, text) = found::<by_hand::Order, by_hand_in_capitals::Order>("reading_by_hand");
    assert_says(&text, &["`field` was \"field\" and is \"FIELD\"", "serde's traits written by hand"]);
}

#[test]
fn the_value_read_from_null_is_locked() {
    let (_, text) = found::<none_is_none::Order, none_is_empty::Order>("what_is_read_where_null_is_stored");
    assert_says(&text, &["`field` was null and is \"\"", "\"field\":null"]);
}

fn count() -> i64 {
    use std::sync::atomic::{AtomicI64, Ordering};
    static COUNT: AtomicI64 = AtomicI64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
steps! {
    unsteady: crate::meaning::count(), "EUR";
}

#[test]
fn an_upcast_that_is_not_deterministic_is_rejected() {
    let folder = Folder::with::<cents::Order>("a_step_that_comes_out_differently");
    let files = folder.files();
    for mode in [Mode::Check, Mode::Update] {
        let found = folder.findings::<unsteady::Order>(mode);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_says(
            &found[0],
            &[
                "payload 1 of events/order.paid/v1.json is read by aggregate `order` differently each time: `cents` was ",
            ],
        );
    }
    assert_eq!(folder.files(), files);
    // Payloads are not generated for what was never published.
    let found = Folder::new("a_step_that_comes_out_differently_from_the_start")
        .findings::<unsteady::Order>(Mode::Update);
    assert_says(&found[0], &["aggregate `order` reads the same payload differently each time: `cents` was "]);
}

generations! {
    in_any_order: {
        #[event(name = "order.tagged")]
        pub struct Tagged { tags: std::collections::HashSet<String>, marks: Vec<u8> }
        crate::order!(Tagged);
    }
    looks_around: {
        #[event(name = "order.paid", version = 2, previous = PaidV1)]
        pub struct Paid { cents: i64, seen: String }
        #[event(name = "order.paid")]
        pub struct PaidV1 { cents: i64 }
        impl UpcastFrom<PaidV1> for Paid {
            type Error = std::convert::Infallible;
            fn upcast_from(old: PaidV1, context: &UpcastContext<'_>) -> Result<Self, Self::Error> {
                let seen = format!("{} {} {} {}", context.event_id(), context.recorded_at(), context.stream(), context.revision());
                Ok(Self { cents: old.cents, seen })
            }
        }
        crate::order!(Paid);
    }
}

#[test]
fn a_set_is_the_same_in_any_order() {
    let folder = Folder::with::<in_any_order::Order>("a_set_is_the_same");
    let file = "events/order.tagged/v1.json";
    let tags: Vec<String> = (0..20).map(|tag| tag.to_string()).collect();
    folder.write(file, &json!([{ "stored": { "tags": tags, "marks": [2, 1] } }]).to_string());
    assert!(folder.accepted::<in_any_order::Order>().is_empty());
    folder.run::<in_any_order::Order>(Mode::Check).expect("the same set");
    let list: Value = serde_json::from_str(&folder.read(file)).expect("JSON");
    assert_eq!(list[0]["today"]["marks"], json!([2, 1]), "a list is not sorted");
}

#[test]
fn the_context_of_an_upcast_is_the_same_each_time() {
    let folder = Folder::with::<looks_around::Order>("what_a_step_may_look_at");
    let payloads: Value = serde_json::from_str(&folder.read(V1)).expect("JSON");
    assert_eq!(
        payloads[0]["today"]["seen"],
        "00e37f1f-4400-7000-8000-000000000000 2001-01-01 0:00:00.0 +00:00:00 order/test 1"
    );
}

generations! {
    optional: {
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(default)] item: String, count: u8 }
        crate::order!(Placed);
    }
}

#[test]
fn a_real_payload_may_omit_what_has_a_default() {
    let folder = Folder::with::<optional::Order>("a_real_payload_need_not_hold");
    let file = "events/order.placed/v1.json";
    let own = r#"[{"stored": {"count": 1.0e0, "unknown": true}}]"#;
    folder.write(file, &own.replace("1.0e0", "1"));
    assert!(folder.accepted::<optional::Order>().is_empty());
    let payloads: Value = serde_json::from_str(&folder.read(file)).expect("JSON");
    assert_eq!(
        payloads,
        json!([{ "stored": { "count": 1, "unknown": true }, "today": { "item": "", "count": 1 }, "version": 1 }])
    );
    folder.run::<optional::Order>(Mode::Check).expect("what was written");
}

#[test]
fn an_unresolved_merge_conflict_is_explained() {
    let folder = Folder::with::<cents::Order>("a_merge_that_was_not_resolved");
    folder.write(V1, "[\n<<<<<<< HEAD\n  1\n=======\n  2\n>>>>>>> other\n]\n");
    assert_eq!(
        folder.findings::<cents::Order>(Mode::Update),
        ["events/order.paid/v1.json line 2: a merge was not resolved
If two branches added payloads to it, keep those of both. If both made this version, give one of them the next version: keep \
         the file of the other, and run `ES_LOCK=update cargo test` for the new one."]
    );
}

#[test]
fn a_payload_without_stored_is_rejected() {
    let folder = Folder::with::<cents::Order>("a_payload_without_what_it_is_called");
    for (text, expected) in [
        (r#"[{"euros": 1}]"#, "payload 1 of events/order.paid/v1.json is not written as `{\"stored\": …}`"),
        (
            r#"[{"stored": {}, "other": 1}]"#,
            "payload 1 of events/order.paid/v1.json is not written as `{\"stored\": …}`",
        ),
        (
            r#"[{"stored": {}, "version": 1}]"#,
            "payload 1 of events/order.paid/v1.json is not written as `{\"stored\": …}`",
        ),
        (
            r#"[{"stored": {"euros": 1}, "today": {"cents": 100}}]"#,
            "payload 1 of events/order.paid/v1.json does not say in which version `today` is written",
        ),
    ] {
        folder.write(V1, text);
        let found = folder.findings::<cents::Order>(Mode::Update);
        assert!(found[0].starts_with(expected), "{found:#?}");
    }
}
