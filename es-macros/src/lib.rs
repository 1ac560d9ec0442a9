//! The macros of es-core: `#[event]`, `#[derive(Aggregate)]`, `#[derive(Projection)]`,
//! `#[derive(Publisher)]`, `#[derive(Reactor)]`, `#[derive(Shape)]`, `#[derive(StreamKey)]`.
//!
//! Use them through es-core, which re-exports them. Each goes the same way: parse, check, expand. Mistakes
//! come out of the first two, all of them in one build; the third always yields code, so that a mistake in an
//! attribute is reported once and not again wherever the type is used.

mod aggregate;
mod errors;
mod event;
mod event_list;
mod history;
mod keys;
mod paths;
mod process;
mod projection;
mod publisher;
mod reactor;
mod reading;
mod shape;
mod stream_key;
mod text;
mod unique_names;
mod unowned;

use proc_macro::TokenStream;

/// Makes a struct an event: a fact that is stored, of one name and one version.
///
/// ```
/// use es_core::{UpcastContext, UpcastFrom, event};
/// use std::convert::Infallible;
///
/// #[event(name = "account.deposited", version = 1)]
/// struct DepositedV1 {
///     euros: i64,
/// }
///
/// #[event(name = "account.deposited", version = 2, previous = DepositedV1)]
/// #[derive(Debug, Clone, PartialEq)]
/// pub struct Deposited {
///     pub cents: i64,
/// }
///
/// impl UpcastFrom<DepositedV1> for Deposited {
///     type Error = Infallible;
///
///     fn upcast_from(old: DepositedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
///         Ok(Self { cents: old.euros * 100 })
///     }
/// }
/// ```
///
/// | key | meaning |
/// |---|---|
/// | `name = "…"` | required: the wire name, 1 to 255 bytes; whoever changes it lists the old one in `was` |
/// | `version = N` | the version of this struct, 1 if not written |
/// | `previous = Type` | required from version 2 on, unless the history below says it: the struct of version N - 1, an event of the same name, or of one in `was`; it may be private |
/// | `removed(in = 3, field: Type)` | a field that versions before 3 have: a part of the history below |
/// | `write_as = N - 1` | write events as the version before, which programs know that run beside this one; needs `DowncastTo<Previous>`, which a history brings along |
/// | `was("old.name", …)` | names that the event had before: what is stored under them is read as this event, in every version; a name once used is never given to another event |
/// | `semantics = "…"` | what the values mean, where the shape does not say it; a change of it is a change of the shape |
/// | `crate = path` | the path of es-core, where it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// The struct may have named fields, unnamed ones or none, and no generic parameters. `serde::Serialize` and
/// `serde::Deserialize` are derived for it, each unless a derive below `#[event]` names it; attributes of
/// serde below `#[event]` work as ever. The shape is derived as well, as
/// [`#[derive(Shape)]`](derive@Shape) does it for other types, and `#[shape(…)]` is read in the same places.
/// A field must not be there by `cfg`: what is stored cannot depend on a build flag.
///
/// What `#[allow(…)]` says on the struct holds for the generated code as well, which allows nothing by
/// itself: it builds where lints are forbidden. An event that is deprecated is listed and read without a
/// warning.
///
/// `#[event]` comes first. It cannot see what stands above it: a `#[serde(…)]` there has no derive yet that
/// it could belong to (`cannot find attribute serde in this scope`), and a `#[derive(Serialize)]` there is
/// derived again (`conflicting implementations`).
///
/// # The history of fields
///
/// Changes that need no code are said where they happened, in place of `previous`. The structs of the old
/// versions are made from it, and the steps between them, which only move.
///
/// ```
/// use es_core::event;
///
/// #[event(name = "parcel.sent", version = 3, removed(in = 3, note: String))]
/// #[derive(Debug, PartialEq)]
/// pub struct Sent {
///     pub to: String,
///     #[event(renamed(in = 2, from = "weight"))]
///     pub grams: u32,
///     #[event(added(in = 3, default = "post".to_owned()))]
///     pub carrier: String,
/// }
///
/// let first = serde_json::json!({ "to": "Ann", "weight": 250, "note": "fragile" });
/// let sent: Sent = es_core::testing::read(1, &first)?;
/// assert_eq!(sent, Sent { to: "Ann".into(), grams: 250, carrier: "post".into() });
/// # Ok::<(), es_core::record::DecodeError>(())
/// ```
///
/// | where | what | meaning |
/// |---|---|---|
/// | on a field | `#[event(added(in = 2, default = EXPR))]` | events before version 2 are without it, and mean `EXPR`; `default` alone is the `Default` of its type |
/// | on a field | `#[event(renamed(in = 3, from = "old"))]` | its wire name before version 3; one for each name that it had, in their order |
/// | above the struct | `removed(in = 3, field: Type)` | versions before 3 have it; what it held is dropped. In front of the field stand its attributes of then: `#[serde(…)]`, `#[shape(…)]`, and `#[event(…)]` with a history of its own |
///
/// Each version from 2 on must have changed something. A struct has a history or a `previous`; one with a
/// history may itself be the `previous` of a newer struct.
///
/// `EXPR` is made anew for each old event, so it should be cheap, and it must always come out the same: the
/// test of the lock writes it down, and fails when it is another one later.
///
/// The attributes of serde on the struct, and on the fields, hold in every version; only the name of a
/// renamed field differs. `semantics` holds in every version as well. A history is refused where it cannot be
/// told what was stored: for fields without names, for a struct that holds itself or is written as something
/// else (`transparent`, `from`, `into`), for a field that is skipped, and for a flattened field that is
/// renamed.
///
/// With `write_as`, fields are cloned into the version before; what that one lacks is lost, for the state as
/// well, which is always folded from what was written. A version that removed a field cannot be written as
/// the one before.
///
/// # Mistakes
///
/// The build fails when `previous` has another name or is not of version N - 1, when it had a name that is
/// not in `was`, and when the step is missing: the implementation of `UpcastFrom<Previous>`.
///
/// <details><summary>What is generated</summary>
///
/// ```text
/// #[derive(::es_core::__private::serde::Serialize, ::es_core::__private::serde::Deserialize)]
/// #[serde(crate = "::es_core::__private::serde")]
/// #[derive(Debug, Clone, PartialEq)]
/// pub struct Deposited {
///     pub cents: i64,
/// }
///
/// impl Event for Deposited {
///     const NAME: &'static str = "account.deposited";
///     const VERSION: u32 = 2;
///
///     fn decode(raw: &RawEvent<'_>) -> Result<Self, DecodeError> {
///         // Version 2 into this struct; version 1 into `DepositedV1`, then `upcast_from`.
///     }
///
///     // `description`: name, version, shape, and the version before.
/// }
///
/// // With a history, all of this stands in a `const _: () = { … }`, beside a struct for each old version,
/// // with its `Event`, `Shape` and `UpcastFrom`.
///
/// impl Shape for Deposited { … }
///
/// // Stops the build when `DepositedV1` is no version 1 of "account.deposited".
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_attribute]
pub fn event(attribute: TokenStream, item: TokenStream) -> TokenStream {
    event::event(attribute.into(), &item.into(), event::Kind::Event).into()
}

