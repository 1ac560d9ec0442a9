//! A user without a prelude.

#![no_implicit_prelude]

use ::std::prelude::v1::{derive, test};

/// A user's events.
mod events {
    use ::std::string::String;

    #[::es_core::event(name = "account.opened")]
    pub(crate) struct OpenedV1 {
        pub(crate) owner: String,
    }

    #[::es_core::event(name = "account.opened", version = 2, previous = OpenedV1)]
    pub(crate) struct Opened {
        pub(crate) owner: String,
    }

    impl ::es_core::UpcastFrom<OpenedV1> for Opened {
        type Error = ::std::convert::Infallible;

        fn upcast_from(
            old: OpenedV1,
            _: &::es_core::UpcastContext<'_>,
        ) -> ::std::result::Result<Self, Self::Error> {
            ::std::result::Result::Ok(Self { owner: old.owner })
        }
    }
}

/// A history, without a prelude.
mod history {
    #[::es_core::event(name = "account.moved", version = 2, write_as = 1)]
    #[serde(default)]
    #[derive(::std::default::Default)]
    pub(crate) struct Moved {
        #[event(renamed(in = 2, from = "street"))]
        pub(crate) to: ::std::string::String,
        #[event(added(in = 2, default))]
        pub(crate) number: ::std::option::Option<u8>,
    }
}

#[derive(::es_core::StreamKey)]
struct Number(::std::string::String);

#[derive(::std::default::Default, ::serde::Serialize, ::serde::Deserialize, ::es_core::Aggregate)]
#[aggregate(
    name = "account",
    id = Number,
    events(events::Opened),
    event_enum(Happened, derive(::std::fmt::Debug, ::std::cmp::PartialEq)),
    snapshot(every = 5)
)]
struct Account {
    owner: ::std::string::String,
}

impl ::std::fmt::Debug for events::Opened {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.write_str(&self.owner)
    }
}

impl ::std::cmp::PartialEq for events::Opened {
    fn eq(&self, other: &Self) -> bool {
        self.owner == other.owner
    }
}

impl ::es_core::Apply<events::Opened> for Account {
    fn apply(&mut self, event: events::Opened) {
        self.owner = event.owner;
    }
}

#[test]
fn generated_code_needs_no_prelude() {
    let opened = || events::Opened { owner: ::std::string::ToString::to_string("Ann") };
    let account: Account = ::es_core::testing::given(Happened::Opened(opened())).into_state();
    ::std::assert_eq!(account.owner, "Ann");
    ::std::assert_eq!(Happened::Opened(opened()), <Happened as ::std::convert::From<_>>::from(opened()));
    let nothing = ::serde_json::Value::Object(::serde_json::Map::new());
    let moved: history::Moved = match ::es_core::testing::read(1, &nothing) {
        ::std::result::Result::Ok(moved) => moved,
        ::std::result::Result::Err(error) => ::std::panic!("{error}"),
    };
    ::std::assert_eq!((&*moved.to, moved.number), ("", ::std::option::Option::None));
}
