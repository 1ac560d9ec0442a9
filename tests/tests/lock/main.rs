//! The lock: its findings when the code no longer means what was published, and its messages.

#![allow(missing_docs, dead_code, reason = "events that only the lock looks at")]

mod advice;
mod ambiguous;
mod changes;
mod exchange;
mod fits;
mod folder;
mod folds;
mod golden;
mod history;
mod lifecycle;
mod lines;
mod meaning;
mod nested;
mod next_version;
mod old_readers;
mod renames;
mod unseen;

/// What every module of events needs.
mod prelude {
    pub(crate) use std::collections::BTreeMap;

    pub(crate) use es_core::shape::Shape;
    pub(crate) use es_core::{Aggregate, Apply, UpcastContext, UpcastFrom, event};
    pub(crate) use serde::{Deserialize, Serialize};
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

/// An upcast that is never executed.
macro_rules! step {
    ($old:ident => $new:ident, |$value:ident| { $($field:ident: $from:expr),* }) => {
        impl UpcastFrom<$old> for $new {
            type Error = std::convert::Infallible;
            fn upcast_from($value: $old, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {
                let _ = &$value;
                Ok(Self { $($field: $from),* })
            }
        }
    };
}

pub(crate) use {order, step};