/// Makes a struct a command that a process can send: it waits in the stream of the process until it was sent,
/// so it has a name and a version.
///
/// ```
/// use es_core::process::command;
///
/// #[command(name = "account.withdraw")]
/// pub struct Withdraw {
///     pub cents: u32,
/// }
/// ```
///
/// All keys of [`#[event]`](macro@event) hold, and its rules: serde and the shape are derived, an old version
/// is named by `previous` and brought up by `UpcastFrom`, the history of a field is said with `#[event(…)]`
/// on it, and the lock knows every version. Commands, timers and events never share a name. An aggregate
/// handles it as any other command, through `Handle`.
#[proc_macro_attribute]
pub fn command(attribute: TokenStream, item: TokenStream) -> TokenStream {
    event::event(attribute.into(), &item.into(), event::Kind::Command).into()
}

/// Makes a struct a timer of a process: it is stored when it is scheduled and read when it is due, so it has
/// a name and a version.
///
/// ```
/// use es_core::process::timer;
///
/// #[timer(name = "chase.silence")]
/// pub struct Silence {}
/// ```
///
/// All keys of [`#[event]`](macro@event) hold, and its rules, as for [`#[command]`](macro@command).
#[proc_macro_attribute]
pub fn timer(attribute: TokenStream, item: TokenStream) -> TokenStream {
    event::event(attribute.into(), &item.into(), event::Kind::Timer).into()
}

