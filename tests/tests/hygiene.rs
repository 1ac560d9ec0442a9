//! Names of the user's module that clash with generated code, macros around macros, and raw identifiers.

use es_core::testing::{given, read};
use es_core::{Aggregate, Event};
use serde_json::json;

/// A module that shadows every name of the prelude.
mod shadowed {
    #![allow(dead_code, non_camel_case_types, reason = "the names are there to be in the way")]

    pub(crate) struct Result;
    pub(crate) struct Option;
    pub(crate) struct Vec;
    pub(crate) struct String;
    pub(crate) struct Box;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Event;
    pub(crate) struct Events;
    pub(crate) struct RawEvent;
    pub(crate) trait From {}
    pub(crate) trait Default {}
    pub(crate) trait Send {}
    pub(crate) trait Sync {}
    pub(crate) trait FnMut {}
    pub(crate) trait Clone {}
    pub(crate) mod std {}
    pub(crate) mod core {}
    pub(crate) mod serde {}
    pub(crate) mod es_core {}

    #[::es_core::event(name = "bell.rung")]
    pub(crate) struct RungV1(pub(crate) ::std::primitive::u8);

    #[::es_core::event(name = "bell.cast")]
    pub(crate) struct Cast;

    impl ::es_core::model::Retired<Cast> for Bell {
        type Error = ::std::convert::Infallible;

        fn retired(
            _: Cast,
            _: &::es_core::UpcastContext<'_>,
        ) -> ::std::result::Result<::es_core::Events<Self>, Self::Error> {
            ::es_core::emit(Rung { times: 1 })
        }
    }

    #[::es_core::event(name = "bell.rung", version = 2, was("bell.struck"), previous = RungV1)]
    pub(crate) struct Rung {
        pub(crate) times: ::std::primitive::u8,
    }

    impl ::es_core::UpcastFrom<RungV1> for Rung {
        type Error = ::std::convert::Infallible;

        fn upcast_from(
            old: RungV1,
            _: &::es_core::UpcastContext<'_>,
        ) -> ::std::result::Result<Self, Self::Error> {
            ::std::result::Result::Ok(Self { times: old.0 })
        }
    }

    pub(crate) const LOUD: ::std::primitive::u8 = 9;

    /// Would shadow the one after `LOUD` if defaults were placed where generated code has names.
    #[::es_core::event(
        name = "bell.tuned",
        version = 3,
        write_as = 2,
        removed(in = 2, by: ::std::string::String)
    )]
    #[serde(default)]
    pub(crate) struct Tuned {
        #[event(renamed(in = 3, from = "note"))]
        pub(crate) tone: ::std::string::String,
        #[::es_core::event(added(in = 2, default = LOUD))]
        pub(crate) volume: ::std::primitive::u8,
        #[event(added(in = 3, default))]
        pub(crate) checked: ::std::option::Option<::std::primitive::bool>,
    }

    impl ::std::default::Default for Tuned {
        fn default() -> Self {
            Self {
                tone: <::std::string::String as ::std::default::Default>::default(),
                volume: 1,
                checked: ::std::option::Option::None,
            }
        }
    }

    #[derive(::std::default::Default, ::serde::Serialize, ::serde::Deserialize, ::es_core::Aggregate)]
    #[aggregate(name = "bell", id = BellId, events(Rung), retired(Cast), snapshot(every = 3))]
    pub(crate) struct Bell {
        pub(crate) rung: ::std::primitive::u8,
    }

    #[derive(::es_core::StreamKey)]
    pub(crate) struct BellId(::std::string::String);

    impl ::es_core::Apply<Rung> for Bell {
        fn apply(&mut self, event: Rung) {
            self.rung += event.times;
        }
    }
}

#[test]
fn generated_code_means_the_same_whatever_the_module_shadows() {
    let bell: shadowed::Bell = given(shadowed::Rung { times: 2 })
        .and_stored("bell.rung", 1, &json!(3))
        .and_stored("bell.struck", 1, &json!(4))
        .and_stored("bell.cast", 1, &json!(null))
        .into_state();
    assert_eq!(bell.rung, 10);
    let tuned: shadowed::Tuned = read(1, &json!({ "note": "c", "by": "Ann" })).expect("reads");
    assert_eq!((tuned.tone.as_str(), tuned.volume, tuned.checked), ("c", 9, None));
}

macro_rules! thing {
    ($vis:vis $state:ident of $name:literal, $id:ty, every $every:literal: $($event:ident = $wire:literal { $($field:ident: $ty:ty),* })*) => {
        $(
            #[es_core::event(name = $wire, version = 1)]
            $vis struct $event { $($field: $ty),* }

            impl es_core::Apply<$event> for $state {
                fn apply(&mut self, _: $event) { self.events += 1; }
            }
        )*

        #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
        #[aggregate(name = $name, id = $id, events($($event),*), snapshot(every = $every))]
        $vis struct $state { events: u32 }
    };
}

