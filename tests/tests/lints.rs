//! A user who denies all lints: generated code triggers none.

#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations,
    rust_2018_idioms,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    clippy::all,
    clippy::pedantic
)]
#![forbid(unsafe_code)]

use std::convert::Infallible;

use es_core::model::Retired;
use es_core::testing::given;
use es_core::{Aggregate, Apply, Events, StreamKey, UpcastContext, UpcastFrom, emit, event};
use serde::{Deserialize, Serialize};

/// A user's events.
pub mod events {
    use super::{Infallible, UpcastContext, UpcastFrom, event};

    /// An account was opened.
    #[event(name = "account.opened", version = 2, previous = AccountOpenedV1)]
    #[derive(Debug)]
    pub struct AccountOpened {
        /// By whom.
        pub owner: String,
        /// So large that the variants differ much.
        pub picture: [u64; 32],
    }

    #[event(name = "account.opened")]
    struct AccountOpenedV1 {
        owner: String,
    }

    impl UpcastFrom<AccountOpenedV1> for AccountOpened {
        type Error = Infallible;

        fn upcast_from(old: AccountOpenedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
            Ok(Self { owner: old.owner, picture: [0; 32] })
        }
    }

    /// An account was moved.
    #[event(
        name = "account.moved",
        version = 4,
        write_as = 3,
        removed(in = 2, is_away: bool),
        removed(in = 3, #[serde(default)] is_back: bool)
    )]
    #[derive(Debug, Default)]
    #[serde(default)]
    pub struct AccountMoved {
        /// Where it is.
        #[event(renamed(in = 3, from = "branch"))]
        pub account_branch: String,
        /// Where it was.
        #[event(added(in = 2, default = Some(String::from("none"))))]
        pub account_office: Option<String>,
        /// Whether it is open.
        pub account_is_open: bool,
        /// Whether it is closed.
        pub account_is_closed: bool,
        /// Whether it is new.
        #[event(added(in = 4, default))]
        #[serde(with = "super::as_number")]
        #[shape("u8")]
        pub account_is_new: bool,
    }

    /// An account was closed.
    #[event(name = "account.closed")]
    #[derive(Debug, Clone, Copy)]
    pub struct AccountClosed;
}

mod as_number {
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    pub(crate) fn serialize<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(u8::from(*flag))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        u8::deserialize(deserializer).map(|number| number > 0)
    }
}

use events::AccountClosed;

/// An account was viewed.
#[event(name = "account.viewed", was("account.seen"))]
#[derive(Debug, Clone, Copy)]
pub struct AccountViewed;

/// The number of an account.
#[derive(Debug, Clone, PartialEq, Eq, StreamKey)]
pub struct AccountNumber {
    number: String,
}

/// An account.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account",
    id = AccountNumber,
    events(events::AccountOpened, AccountClosed),
    retired(AccountViewed),
    snapshot(every = 100, build = 3)
)]
pub struct Account {
    owner: Option<String>,
}

impl Apply<events::AccountOpened> for Account {
    fn apply(&mut self, event: events::AccountOpened) {
        self.owner = Some(event.owner);
    }
}

impl Apply<AccountClosed> for Account {
    fn apply(&mut self, _: AccountClosed) {
        self.owner = None;
    }
}

impl Retired<AccountViewed> for Account {
    type Error = Infallible;

    fn retired(_: AccountViewed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
        emit(())
    }
}

/// A private aggregate with public events, and the other way round.
mod private {
    use super::{Aggregate, Apply, event};

    #[event(name = "secret.kept")]
    struct Kept(u8);

    /// Public, although its event cannot be named.
    #[derive(Debug, Default, Aggregate)]
    #[aggregate(name = "secret", events(Kept))]
    pub(crate) struct Secret {
        kept: u8,
    }

    impl Apply<Kept> for Secret {
        fn apply(&mut self, event: Kept) {
            self.kept = event.0;
        }
    }
}

#[test]
fn generated_code_is_clean_under_every_lint() {
    let opened = events::AccountOpened { owner: String::from("Ann"), picture: [1; 32] };
    let account: Account = given((opened, AccountClosed)).into_state();
    assert_eq!(account, Account::default());
    assert_eq!(private::Secret::NAME, "secret");
}