/// Makes a struct, or an enum of states, an aggregate: state that is folded from its events.
///
/// ```
/// use es_core::{Aggregate, Apply, event};
///
/// #[event(name = "account.opened")]
/// pub struct Opened {
///     pub owner: String,
/// }
///
/// #[event(name = "account.deposited")]
/// pub struct Deposited {
///     pub cents: i64,
/// }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(name = "account", id = String, events(Opened, Deposited))]
/// pub struct Account {
///     owner: Option<String>,
///     cents: i64,
/// }
///
/// impl Apply<Opened> for Account {
///     fn apply(&mut self, event: Opened) {
///         self.owner = Some(event.owner);
///     }
/// }
///
/// impl Apply<Deposited> for Account {
///     fn apply(&mut self, event: Deposited) {
///         self.cents += event.cents;
///     }
/// }
///
/// let event = AccountEvent::from(Deposited { cents: 5 });
/// assert_eq!(Account::event_type(&event).name, "account.deposited");
/// ```
///
/// | key | meaning |
/// |---|---|
/// | `name = "…"` | required: the category of the aggregate's streams, 1 to 255 bytes; whoever changes it lists the old one in `was` |
/// | `was("old.name", …)` | names that the category had before: streams that were made under them are the aggregate's own |
/// | `events(A, b::B as Other, …)` | required: the event types, each in its newest version; `as` names the variant where two would have the same name |
/// | `retired(X, Y, …)` | events that are read but no longer written, each in its newest version; each needs a `Retired`, which says what it means today |
/// | `id = Type` | what names one instance, a `StreamKey`; `Uuid` if not written |
/// | `event_enum(Name, derive(…))` | name and derives of the generated enum; `<Aggregate>Event` and none if not written |
/// | `snapshot(every = N, build = R)` | keep the state when that many events were folded; needs serde on the state. Another `build`, 0 if not written, makes older snapshots invalid: for a change of `apply` that no field shows |
/// | `unknown = "error"` | what a stored event is whose name is not listed: an error, or, with `"skip"`, nothing |
/// | `crate = path` | the path of es-core, where it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// The `Default` of the type is the state of the empty stream. Each listed event needs an `Apply`. The type
/// may be generic, its events may not; bounds that its `Apply` needs stand on the type itself.
///
/// A retired event is no part of the enum and needs no `Apply`; a command that yields it does not compile.
/// Two events of one aggregate, retired ones included, never have the same name, now or before.
///
/// A snapshot is valid for the aggregate's name, the shape of its state, the events with their versions and
/// names, the retired ones, and `build`. A change within a type that has no `Shape`, or of what a retired
/// event means, is not seen: change `build` with it.
///
/// <details><summary>What is generated</summary>
///
/// ```text
/// pub enum AccountEvent {
///     Opened(Opened),
///     Deposited(Deposited),
/// }
///
/// impl From<Opened> for AccountEvent { … }
/// impl From<Deposited> for AccountEvent { … }
///
/// impl Aggregate for Account {
///     const NAME: &'static str = "account";
///     type Id = String;
///     type Event = AccountEvent;
///
///     fn apply_event(&mut self, event: AccountEvent) {
///         match event {
///             AccountEvent::Opened(event) => <Self as Apply<Opened>>::apply(self, event),
///             AccountEvent::Deposited(event) => <Self as Apply<Deposited>>::apply(self, event),
///         }
///     }
///
///     // `event_types`, `event_type`, `encode`, `decode`, `description` in the same way, and `snapshots`.
/// }
///
/// // What a decision may yield.
/// impl IntoEvents<Account> for AccountEvent { … }
/// impl IntoEvents<Account> for Opened { … }
/// impl IntoEvents<Account> for Deposited { … }
///
/// // Stops the build when two events have the same name.
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_derive(Aggregate, attributes(aggregate, shape))]
pub fn aggregate(item: TokenStream) -> TokenStream {
    aggregate::derive(item.into()).into()
}

