//! Aggregates as messages propose them.

use std::convert::Infallible;

#[es_core::event(name = "account.opened")]
pub struct Opened;

#[es_core::event(name = "account.closed")]
pub struct Closed;

#[es_core::event(name = "account.blocked")]
pub struct Blocked;

#[es_core::event(name = "account.moved")]
pub struct Moved;

pub mod savings {
    #[es_core::event(name = "savings.opened")]
    pub struct Opened;
}

pub struct Block;

#[derive(es_core::Aggregate, Default)]
#[aggregate(name = "account", events(Opened, Closed, Blocked, savings::Opened as Other), retired(Moved))]
pub struct Account;

impl es_core::Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl es_core::Apply<savings::Opened> for Account {
    fn apply(&mut self, _: savings::Opened) {}
}

impl es_core::Apply<Closed> for Account {
    fn apply(&mut self, event: Closed) {
        let _ = event;
    }
}

impl es_core::Apply<Blocked> for Account {
    fn apply(&mut self, _: Blocked) {}
}

impl es_core::Handle<Block> for Account {
    type Error = Infallible;
    fn handle(&self, command: &Block) -> Result<es_core::Events<Self>, Self::Error> {
        let _: &Block = command;
        let iterator = [Blocked, Blocked].into_iter();
        Ok(iterator.collect())
    }
}

impl es_core::model::Retired<Moved> for Account {
    type Error = Infallible;
    fn retired(
        event: Moved,
        context: &es_core::UpcastContext<'_>,
    ) -> Result<es_core::Events<Self>, Self::Error> {
        let _ = (event, context);
        es_core::emit(())
    }
}

mod keys {
    use super::{Blocked, Closed, Opened};
    use es_core::{Aggregate, Apply};

    macro_rules! apply {
        ($($event:ty => $aggregate:ty),+) => {
            $(impl Apply<$event> for $aggregate {
                fn apply(&mut self, _: $event) {}
            })+
        };
    }

    #[derive(Default)]
    #[non_exhaustive]
    #[derive(Aggregate)]
    #[aggregate(name = "a", was("old.name"), crate = ::my_es_core, event_enum(Name))]
    #[aggregate(events(Opened, Closed))]
    pub struct A;

    #[derive(Aggregate, Default, serde::Serialize, serde::Deserialize, es_core::shape::Shape)]
    #[aggregate(name = "b", events(Opened as Other), snapshot(every = 100))]
    pub struct B;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "c")]
    #[aggregate(events(Opened, Closed as Other))]
    pub struct C;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "d", events(Opened), snapshot(every = 100))]
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct D;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "f")]
    #[aggregate(events(Opened, Blocked))]
    pub struct F;

    apply!(Opened => F, Blocked => F, Opened => A, Closed => A, Opened => B, Opened => C, Closed => C, Opened => D);

    mod retired {
        use super::super::Opened;
        use std::convert::Infallible;

        #[es_core::event(name = "e.begun")]
        pub struct Begun;

        #[derive(es_core::Aggregate, Default)]
        #[aggregate(name = "e", events(Begun), retired(Opened))]
        pub struct E;

        impl es_core::Apply<Begun> for E {
            fn apply(&mut self, _: Begun) {}
        }

        impl es_core::model::Retired<Opened> for E {
            type Error = Infallible;
            fn retired(
                _: Opened,
                _: &es_core::UpcastContext<'_>,
            ) -> Result<es_core::Events<Self>, Infallible> {
                es_core::emit(())
            }
        }
    }
}
