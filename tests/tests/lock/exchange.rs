//! Names on the wire that are given to other Rust items, while the shapes stay as they are.

use es_core::lock::Mode;

use crate::folder::Folder;

macro_rules! accounts {
    ($($module:ident: $paid_in:ident = $first:literal, $paid_out:ident = $second:literal;)*) => {$(
        mod $module {
            use crate::prelude::*;

            #[event(name = $first)]
            pub struct $paid_in { cents: i64 }
            #[event(name = $second)]
            pub struct $paid_out { cents: i64 }
            crate::order!($paid_in, $paid_out);
        }
    )*};
}
accounts! {
    first: Deposited = "paid.in", Withdrawn = "paid.out";
    exchanged: Deposited = "paid.out", Withdrawn = "paid.in";
    renamed_in_rust: Received = "paid.in", Withdrawn = "paid.out";
}

mod taken_over {
    use crate::prelude::*;

    #[event(name = "paid.in")]
    pub struct Refunded {
        cents: i64,
    }
    #[event(name = "paid.out")]
    pub struct Withdrawn {
        cents: i64,
    }
    #[event(name = "paid.in.cash")]
    pub struct Deposited {
        cents: i64,
    }
    crate::order!(Refunded, Withdrawn, Deposited);
}

#[test]
fn two_events_that_swap_their_names_are_reported() {
    let folder = Folder::with::<first::Order>("two_events_that_exchange");
    let expected = ["the event `paid.in` was `Deposited` in Rust and is `Withdrawn` now, and `Deposited` is `paid.out`
the event `paid.out` was `Withdrawn` in Rust and is `Deposited` now, and `Withdrawn` is `paid.in`
Is it the same thing under another Rust name? If not, stored events of one name would be read as those of the other: give the \
        names back with `#[event(name = …)]`.
If only Rust names were exchanged, `ES_LOCK=update cargo test` writes the new ones into events.lock."];
    assert_eq!(folder.findings::<exchanged::Order>(Mode::Check), expected);
    assert_eq!(folder.accepted::<exchanged::Order>(), expected, "an update says what it accepts");
    folder.run::<exchanged::Order>(Mode::Check).expect("what was accepted");
}

#[test]
fn an_item_that_is_renamed_only_in_rust_needs_no_update() {
    let folder = Folder::with::<first::Order>("an_item_that_is_renamed");
    let lock = folder.read("events.lock");
    folder.run::<renamed_in_rust::Order>(Mode::Check).expect("nothing that is stored has changed");
    assert!(folder.accepted::<renamed_in_rust::Order>().is_empty());
    assert_eq!(
        folder.read("events.lock"),
        lock.replace("first::Deposited", "renamed_in_rust::Received").replace("first::", "renamed_in_rust::")
    );
}

#[test]
fn a_swap_is_reported_although_one_rust_name_in_the_lock_is_outdated() {
    let folder = Folder::with::<first::Order>("an_exchange_is_found_although");
    folder.write("events.lock", &folder.read("events.lock").replace("first::Deposited", "first::Forgotten"));
    let found = folder.findings::<exchanged::Order>(Mode::Check);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("`paid.out` was `Withdrawn` in Rust and is `Deposited`"), "{}", found[0]);
}

#[test]
fn taking_over_the_name_of_an_existing_item_is_reported() {
    let folder = Folder::with::<first::Order>("a_name_that_is_taken_over");
    let found = folder.findings::<taken_over::Order>(Mode::Check);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].contains(
            "`paid.in` was `Deposited` in Rust and is `Refunded` now, and `Deposited` is `paid.in.cash`"
        ),
        "{}",
        found[0]
    );
}