/// Makes an aggregate a process, which takes events of other streams, sends commands and has timers. The
/// module `es_core::process` shows one.
///
/// | key | meaning |
/// |---|---|
/// | `on(A, b::B as Other, …)` | required: the events that it takes, each in its newest version; each needs an `On` |
/// | `timers(T, …)` | its timers, each a `#[timer]`; each needs an `OnTimer` |
/// | `sends(Account: Withdraw, …)` | the commands that it sends, each a `#[command]`, with the aggregate that handles it; one that can be rejected needs an `OnRejected` |
/// | `name = "…"` | the name under which its checkpoints are kept; that of the aggregate if not written. Keep it when the aggregate gets another name |
/// | `crate = path` | the path of es-core, where it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// It stands beside `#[derive(Aggregate)]`, which adds the event `process.stepped` to the `events(…)` of the
/// aggregate; those may be left out.
///
/// <details><summary>What is generated</summary>
///
/// ```text
/// enum ChaseInput { Submitted(Recorded<Submitted>) }
///
/// impl Input<Chase> for ChaseInput { … }
/// impl Process for Chase { … }
/// impl Apply<Stepped> for Chase { … }
///
/// impl Schedules<Silence> for Chase {}
/// impl Sends<Remind> for Chase { type Target = Application; }
/// ```
///
/// </details>
#[proc_macro_derive(Process, attributes(process))]
pub fn process(item: TokenStream) -> TokenStream {
    process::derive(item.into()).into()
}

/// Makes a type a projection: a read model that is built from events, of one aggregate or of several.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::convert::Infallible;
/// use es_core::projection::{Project, Projection};
/// use es_core::{Recorded, event};
///
/// #[event(name = "account.deposited")]
/// pub struct Deposited {
///     pub cents: i64,
/// }
///
/// #[derive(Projection)]
/// #[projection(
///     name = "balances", build = 1, events(Deposited), model = BTreeMap<String, i64>, error = Infallible
/// )]
/// struct Balances;
///
/// impl Project<Deposited> for Balances {
///     async fn project(
///         &self, event: &Recorded<Deposited>, model: &mut BTreeMap<String, i64>,
///     ) -> Result<(), Infallible> {
///         *model.entry(event.stream.key().to_owned()).or_default() += event.event.cents;
///         Ok(())
///     }
/// }
/// ```
///
/// | key | meaning |
/// |---|---|
/// | `name = "…"` | required: 1 to 40 lower-case letters, digits and `_`, as it becomes a part of the names of tables |
/// | `build = N` | raised when the model must be built anew, from the first event; 1 if not written |
/// | `events(A, b::B as Other, …)` | required: the event types, each in its newest version; `as` names the variant where two would have the same name |
/// | `model = Type` | required: what the events go into, such as `PgConnection` or a struct |
/// | `error = Type` | why an event cannot be projected; `es_core::record::BoxError` if not written |
/// | `batch` | events come in slices, through `ProjectBatch`, and not one by one through `Project` |
/// | `setup` | an empty model is made by `ProjectSetup` |
/// | `crate = path` | the path of es-core, where it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// Each listed event needs a `Project`, unless there is `batch`. An event that an aggregate has retired is
/// listed like any other: a projection takes what was stored. Events that are not listed are not read.
///
/// <details><summary>What is generated</summary>
///
/// ```text
/// #[derive(Debug)]
/// enum BalancesEvent {
///     Deposited(Recorded<Deposited>),
/// }
///
/// impl Projection for Balances {
///     const NAME: &'static str = "balances";
///     const BUILD: u32 = 1;
///     type Model = BTreeMap<String, i64>;
///     type Error = Infallible;
///     type Event = BalancesEvent;
///
///     // `filter` and `decode` by the names of the events, earlier ones included.
///
///     async fn project_all(
///         &self, events: &[BalancesEvent], model: &mut Self::Model,
///     ) -> Result<(), Self::Error> {
///         for event in events {
///             match event {
///                 BalancesEvent::Deposited(event) => {
///                     <Self as Project<Deposited>>::project(self, event, model).await?
///                 }
///             }
///         }
///         Ok(())
///     }
/// }
///
/// // Stops the build when two events have the same name.
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_derive(Projection, attributes(projection))]
pub fn projection(item: TokenStream) -> TokenStream {
    projection::derive(item.into()).into()
}

