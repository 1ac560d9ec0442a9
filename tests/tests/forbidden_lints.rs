//! A user who forbids lints: an `allow` in generated code would not compile (E0453).
//!
//! Not forbidden are those that serde's derives allow themselves: `unused_qualifications`,
//! `unused_attributes`, `non_upper_case_globals`, `non_camel_case_types`, `clippy::useless_attribute` and
//! `clippy::absolute_paths`.

#![forbid(
    dead_code,
    deprecated,
    elided_lifetimes_in_paths,
    let_underscore_drop,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_local_definitions,
    non_snake_case,
    private_bounds,
    private_interfaces,
    redundant_imports,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_code,
    unreachable_patterns,
    unreachable_pub,
    unsafe_code,
    unused_imports,
    unused_lifetimes,
    unused_mut,
    unused_results,
    unused_variables,
    variant_size_differences,
    clippy::pedantic,
    clippy::default_trait_access,
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::module_name_repetitions,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    clippy::unwrap_used,
    clippy::use_self
)]

use std::convert::Infallible;

use es_core::model::Retired;
use es_core::projection::{Project, Projection};
use es_core::shape::Shape;
use es_core::testing::{given, read};
use es_core::{Aggregate, Apply, Events, Recorded, StreamKey, UpcastContext, UpcastFrom, emit, event};
use serde::{Deserialize, Serialize};

/// An account was opened.
#[event(name = "account.opened", was("account.started"), version = 2, previous = AccountOpenedV1)]
#[derive(Debug)]
pub struct AccountOpened {
    /// By whom.
    pub owner: String,
    /// How.
    pub channel: Channel,
}

/// How an account is opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, Shape)]
pub enum Channel {
    /// In a branch.
    #[default]
    Branch,
    /// From far away.
    Web,
}

#[event(name = "account.opened")]
#[derive(Debug)]
struct AccountOpenedV1 {
    owner: String,
}

impl UpcastFrom<AccountOpenedV1> for AccountOpened {
    type Error = Infallible;

    fn upcast_from(old: AccountOpenedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { owner: old.owner, channel: Channel::Branch })
    }
}

/// An account was moved.
#[event(name = "account.moved", version = 3, write_as = 2, removed(in = 2, #[serde(default)] is_away: bool))]
#[derive(Debug, Default)]
#[serde(default)]
pub struct AccountMoved {
    /// Where it is.
    #[event(renamed(in = 3, from = "branch"))]
    pub account_branch: String,
    /// Where it was. Known to few, so it will go.
    #[event(added(in = 2, default = Some(String::from("none"))))]
    pub account_office: Option<String>,
    /// So large that the variants differ much.
    pub picture: [u64; 32],
}

/// An account was viewed.
#[event(name = "account.viewed")]
#[derive(Debug, Clone, Copy)]
pub struct AccountViewed;

/// The number of an account.
#[derive(Debug, Clone, PartialEq, Eq, StreamKey)]
pub struct AccountNumber(String);

/// An account.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account",
    id = AccountNumber,
    events(AccountOpened, AccountMoved),
    retired(AccountViewed),
    event_enum(derive(Debug)),
    snapshot(every = 100, build = 3)
)]
pub struct Account {
    owner: Option<String>,
    channel: Channel,
}

impl Apply<AccountOpened> for Account {
    fn apply(&mut self, event: AccountOpened) {
        self.owner = Some(event.owner);
        self.channel = event.channel;
    }
}

impl Apply<AccountMoved> for Account {
    fn apply(&mut self, event: AccountMoved) {
        self.owner = event.account_office;
    }
}

impl Retired<AccountViewed> for Account {
    type Error = Infallible;

    fn retired(_: AccountViewed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
        emit(())
    }
}

/// How many accounts there are.
#[derive(Debug, Clone, Copy, Projection)]
#[projection(name = "accounts", events(AccountOpened, AccountMoved), model = u32, error = Infallible)]
pub struct Accounts;

impl Project<AccountOpened> for Accounts {
    async fn project(&self, _: &Recorded<AccountOpened>, model: &mut u32) -> Result<(), Infallible> {
        *model += 1;
        Ok(())
    }
}

impl Project<AccountMoved> for Accounts {
    async fn project(&self, _: &Recorded<AccountMoved>, _: &mut u32) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Deprecated in parts, in a crate that forbids the use of deprecated items.
mod old {
    use super::{Aggregate, Apply, StreamKey, event};

    #[event(name = "old.noted")]
    #[derive(Debug)]
    pub(super) struct Noted {
        /// No longer written.
        #[deprecated]
        pub(super) text: String,
    }

    #[deprecated]
    #[derive(Debug, StreamKey)]
    pub(super) struct Number(String);

    #[derive(Debug, Default, Aggregate)]
    #[aggregate(name = "old", id = Number, events(Noted))]
    pub(super) struct Notes;

    impl Apply<Noted> for Notes {
        fn apply(&mut self, _: Noted) {}
    }
}

#[test]
fn generated_code_builds_where_lints_are_forbidden() {
    let stored = serde_json::json!({ "owner": "Ann" });
    let account: Account = given(()).and_stored("account.started", 1, &stored).into_state();
    assert_eq!(account, Account { owner: Some(String::from("Ann")), channel: Channel::Branch });
    assert_eq!(<old::Notes as Aggregate>::NAME, "old");
    assert!(read::<old::Noted>(1, &serde_json::json!({ "text": "" })).is_ok());
}

/// A type within events that has changed since it was first stored.
#[derive(Debug, Clone, PartialEq, Serialize, Shape)]
#[serde(deny_unknown_fields)]
#[shape(removed(in = 2, is_old: bool))]
pub struct Branch {
    /// Its number.
    pub branch_number: u32,
    /// Its town.
    #[shape(renamed(in = 3, from = "place"))]
    pub branch_town: String,
    /// How it is reached.
    #[shape(added(in = 2, default = Some(Reach::Foot { minutes: 1, is_steep: false })))]
    pub branch_reach: Option<Reach>,
}

/// How a branch is reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Shape)]
pub enum Reach {
    /// On foot.
    Foot {
        /// So long.
        minutes: u8,
        /// Up.
        #[shape(added(in = 2, default))]
        is_steep: bool,
    },
    /// By car, so fast.
    #[shape(added(in = 2))]
    Car(u8),
}

#[test]
fn the_deserialize_of_a_type_with_a_history_is_free_of_lints_as_well() {
    let old =
        serde_json::json!({ "branch_number": 1, "place": "Bonn", "is_old": true, "branch_reach": null });
    let branch: Branch = serde_json::from_value(old).expect("it is read");
    assert_eq!((branch.branch_town.as_str(), branch.branch_reach), ("Bonn", None));
}
