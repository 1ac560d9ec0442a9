//! Accidental changes, and what the lock reports about them.

use es_core::Aggregate;
use es_core::lock::Mode;

use crate::folder::Folder;
use crate::guide::quotes;

/// The findings when `Now` is compared with what `Before` published.
#[track_caller]
fn found<Before: Aggregate, Now: Aggregate>(test: &str) -> String {
    let folder = Folder::with::<Before>(&format!("evolution_{test}"));
    folder.findings::<Now>(Mode::Check).join("\n\n")
}

macro_rules! generations {
    ($($module:ident: { $($item:item)* })*) => {$(
        mod $module {
            #[allow(unused_imports, reason = "the same for every generation")]
            use crate::prelude::*;
            $($item)*
        }
    )*};
}

macro_rules! steps {
    ($($module:ident: $factor:literal;)*) => {generations! {$(
        $module: {
            #[event(name = "order.paid", version = 2, previous = PaidV1)]
            pub struct Paid { cents: i64 }
            #[event(name = "order.paid", version = 1)]
            struct PaidV1 { euros: i64 }
            impl UpcastFrom<PaidV1> for Paid {
                type Error = Infallible;
                fn upcast_from(old: PaidV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                    Ok(Self { cents: old.euros * $factor })
                }
            }
            crate::order!(Paid);
        }
    )*}};
}
steps! {
    hundred: 100;
    ten: 10;
}

#[test]
fn old_events_mean_something_else_by_accident() {
    let said = found::<hundred::Order, ten::Order>("old_events_mean_something_else");
    quotes("old_events_mean_something_else_by_accident", &said);
}

macro_rules! folds {
    ($($module:ident: $build:literal, $factor:literal;)*) => {generations! {$(
        $module: {
            #[event(name = "order.paid")]
            pub struct Paid { cents: i64 }
            #[derive(Aggregate, Default, Serialize, Deserialize)]
            #[aggregate(name = "order", id = String, events(Paid), snapshot(every = 2, build = $build))]
            pub struct Order { cents: i64 }
            impl Apply<Paid> for Order {
                fn apply(&mut self, event: Paid) { self.cents += $factor * event.cents; }
            }
        }
    )*}};
}
folds! {
    once: 1, 1;
    twice: 1, 2;
    twice_with_rev: 2, 2;
}

#[test]
fn events_are_folded_to_another_state_by_accident() {
    let said = found::<once::Order, twice::Order>("events_are_folded_to_another_state");
    quotes("events_are_folded_to_another_state_by_accident", &said);
    let folder = Folder::with::<once::Order>("evolution_with_another_rev");
    folder.run::<twice_with_rev::Order>(Mode::Update).expect("no earlier snapshot is used");
}

macro_rules! names {
    ($($module:ident: $paid_in:literal, $paid_out:literal;)*) => {generations! {$(
        $module: {
            #[event(name = $paid_in)]
            pub struct PaidIn { cents: i64 }
            #[event(name = $paid_out)]
            pub struct PaidOut { cents: i64 }
            crate::order!(PaidIn, PaidOut);
        }
    )*}};
}
names! {
    right: "order.paid_in", "order.paid_out";
    wrong: "order.paid_out", "order.paid_in";
}

#[test]
fn two_events_exchange_their_names() {
    let said = found::<right::Order, wrong::Order>("two_events_exchange");
    quotes("two_events_exchange_their_names", &said);
}

macro_rules! aggregates {
    ($($module:ident: $name:literal, $id:ty, [$($event:ident),*];)*) => {generations! {$(
        $module: {
            #[event(name = "account.opened")]
            pub struct Opened { owner: String }
            #[event(name = "account.closed")]
            pub struct Closed;
            #[derive(Aggregate, Default)]
            #[aggregate(name = $name, id = $id, events($($event),*))]
            pub struct Account;
            $(impl Apply<$event> for Account { fn apply(&mut self, _: $event) {} })*
        }
    )*}};
}
aggregates! {
    account: "account", u64, [Opened, Closed];
    wallet: "wallet", u64, [Opened, Closed];
    by_text: "account", String, [Opened, Closed];
    never_closed: "account", u64, [Opened];
}
generations! {
    archive: {
        use super::never_closed::Closed;
        #[derive(Aggregate, Default)]
        #[aggregate(name = "archive", id = u64, events(Closed))]
        pub struct Archive;
        impl Apply<Closed> for Archive { fn apply(&mut self, _: Closed) {} }
    }
}

#[test]
fn an_aggregate_is_another_one_than_before() {
    let folder = Folder::with::<account::Account>("evolution_an_aggregate_is_another_one");
    let moved = folder.run_both::<never_closed::Account, archive::Archive>(Mode::Update);
    let said = [
        found::<account::Account, wallet::Account>("an_aggregate_of_another_name"),
        found::<account::Account, by_text::Account>("an_aggregate_with_another_id"),
        moved.expect_err("it left the aggregate").to_string().replace("\n   ", "\n"),
    ];
    quotes("an_aggregate_is_another_one_than_before", &said.join("\n\n"));
}