/// Makes a type a reactor: side effects of events after their commit, such as mail and calls of other
/// services.
///
/// ```
/// use es_core::reactor::{React, Reactor};
/// use es_core::{Recorded, event};
///
/// #[event(name = "account.opened")]
/// pub struct Opened {
///     pub email: String,
/// }
///
/// struct Mailer;
///
/// type MailError = std::io::Error;
///
/// impl Mailer {
///     async fn send(&self, key: String, to: &str) -> Result<(), MailError> {
///         println!("{key}: welcome, {to}");
///         Ok(())
///     }
/// }
///
/// #[derive(Reactor)]
/// #[reactor(name = "welcome-mail", events(Opened), error = MailError)]
/// struct WelcomeMail {
///     mailer: Mailer,
/// }
///
/// impl React<Opened> for WelcomeMail {
///     async fn react(&self, event: &Recorded<Opened>) -> Result<(), MailError> {
///         // It may come again after a crash: the event's id is the idempotency key.
///         self.mailer.send(event.event_id.to_string(), &event.event.email).await
///     }
/// }
/// ```
///
/// | key | meaning |
/// |---|---|
/// | `name = "…"` | required: the name under which the checkpoint is kept, 1 to 40 lower-case letters, digits, `-` and `_`. Another name is another reactor, which begins anew |
/// | `events(A, b::B as Other, …)` | required: the event types, each in its newest version; `as` names the variant where two would have the same name |
/// | `error = Type` | why it cannot react to an event; `es_core::record::BoxError` if not written |
/// | `crate = path` | the path of es-core, where it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// Each listed event needs a `React`. An event that an aggregate has retired is listed like any other. Events
/// that are not listed are not read.
///
/// <details><summary>What is generated</summary>
///
/// ```text
/// #[derive(Debug)]
/// enum WelcomeMailEvent {
///     Opened(Recorded<Opened>),
/// }
///
/// impl Reactor for WelcomeMail {
///     const NAME: &'static str = "welcome-mail";
///     type Error = MailError;
///     type Event = WelcomeMailEvent;
///
///     // `filter` and `decode` by the names of the events, earlier ones included.
///
///     async fn react_to(&self, event: &WelcomeMailEvent) -> Result<(), MailError> {
///         match event {
///             // What it writes with a repository was caused by the event.
///             WelcomeMailEvent::Opened(event) => <Self as React<Opened>>::react(self, event).await,
///         }
///     }
/// }
///
/// // Stops the build when two events have the same name.
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_derive(Reactor, attributes(reactor))]
pub fn reactor(item: TokenStream) -> TokenStream {
    reactor::derive(item.into()).into()
}

