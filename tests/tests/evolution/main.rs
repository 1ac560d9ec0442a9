//! Changes of events: the scenarios of `docs/evolution.md`, each in a test with its name, and every kind of
//! change by itself.

#![allow(missing_docs, dead_code, reason = "events that only these tests look at")]

mod accidents;
mod decode;
mod events;
mod field_history;
mod fields;
#[path = "../lock/folder.rs"]
mod folder;
mod guide;
mod meaning;
mod nested_history;
mod registration;
mod renamed_categories;
mod renamed_events;
mod retired_events;
mod rolling_deploys;
mod steps;
mod streams;
mod types;
mod unknown;
mod versions;
mod write_as;
mod write_as_contexts;

/// What every module of events needs.
mod prelude {
    pub(crate) use std::convert::Infallible;

    pub(crate) use es_core::model::Retired;
    pub(crate) use es_core::record::DecodeProblem;
    pub(crate) use es_core::shape::Shape;
    pub(crate) use es_core::testing::{given, read};
    pub(crate) use es_core::{
        Aggregate, Apply, Event, Events, ExecuteError, Handle, MemoryStore, Repository, StoreError,
        UpcastContext, UpcastFrom, emit, event,
    };
    pub(crate) use serde::{Deserialize, Serialize};
    pub(crate) use serde_json::json;
}

/// An aggregate `Order` that applies these events and ignores them.
macro_rules! order {
    ($($event:ident),*) => {
        #[derive(Aggregate, Default)]
        #[aggregate(name = "order", id = String, events($($event),*))]
        pub struct Order;
        $(impl Apply<$event> for Order {
            fn apply(&mut self, _: $event) {}
        })*
    };
}

/// The published program, the same with an undeclared change, and how the change is declared; then what old
/// events are read as. Each is a module with an aggregate `Order`.
macro_rules! scenario {
    (
        $test:ident:
        published { $($published:tt)* }
        forgotten { $($forgotten:tt)* }
        today { $($today:tt)* }
        then { $($then:tt)* }
    ) => {
        #[test]
        fn $test() {
            mod published {
                #[allow(unused_imports, reason = "the same for every scenario")]
                use crate::prelude::*;
                $($published)*
            }
            mod forgotten {
                #[allow(unused_imports, reason = "the same for every scenario")]
                use crate::prelude::*;
                $($forgotten)*
            }
            mod today {
                #[allow(unused_imports, reason = "the same for every scenario")]
                use crate::prelude::*;
                $($today)*
            }
            crate::guide::evolves::<published::Order, forgotten::Order, today::Order>(stringify!($test));
            #[allow(unused_imports, reason = "the same for every scenario")]
            use crate::prelude::*;
            #[allow(unused_imports, reason = "the same for every scenario")]
            use today::*;
            $($then)*
        }
    };
}

pub(crate) use {order, scenario};
