//! The history of a type within events: locked next to the shapes, which stay the same.

use es_core::lock::Mode;
use serde_json::json;

use crate::folder::Folder;

/// Two events that share a type, with a different form in each program.
macro_rules! programs {
    ($($name:ident: { $($item:item)* })*) => {$(
        mod $name {
            use crate::prelude::*;

            #[event(name = "order.paid")]
            pub struct Paid { amount: Money }
            #[event(name = "order.refunded")]
            pub struct Refunded { parts: Vec<Option<Money>> }

            $($item)*

            crate::order!(Paid, Refunded);
        }
    )*};
}

programs! {
    first: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Money { cents: i64, memo: String, note: Option<String> }
    }
    second: {
        #[derive(Serialize, Shape)]
        pub struct Money {
            cents: i64,
            memo: String,
            note: Option<String>,
            #[shape(added(in = 2, default = Currency::Eur))]
            currency: Currency,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd }
    }
    third: {
        #[derive(Serialize, Shape)]
        #[shape(removed(in = 3, note: Option<String>))]
        pub struct Money {
            cents: i64,
            #[shape(renamed(in = 3, from = "memo"))]
            purpose: String,
            #[shape(added(in = 2, default = Currency::Eur))]
            currency: Currency,
        }
        #[derive(Serialize, Shape)]
        pub enum Currency { Eur, Usd, #[shape(added(in = 2))] Other { code: String } }
    }
    other_default: {
        #[derive(Serialize, Shape)]
        pub struct Money {
            cents: i64,
            memo: String,
            note: Option<String>,
            #[shape(added(in = 2, default = Currency::Usd))]
            currency: Currency,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd }
    }
    other_type: {
        #[derive(Serialize, Shape)]
        pub struct Money {
            cents: i64,
            memo: String,
            note: Option<String>,
            #[shape(added(in = 2, default = Currency::Eur))]
            currency: Currency,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd, Chf }
    }
    other_name: {
        #[derive(Serialize, Shape)]
        #[shape(removed(in = 3, note: Option<String>))]
        pub struct Money {
            cents: i64,
            #[shape(renamed(in = 3, from = "memo"))]
            reason: String,
            #[shape(added(in = 2, default = Currency::Eur))]
            currency: Currency,
        }
        #[derive(Serialize, Shape)]
        pub enum Currency { Eur, Usd, #[shape(added(in = 2))] Other { code: String } }
    }
    unannounced: {
        #[derive(Serialize, Shape)]
        pub struct Money {
            cents: i64,
            memo: String,
            note: Option<String>,
            #[shape(added(in = 2, default = Currency::Eur))]
            currency: Currency,
            rate: u8,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Currency { Eur, Usd }
    }
    never_the_same: {
        #[derive(Serialize, Shape)]
        pub struct Money {
            cents: i64,
            memo: String,
            note: Option<String>,
            #[shape(added(in = 2, default = crate::nested::count()))]
            number: u32,
            #[shape(added(in = 2, default = f64::NAN))]
            rate: f64,
            #[shape(added(in = 2, default))]
            opaque: Opaque,
        }
        #[derive(Default, Serialize, Deserialize)]
        pub struct Opaque;
    }
}

fn count() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn a_change_of_a_type_is_locked_after_the_shapes_which_stay_the_same() {
    let folder = Folder::with::<first::Order>("a_step_is_written_below_the_shapes");
    let stored = folder.stored("events/order.paid/v1.json");
    assert_eq!(
        folder.findings::<second::Order>(Mode::Check),
        ["things are not there yet: a change of a type in `order.paid` version 1, a change of a type in `order.refunded` \
version 1
Run `ES_LOCK=update cargo test`, look at what it wrote, and commit events.lock and the folder `events`."]
    );
    folder.run::<second::Order>(Mode::Update).expect("an update");
    folder.run::<second::Order>(Mode::Check).expect("what was published");
    folder.run::<third::Order>(Mode::Update).expect("an update");
    folder.run::<third::Order>(Mode::Check).expect("what was published");
    let text = folder.read("events.lock");
    let expected = r#"
event order.paid 1
  payload: struct
    amount: Money
  type Money: struct
    cents: i64
    memo: string
    note: option<string>
  later type Currency: enum
    Eur
    Usd
  history Currency 2 added Other: struct
    code: string
  history Money 2 added currency: Currency, means "Eur"
  history Money 3 removed note
  history Money 3 renamed memo: purpose
"#;
    assert!(text.contains(expected), "{text}");
    assert_eq!(text.matches("history Money 2 added currency").count(), 2);
    let now = folder.stored("events/order.paid/v1.json");
    assert!(stored.iter().all(|payload| now.contains(payload)), "what was stored stays: {now:?}");
    let has = |part: &serde_json::Value| now.iter().any(|payload| payload["amount"]["currency"] == *part);
    assert!(has(&json!("Usd")) && has(&json!(null)), "{now:?}");
    let has_other = now.iter().any(|payload| payload["amount"]["currency"]["Other"]["code"].is_string());
    assert!(has_other, "the new form is among the payloads: {now:?}");
    assert!(folder.read("events/order.paid/v1.json").contains(r#""purpose""#));
}

#[test]
fn a_published_change_of_a_type_must_not_change() {
    let folder = Folder::with::<second::Order>("a_published_step_stays");
    let of = |change: &str| {
        format!(
            "the history of `Money` is published, and it changed:\n{change}\nValues of it are stored in the forms that it had, \
             and have meant this since. Put it back; what is new belongs into a next version of `Money`. It stands in \
             `order.paid` version 1, `order.refunded` version 1."
        )
    };
    let was = "  - history Money 2 added currency: Currency, means \"Eur\"\n";
    assert_eq!(
        folder.findings::<other_default::Order>(Mode::Update)[0],
        of(&format!("{was}    is now\n    history Money 2 added currency: Currency, means \"Usd\""))
    );
    let gone = folder.findings::<first::Order>(Mode::Update);
    assert!(gone.contains(&of(&format!("{was}    is gone"))), "{gone:?}");
    let retyped = folder.findings::<other_type::Order>(Mode::Update);
    assert!(retyped[0].starts_with("the history of `Currency` is published, and it changed:"), "{retyped:?}");
    folder.run::<third::Order>(Mode::Update).expect("an update");
    let renamed = folder.findings::<other_name::Order>(Mode::Update);
    assert!(renamed[0].contains("history Money 3 renamed memo: purpose\n    is now"), "{renamed:?}");
}

#[test]
fn a_change_that_is_not_in_the_history_is_reported_as_usual() {
    let folder = Folder::with::<second::Order>("a_change_that_the_history_does_not_tell");
    let findings = folder.findings::<unannounced::Order>(Mode::Update);
    assert!(findings[0].contains("field `rate: u8` of `Money` was added"), "{findings:?}");
}

#[test]
fn a_default_of_a_type_that_cannot_be_locked_is_rejected_once() {
    let folder = Folder::with::<first::Order>("a_default_of_a_type_that_cannot_be_locked");
    let findings = folder.findings::<never_the_same::Order>(Mode::Update);
    assert_eq!(
        findings.iter().filter(|finding| finding.starts_with("the default")).collect::<Vec<_>>(),
        [
            "the default of `Money.number` is not deterministic
What was stored before would mean something else at every reading. Write a constant.",
            "the default of `Money.rate` cannot be written as JSON
So it cannot be locked. Write one that a payload can hold."
        ]
    );
    assert!(findings.iter().any(|finding| finding.contains("`Money.opaque` is `Opaque`")), "{findings:?}");
}

/// Types with a history whose forms cannot be distinguished, in a version that is no longer written.
mod mixed {
    use crate::prelude::*;

    #[derive(Clone, Serialize, Shape)]
    #[shape(removed(in = 2, note: String))]
    pub struct Money {
        cents: i64,
        #[shape(added(in = 2, default = "EUR".to_owned()))]
        currency: String,
    }

    #[derive(Clone, Serialize, Deserialize, Shape)]
    pub struct Extra {
        note: Option<String>,
    }

    #[derive(Clone, Serialize, Deserialize, Shape)]
    #[serde(untagged)]
    pub enum Amount {
        Money(Money),
        Cents { cents: i64 },
    }

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    pub struct Placed {
        item: String,
    }
    #[event(name = "order.placed")]
    struct PlacedV1 {
        item: String,
        #[serde(flatten)]
        amount: Option<Money>,
        #[serde(flatten)]
        rest: BTreeMap<String, serde_json::Value>,
    }
    crate::step!(PlacedV1 => Placed, |old| { item: old.item });
    #[event(name = "order.paid", version = 2, removed(in = 2, #[serde(flatten)] money: Money))]
    pub struct Paid {
        note: Option<String>,
    }
    #[event(name = "order.sent", version = 2, removed(in = 2, cost: Vec<Amount>))]
    pub struct Sent {}
    crate::order!(Placed, Paid, Sent);
}

#[test]
fn a_type_with_ambiguous_forms_is_reported_in_old_versions_as_well() {
    let folder = Folder::new("a_type_whose_forms_cannot_be_told_apart");
    let findings = folder.findings::<mixed::Order>(Mode::Update);
    for expected in [
        "holds `..amount`: a type with a history beside the map `..rest`, which may hold entries of the names that its \
         fields have now: nothing tells which of the two was stored\nGive one of the two a name in a next version, without \
         `flatten`.",
        "holds `..money`: a type that has a field `note` in some of its forms, beside another of that name: nothing \
         tells which of the two was stored\nGive the other field a name that none ever had.",
        "holds `Amount.Cents`: without a tag it is read as `Money`, which is tried before and takes some of its values",
    ] {
        assert!(findings.iter().any(|finding| finding.contains(expected)), "{expected}\n{findings:#?}");
    }
    assert!(folder.files().is_empty());
}

/// An aggregate whose snapshots contain the type, or only what was folded from it.
macro_rules! kept {
    ($($name:ident: $state:ty, |$money:ident| $of:expr, { $($item:item)* })*) => {$(
        mod $name {
            use crate::prelude::*;

            #[event(name = "order.paid")]
            pub struct Paid { amount: Money }

            $($item)*

            #[derive(Aggregate, Default, Serialize, Deserialize)]
            #[aggregate(name = "order", id = String, events(Paid), snapshot(every = 2))]
            pub struct Order { last: Option<$state> }
            impl Apply<Paid> for Order {
                fn apply(&mut self, event: Paid) {
                    let $money = event.amount;
                    self.last = Some($of);
                }
            }
        }
    )*};
}

kept! {
    whole: Money, |money| money, {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Money { cents: i64 }
    }
    whole_now: Money, |money| money, {
        #[derive(Serialize, Shape)]
        pub struct Money { cents: i64, #[shape(added(in = 2, default = 1))] rate: u8 }
    }
    part: i64, |money| money.cents, {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Money { cents: i64 }
    }
    part_now: i64, |money| money.cents * i64::from(money.rate), {
        #[derive(Serialize, Shape)]
        pub struct Money { cents: i64, #[shape(added(in = 2, default = 1))] rate: u8 }
    }
    part_misread: i64, |money| money.cents * i64::from(money.rate), {
        #[derive(Serialize, Shape)]
        pub struct Money { cents: i64, #[shape(added(in = 2, default = 100))] rate: u8 }
    }
}

#[test]
fn the_fold_of_a_type_with_a_history_is_unchanged() {
    let folder = Folder::with::<whole::Order>("the_fold_of_a_type_with_a_history");
    folder.run::<whole_now::Order>(Mode::Update).expect("another fingerprint, so another fold");
    folder.run::<whole_now::Order>(Mode::Check).expect("what was published");
    let folder = Folder::with::<part::Order>("the_fold_of_what_a_type_with_a_history_said");
    let findings = folder.findings::<part_misread::Order>(Mode::Update);
    assert!(findings.iter().any(|finding| finding.contains("fold")), "{findings:#?}");
    folder.run::<part_now::Order>(Mode::Update).expect("the same fold, and more payloads");
    folder.run::<part_now::Order>(Mode::Check).expect("what was published");
}