/// Describes how serde writes a struct or an enum: its shape, which the lock compares and fingerprints cover.
///
/// For the types inside of events and states; the events themselves have a shape by `#[event]`.
///
/// ```
/// use es_core::shape::{Schema, Shape};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Shape)]
/// #[serde(rename_all = "camelCase")]
/// pub struct Payment {
///     amount: Cents,
///     #[serde(default)]
///     paid_by: Option<String>,
/// }
///
/// #[derive(Serialize, Deserialize, Shape)]
/// pub struct Cents(i64);
///
/// let text = "\
/// payload: struct
///   amount: Cents
///   paidBy: option<string>, default
/// type Cents: i64
/// ";
/// assert_eq!(Schema::of::<Payment>().text(), text);
/// ```
///
/// serde's attributes are read. A field whose type has no shape, and one that is written by code (`with`), is
/// opaque: it fails no build, only the test of the lock.
///
/// A type parameter that a field holds must have a shape, and an associated type as well; one that stands in
/// `PhantomData` need not.
///
/// | key | meaning |
/// |---|---|
/// | `"form"` | on a field, a variant or a type: how it is written, where that does not show: `"string:date-time"`, `"i64"`, `"option<list<string>>"`, `"map<string, any>"` |
/// | `as = Type` | on a field, a variant or a type: written as a value of this type is, for types of other crates: `as = Vec<Item>` |
/// | `name = "…"` | on a type: its name in shapes, if that is not the Rust name |
/// | `crate = path` | on a type: the path of es-core, where it is not `::es_core` |
/// | `added`, `renamed`, `removed` | what happened to the type since it was first stored, see below |
///
/// # The history of a type
///
/// A type that stands in events changes without a new version of any event, where its fields and variants say
/// how. The type derives `Serialize` and `Shape`, and not `Deserialize`: `Shape` reads it in every form that
/// it had.
///
/// ```
/// use es_core::shape::Shape;
/// use es_core::event;
/// use serde::Serialize;
///
/// #[derive(Debug, PartialEq, Serialize, Shape)]
/// #[shape(removed(in = 3, note: String))]
/// pub struct Money {
///     pub cents: i64,
///     #[shape(added(in = 2, default = "EUR".to_owned()))]
///     pub currency: String,
///     #[shape(renamed(in = 3, from = "memo"))]
///     pub purpose: String,
/// }
///
/// #[event(name = "account.deposited")]
/// pub struct Deposited {
///     pub amount: Money,
/// }
///
/// let first = serde_json::json!({ "amount": { "cents": 500, "memo": "rent", "note": "late" } });
/// let deposited: Deposited = es_core::testing::read(1, &first)?;
/// assert_eq!(deposited.amount, Money { cents: 500, currency: "EUR".into(), purpose: "rent".into() });
/// # Ok::<(), es_core::record::DecodeError>(())
/// ```
///
/// | where | what | meaning |
/// |---|---|---|
/// | on a field | `#[shape(added(in = 2, default = EXPR))]` | what was stored before is without it, and means `EXPR`; `default` alone is the `Default` of its type |
/// | on a field | `#[shape(renamed(in = 3, from = "old"))]` | its wire name before; one for each name that it had, in their order |
/// | above the struct, or the variant that had it | `#[shape(removed(in = 3, field: Type))]` | what is stored of it is ignored |
/// | on a variant | `#[shape(added(in = 2))]`, `#[shape(renamed(in = 2, from = "Old"))]` | nothing that was stored before holds it; its wire name before |
///
/// A stored value does not say which version of the type it has: the forms are told apart by the fields that
/// are there, each for itself. So the versions 2, 3, 4 … are an order and nothing more, and a history is
/// refused where absence or a name could mean two things: beside `#[serde(default)]`, `skip` and `flatten`,
/// in an untagged enum, for fields without names, and for a name that another field ever had.
/// `skip_serializing_if = "Option::is_none"` is allowed on an `Option` that was added as `None`. `EXPR` must
/// always come out the same; the lock writes it down.
///
/// The shape of the type, and the fingerprints of the events that hold it, stay those of its first form; what
/// came later stands in the lock beside it. Snapshots of a state that holds the type are taken again.
///
/// A program that does not have a change yet looks for the old names: it ignores an added field, and reads a
/// renamed or removed `Option` as `None`, without an error. So stop such programs before a renamed or removed
/// field is written.
#[proc_macro_derive(Shape, attributes(shape))]
pub fn shape(item: TokenStream) -> TokenStream {
    shape::derive(item.into()).into()
}