thing! {
    pub(crate) Door of "door", u64, every 5:
    Opened = "door.opened" { by: String }
    Closed = "door.closed" {}
}

macro_rules! next_version {
    ($event:ident $version:literal after $previous:path $(, $write_as:ident = $before:literal)?) => {
        #[es_core::event(name = "door.painted", version = $version, previous = $previous $(, $write_as = $before)?)]
        struct $event;

        impl es_core::UpcastFrom<$previous> for $event {
            type Error = std::convert::Infallible;
            fn upcast_from(_: $previous, _: &es_core::UpcastContext<'_>) -> Result<Self, Self::Error> {
                Ok(Self)
            }
        }
    };
}

#[es_core::event(name = "door.painted")]
struct PaintedV1;
next_version!(PaintedV2 2 after PaintedV1);
next_version!(Painted 3 after PaintedV2, write_as = 2);

impl es_core::model::DowncastTo<PaintedV2> for Painted {
    type Error = std::convert::Infallible;
    fn downcast_to(&self) -> Result<PaintedV2, Self::Error> {
        Ok(PaintedV2)
    }
}

macro_rules! with_history {
    ($event:ident = $wire:literal $version:literal, $old:ident: $gone:ty, $($field:ident: $ty:ty = $default:expr, $from:literal;)*) => {
        #[es_core::event(name = $wire, version = $version, write_as = 2, removed(in = 2, $old: $gone))]
        struct $event {
            $(#[event(added(in = 2, default = $default), renamed(in = $version, from = $from))] $field: $ty,)*
        }
    };
}

with_history!(Locked = "door.locked" 3, by: String, key: u8 = 1 + 1, "number"; turns: Vec<u8> = vec![3], "rounds";);

#[test]
fn macros_may_write_a_history() {
    let locked: Locked = read(1, &json!({ "by": "Ann" })).expect("reads");
    assert_eq!((locked.key, locked.turns), (2, vec![3]));
    let locked: Locked = read(2, &json!({ "number": 4, "rounds": [] })).expect("reads");
    assert_eq!((locked.key, locked.turns), (4, vec![]));
}

#[test]
fn macros_may_write_events_and_aggregates() {
    let door: Door = given((Opened { by: String::from("Ann") }, DoorEvent::Closed(Closed {}))).into_state();
    assert_eq!(door.events, 2);
    assert_eq!((Painted::VERSION, Painted::WRITTEN_VERSION), (3, 2));
    assert!(read::<Painted>(1, &json!(null)).is_ok());
}

mod raw {
    #[es_core::event(name = "raw.moved")]
    pub(crate) struct Moved {
        pub(crate) r#type: String,
        pub(crate) r#in: u8,
    }

    #[allow(non_camel_case_types, reason = "keywords are lower-case")]
    #[es_core::event(name = "raw.begun", version = 2, removed(in = 2, r#loop: u8))]
    #[serde(tag = "struct")]
    pub(crate) struct r#use {
        #[event(renamed(in = 2, from = "kind"))]
        pub(crate) r#type: String,
        #[event(added(in = 2, default = 3))]
        pub(crate) r#in: u8,
    }

    #[allow(non_camel_case_types, reason = "keywords are lower-case")]
    #[es_core::event(name = "raw.ended")]
    pub(crate) struct r#final(pub(crate) u8);

    #[allow(non_camel_case_types, reason = "keywords are lower-case")]
    #[derive(Debug, Default, PartialEq, es_core::Aggregate)]
    #[aggregate(name = "raw", id = String, events(Moved, r#final, Moved2 as r#move))]
    pub(crate) struct r#struct {
        pub(crate) r#type: String,
        pub(crate) r#in: u8,
    }

    #[es_core::event(name = "raw.moved.again")]
    pub(crate) struct Moved2;

    impl es_core::Apply<Moved> for r#struct {
        fn apply(&mut self, event: Moved) {
            *self = Self { r#type: event.r#type, r#in: event.r#in };
        }
    }

    impl es_core::Apply<r#final> for r#struct {
        fn apply(&mut self, event: r#final) {
            self.r#in = event.0;
        }
    }

    impl es_core::Apply<Moved2> for r#struct {
        fn apply(&mut self, _: Moved2) {}
    }
}

#[test]
fn raw_identifiers_are_written_without_their_prefix() {
    let state = given::<raw::r#struct>(())
        .and_stored("raw.moved", 1, &json!({ "type": "a", "in": 1 }))
        .and(structEvent::r#final(raw::r#final(9)))
        .and(structEvent::r#move(raw::Moved2))
        .into_state();
    assert_eq!(state, raw::r#struct { r#type: String::from("a"), r#in: 9 });
    assert_eq!(raw::r#struct::NAME, "raw");
    let begun: raw::r#use = read(1, &json!({ "struct": "use", "kind": "a", "loop": 1 })).expect("reads");
    assert_eq!((begun.r#type.as_str(), begun.r#in), ("a", 3));
}

use raw::structEvent;