macro_rules! parts {
    ($($module:ident: { $($item:item)* })*) => {$(
        mod $module {
            use crate::prelude::*;
            $($item)*
            crate::order!(Paid);
        }
    )*};
}
parts! {
    parts_first: {
        #[event(name = "order.paid")]
        pub struct Paid { net: i64, gross: i64, by: Means, in_cents: Cents, in_euros: Euros }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Means { Cash, Card, Cheque { number: u8, bank: u8 } }
        #[derive(Serialize, Deserialize, Shape)]
        #[shape(name = "A")]
        pub struct Cents(i64);
        #[derive(Serialize, Deserialize, Shape)]
        #[shape(name = "B")]
        pub struct Euros(i64);
    }
    fields_exchanged: {
        #[event(name = "order.paid")]
        pub struct Paid {
            #[serde(rename = "gross")] net: i64,
            #[serde(rename = "net")] gross: i64,
            by: Means, in_cents: Cents, in_euros: Euros,
        }
        pub use super::parts_first::{Cents, Euros, Means};
    }
    variants_exchanged: {
        #[event(name = "order.paid")]
        pub struct Paid { net: i64, gross: i64, by: Means, in_cents: Cents, in_euros: Euros }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Means {
            #[serde(rename = "Card")] Cash,
            #[serde(rename = "Cash")] Card,
            Cheque { #[serde(rename = "bank")] number: u8, #[serde(rename = "number")] bank: u8 },
        }
        pub use super::parts_first::{Cents, Euros};
    }
    renamed_parts: {
        #[event(name = "order.paid")]
        pub struct Paid {
            #[serde(rename = "net")] without_tax: i64,
            gross: i64,
            by: Means, in_cents: Cents, in_euros: Euros,
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Means { #[serde(rename = "Cash")] Coins, Card, Cheque { number: u8, bank: u8 } }
        pub use super::parts_first::{Cents, Euros};
    }
    types_exchanged: {
        #[event(name = "order.paid")]
        pub struct Paid { net: i64, gross: i64, by: Means, in_cents: Euros, in_euros: Cents }
        #[derive(Serialize, Deserialize, Shape)]
        #[shape(name = "B")]
        pub struct Cents(i64);
        #[derive(Serialize, Deserialize, Shape)]
        #[shape(name = "A")]
        pub struct Euros(i64);
        pub use super::parts_first::Means;
    }
}

#[test]
fn two_fields_that_swap_their_names_are_reported() {
    let folder = Folder::with::<parts_first::Order>("two_fields_that_exchange");
    assert_eq!(
        folder.findings::<fields_exchanged::Order>(Mode::Check),
        ["the field `gross` of `Paid` in `order.paid` version 1 was `gross` in Rust and is `net` now, and `gross` is `net`
the field `net` of `Paid` in `order.paid` version 1 was `net` in Rust and is `gross` now, and `net` is `gross`
Is it the same thing under another Rust name? If not, stored values of one name would be read as those of the other: give the \
        names back with `#[serde(rename = …)]`.
If only Rust names were exchanged, `ES_LOCK=update cargo test` writes the new ones into events.lock."]
    );
    assert_eq!(folder.accepted::<fields_exchanged::Order>().len(), 1);
    assert!(folder.read("events.lock").contains("  rust payload.gross: net\n  rust payload.net: gross\n"));
    assert_eq!(folder.findings::<parts_first::Order>(Mode::Check).len(), 1, "nor back");
}

#[test]
fn two_variants_that_swap_their_names_are_reported() {
    let folder = Folder::with::<parts_first::Order>("two_variants_that_exchange");
    let found = folder.findings::<variants_exchanged::Order>(Mode::Check);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].starts_with(
            "the variant `Card` of `Means` in `order.paid` version 1 was `Card` in Rust and is `Cash` now"
        ),
        "{}",
        found[0]
    );
    assert!(
        found[1]
            .starts_with("the field `bank` of `Means::Cheque` in `order.paid` version 1 was `bank` in Rust"),
        "{}",
        found[1]
    );
}

#[test]
fn two_types_that_swap_their_names_are_reported() {
    let folder = Folder::with::<parts_first::Order>("two_types_that_exchange");
    let found = folder.findings::<types_exchanged::Order>(Mode::Check);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("the type `A` in `order.paid` version 1 was `Cents` in Rust and is `Euros` now, and `Cents` is `B`"), "{}", found[0]);
}

#[test]
fn a_field_or_a_variant_that_is_renamed_only_in_rust_needs_no_update() {
    let folder = Folder::with::<parts_first::Order>("a_field_that_is_renamed_in_rust");
    folder.run::<renamed_parts::Order>(Mode::Check).expect("nothing that is stored has changed");
}