/// Makes a struct with one field the id of an aggregate: its key is that of the field. A `PhantomData` may
/// stand beside it.
///
/// ```
/// use es_core::StreamKey;
///
/// #[derive(Debug, PartialEq, StreamKey)]
/// struct AccountNumber(u64);
///
/// assert_eq!(AccountNumber(17).to_key(), "17");
/// assert_eq!(AccountNumber::from_key("17").ok(), Some(AccountNumber(17)));
/// ```
///
/// `#[stream_key(crate = path)]` is the path of es-core, where it is not `::es_core`.
#[proc_macro_derive(StreamKey, attributes(stream_key))]
pub fn stream_key(item: TokenStream) -> TokenStream {
    stream_key::derive(item.into()).into()
}

/// Makes a type a publisher: what other services learn of a service's own events.
///
/// ```
/// use es_core::messaging::{Publish, Publisher};
/// use es_core::{Recorded, event};
///
/// /// Private: it may change whenever this service wants.
/// #[event(name = "loan.approved")]
/// pub struct Approved {
///     pub cents: u64,
///     pub clerk: String,
/// }
///
/// /// Public: others rely on it.
/// #[event(name = "loan-approved")]
/// pub struct LoanApproved {
///     pub euros: u64,
/// }
///
/// #[derive(Publisher)]
/// #[publisher(name = "loan-feed", events(Approved))]
/// struct LoanFeed;
///
/// impl Publish<Approved> for LoanFeed {
///     type Public = LoanApproved;
///
///     fn publish(&self, event: &Recorded<Approved>) -> Option<LoanApproved> {
///         Some(LoanApproved { euros: event.event.cents / 100 })
///     }
/// }
/// ```
///
/// | key | meaning |
/// |---|---|
/// | `name = "…"` | required: the name under which the checkpoint is kept, 1 to 40 lower-case letters, digits, `-` and `_`. Another name is another publisher, which begins anew |
/// | `events(A, b::B as Other, …)` | required: the private event types, each in its newest version; `as` names the variant where two would have the same name |
/// | `crate = path` | the path of es-core, where it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// Each listed event needs a `Publish`. Events that are not listed are not read, and stay private.
///
/// <details><summary>What is generated</summary>
///
/// ```text
/// #[derive(Debug)]
/// enum LoanFeedEvent {
///     Approved(Recorded<Approved>),
/// }
///
/// impl Publisher for LoanFeed {
///     const NAME: &'static str = "loan-feed";
///     type Event = LoanFeedEvent;
///
///     // `filter` and `decode` by the names of the events, earlier ones included.
///
///     fn message(&self, event: &LoanFeedEvent) -> Result<Option<Message>, EncodeError> {
///         match event {
///             LoanFeedEvent::Approved(event) => {
///                 message_of(<Self as Publish<Approved>>::publish(self, event), event)
///             }
///         }
///     }
/// }
///
/// // Stops the build when two events have the same name.
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_derive(Publisher, attributes(publisher))]
pub fn publisher(item: TokenStream) -> TokenStream {
    publisher::derive(item.into()).into()
}
