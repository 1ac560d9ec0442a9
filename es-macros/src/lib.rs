//! The macros of es-core: `#[event]`, `#[command]`, `#[timer]`, and the derives `Aggregate`, `Process`,
//! `Projection`, `Publisher`, `Reactor`, `Shape` and `StreamKey`.
//!
//! Use them through es-core, which re-exports them. Each macro has three steps: parse, check, expand. The
//! first two report all mistakes at once. The third always generates code: otherwise each use of the type
//! would be an error as well.

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

/// Makes a struct an event: a stored fact with a wire name and a schema version.
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
/// | `name = "…"` | required: the wire name, 1 to 255 bytes; when it changes, list the old one in `was` |
/// | `version = N` | the schema version of this struct. Defaults to 1 |
/// | `previous = Type` | the struct of version N - 1, an event of the same name or of one in `was`; it may be private. Required from version 2 on, unless the fields have a history (below) |
/// | `removed(in = 3, field: Type)` | a field that only versions before 3 have: part of the history below |
/// | `write_as = N - 1` | write events as the previous version, for older programs that still run; needs `DowncastTo<Previous>`, which a history generates |
/// | `was("old.name", …)` | former names of the event: events stored under them are read as this event, in every version. Never reuse a name for another event |
/// | `semantics = "…"` | what the values mean, if the shape does not show it, such as a unit; changing it changes the shape |
/// | `crate = path` | the path of es-core, if it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// The struct may have named fields, unnamed ones or none, and no generic parameters. `serde::Serialize` and
/// `serde::Deserialize` are derived for it, unless a derive below `#[event]` names them; serde attributes
/// below `#[event]` work as usual. The shape is derived as well, as [`#[derive(Shape)]`](derive@Shape) does
/// for other types, and `#[shape(…)]` is read in the same places. A field cannot have `#[cfg]`: what is
/// stored must not depend on a build flag.
///
/// `#[allow(…)]` on the struct also applies to the generated code. That code has no `allow` of its own, so it
/// compiles where lints are forbidden. A deprecated event can be listed and read without a warning.
///
/// `#[event]` must come first, because it cannot see the attributes above it: for a `#[serde(…)]` there, no
/// derive exists yet (`cannot find attribute serde in this scope`), and a `#[derive(Serialize)]` there is
/// derived again (`conflicting implementations`).
///
/// # The history of fields
///
/// Changes that need no code are described where they happened, instead of with `previous`. The macro
/// generates the structs of the old versions and the upcasts between them, which only move fields.
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
/// | on a field | `#[event(added(in = 2, default = EXPR))]` | events before version 2 do not have it, and are read as `EXPR`; `default` alone is the `Default` of its type |
/// | on a field | `#[event(renamed(in = 3, from = "old"))]` | its wire name before version 3; one for each name that it had, in order |
/// | above the struct | `removed(in = 3, field: Type)` | versions before 3 have it; its value is dropped. Write its former attributes before the field: `#[serde(…)]`, `#[shape(…)]`, and `#[event(…)]` with a history of its own |
///
/// Each version from 2 on must have changed something. A struct has either a history or a `previous`; one
/// with a history may itself be the `previous` of a newer struct.
///
/// `EXPR` is evaluated for each old event, so it should be cheap, and it must be deterministic: the lock test
/// records its value, and fails when it changes.
///
/// The serde attributes of the struct and its fields apply to every version; only the name of a renamed field
/// differs. `semantics` applies to every version as well. A history is rejected if it does not determine what
/// was stored: for fields without names, for a struct that contains itself or is written as something else
/// (`transparent`, `from`, `into`), for a skipped field, and for a flattened field that is renamed.
///
/// With `write_as`, fields are cloned into the previous version. Fields that it does not have are lost, also
/// for the state, which is always folded from what was written. A version that removed a field cannot be
/// written as the previous one.
///
/// # Mistakes
///
/// The build fails if `previous` has another name or is not version N - 1, if it had a name that is not in
/// `was`, and if `UpcastFrom<Previous>` is not implemented.
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
///     // `description`: name, version, shape, and the previous version.
/// }
///
/// // With a history, all of this is in a `const _: () = { … }`, next to a struct for each old version,
/// // with its `Event`, `Shape` and `UpcastFrom`.
///
/// impl Shape for Deposited { … }
///
/// // Stops the build if `DepositedV1` is not version 1 of "account.deposited".
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_attribute]
pub fn event(attribute: TokenStream, item: TokenStream) -> TokenStream {
    event::event(attribute.into(), &item.into(), event::Kind::Event).into()
}

/// Makes a struct a command that a process can send. It is stored in the stream of the process until it is
/// sent, so it has a wire name and a schema version.
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
/// All keys and rules of [`#[event]`](macro@event) apply: serde and the shape are derived, an old version is
/// named by `previous` and upcast by `UpcastFrom`, the history of a field is described by `#[event(…)]` on
/// it, and the lock file lists every version. Commands, timers and events never share a name. An aggregate
/// handles it like any other command, through `Handle`.
#[proc_macro_attribute]
pub fn command(attribute: TokenStream, item: TokenStream) -> TokenStream {
    event::event(attribute.into(), &item.into(), event::Kind::Command).into()
}

/// Makes a struct a timer of a process. It is stored when it is scheduled and read when it is due, so it has
/// a wire name and a schema version.
///
/// ```
/// use es_core::process::timer;
///
/// #[timer(name = "chase.silence")]
/// pub struct Silence {}
/// ```
///
/// All keys and rules of [`#[event]`](macro@event) apply, as for [`#[command]`](macro@command).
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
/// assert_eq!(event.event_type().name, "account.deposited");
/// assert_eq!(format!("{event:?}"), r#"account.deposited {"cents":5}"#);
/// ```
///
/// | key | meaning |
/// |---|---|
/// | `name = "…"` | required: the category of the aggregate's streams, 1 to 255 bytes; when it changes, list the old one in `was` |
/// | `was("old.name", …)` | former names of the category: streams created under them belong to the aggregate |
/// | `events(A, b::B as Other, …)` | required: the event types, each in its current version; `as` names the variant if two would have the same name |
/// | `retired(X, Y, …)` | events that are read but no longer written, each in its current version; each needs a `Retired`, which converts it to current events |
/// | `id = Type` | the id of one instance, a `StreamKey`. Defaults to `Uuid` |
/// | `event_enum(Name, derive(…))` | name and derives of the generated enum. Default to `<Aggregate>Event` and none. Without `derive(Debug)`, its `Debug` form is the name of the event and its payload as JSON |
/// | `snapshot(every = N, build = R)` | store a snapshot of the state every N events; needs serde on the state. `build` defaults to 0; changing it invalidates older snapshots, after a change of `apply` that no field shows |
/// | `unknown = "error"` | what happens to a stored event whose name is not listed: an error, or, with `"skip"`, it is ignored |
/// | `crate = path` | the path of es-core, if it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// The `Default` of the type is the state of an empty stream. Each listed event needs an `Apply`. The type
/// may be generic, its events may not; bounds that its `Apply` implementations need go on the type itself.
///
/// A retired event is not part of the enum and needs no `Apply`; a command that emits it does not compile. No
/// two events of an aggregate, including retired ones, share a name, current or former.
///
/// A snapshot is valid for the aggregate's name, the shape of its state, the events with their versions and
/// names, the retired events, and `build`. Changes within a type that has no `Shape`, or of what a retired
/// event means, are not detected: change `build` with them.
///
/// <details><summary>What is generated</summary>
///
/// ```text
/// pub enum AccountEvent {
///     Opened(Opened),
///     Deposited(Deposited),
/// }
///
/// impl AccountEvent {
///     pub fn event_type(&self) -> EventType { … }
/// }
///
/// // The name of the event, and its payload as JSON.
/// impl Debug for AccountEvent { … }
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
/// // What `handle` may return.
/// impl IntoEvents<Account> for AccountEvent { … }
/// impl IntoEvents<Account> for Opened { … }
/// impl IntoEvents<Account> for Deposited { … }
///
/// // Stops the build if two events have the same name.
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_derive(Aggregate, attributes(aggregate, shape))]
pub fn aggregate(item: TokenStream) -> TokenStream {
    aggregate::derive(item.into()).into()
}

/// Makes an aggregate a process (a process manager), which handles events of other streams, sends commands
/// and sets timers. See the example in the module `es_core::process`.
///
/// | key | meaning |
/// |---|---|
/// | `on(A, b::B as Other, …)` | required: the events that it handles, each in its current version; each needs an `On` |
/// | `timers(T, …)` | its timers, each a `#[timer]`; each needs an `OnTimer` |
/// | `sends(Account: Withdraw, …)` | the commands that it sends, each a `#[command]`, with the aggregate that handles it; a command that can be rejected needs an `OnRejected` |
/// | `name = "…"` | the name under which its checkpoints are stored. Defaults to the aggregate's name; write it if the aggregate is renamed |
/// | `crate = path` | the path of es-core, if it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// Derive it next to `#[derive(Aggregate)]`, which adds the event `process.stepped` to the `events(…)` of the
/// aggregate; those may then be omitted.
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

/// Makes a type a projection: a read model that is built from events of one or several aggregates.
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
/// | `name = "…"` | required: 1 to 40 lower-case letters, digits and `_`, as it becomes part of table names |
/// | `build = N` | raise it to rebuild the model from the first event. Defaults to 1 |
/// | `events(A, b::B as Other, all of C, …)` | required: the event types, each in its current version, or aggregates, all of whose events are read; `as` names the variant if two would have the same name |
/// | `model = Type` | required: what the events are written to, such as `PgConnection` or a struct |
/// | `error = Type` | why an event cannot be projected. Defaults to `es_core::record::BoxError` |
/// | `batch` | events are passed in slices to `ProjectBatch`, instead of one by one to `Project` |
/// | `setup` | an empty model is created by `ProjectSetup` |
/// | `crate = path` | the path of es-core, if it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
///
/// Each listed event needs a `Project`, unless `batch` is set. An event that an aggregate has retired is
/// listed like any other: a projection reads what was stored. Events that are not listed are not read.
///
/// # All events of an aggregate
///
/// `all of Account` takes the events in the streams of the aggregate `Account`, through one `Project` of its
/// event enum. A `match` there without `_` is complete: an event that is added to the aggregate later does
/// not compile until it is handled here.
///
/// ```
/// use std::convert::Infallible;
/// use es_core::projection::{Project, Projection};
/// use es_core::{Aggregate, Apply, Recorded, event};
/// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
/// # #[event(name = "account.withdrawn")] pub struct Withdrawn { pub cents: i64 }
/// # impl Apply<Deposited> for Account { fn apply(&mut self, _: Deposited) {} }
/// # impl Apply<Withdrawn> for Account { fn apply(&mut self, _: Withdrawn) {} }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(name = "account", id = String, events(Deposited, Withdrawn))]
/// pub struct Account;
///
/// #[derive(Projection)]
/// #[projection(name = "total", events(all of Account), model = i64, error = Infallible)]
/// struct Total;
///
/// impl Project<AccountEvent> for Total {
///     async fn project(&self, event: &Recorded<AccountEvent>, total: &mut i64) -> Result<(), Infallible> {
///         match &event.event {
///             AccountEvent::Deposited(deposited) => *total += deposited.cents,
///             AccountEvent::Withdrawn(withdrawn) => *total -= withdrawn.cents,
///         }
///         Ok(())
///     }
/// }
/// ```
///
/// They are decoded as by the aggregate: in place of a retired event, those that replace it are projected.
/// With the key `batch`, the variant `Account` holds an `es_core::projection::AllOf`. An event of the
/// aggregate is not listed beside it.
///
/// <details><summary>What is generated</summary>
///
/// ```text
/// #[derive(Debug)]
/// enum BalancesEvent {
///     Deposited(Recorded<Deposited>),
/// }
///
/// impl BalancesEvent {
///     pub fn envelope(&self) -> Envelope<'_> { … }
/// }
///
/// impl Projection for Balances {
///     const NAME: &'static str = "balances";
///     const BUILD: u32 = 1;
///     type Model = BTreeMap<String, i64>;
///     type Error = Infallible;
///     type Event = BalancesEvent;
///
///     // `filter` and `decode` by the names of the events, including former ones.
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
/// // Stops the build if two events have the same name.
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_derive(Projection, attributes(projection))]
pub fn projection(item: TokenStream) -> TokenStream {
    projection::derive(item.into()).into()
}

/// Makes a type a reactor: side effects of events after their commit, at least once, such as sending mail and
/// calling other services.
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
///         // It may be repeated after a crash: the event's id is the idempotency key.
///         self.mailer.send(event.event_id.to_string(), &event.event.email).await
///     }
/// }
/// ```
///
/// | key | meaning |
/// |---|---|
/// | `name = "…"` | required: the name under which the checkpoint is stored, 1 to 40 lower-case letters, digits, `-` and `_`. A different name is a different reactor, with its own checkpoint |
/// | `events(A, b::B as Other, …)` | required: the event types, each in its current version; `as` names the variant if two would have the same name |
/// | `error = Type` | why it cannot react to an event. Defaults to `es_core::record::BoxError` |
/// | `crate = path` | the path of es-core, if it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
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
///     // `filter` and `decode` by the names of the events, including former ones.
///
///     async fn react_to(&self, event: &WelcomeMailEvent) -> Result<(), MailError> {
///         match event {
///             // Events that it writes with a repository have this event as their cause.
///             WelcomeMailEvent::Opened(event) => <Self as React<Opened>>::react(self, event).await,
///         }
///     }
/// }
///
/// // Stops the build if two events have the same name.
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_derive(Reactor, attributes(reactor))]
pub fn reactor(item: TokenStream) -> TokenStream {
    reactor::derive(item.into()).into()
}

/// Describes how serde writes a struct or an enum: its shape, which the lock compares and fingerprints
/// include.
///
/// For the types within events and states; events themselves get their shape from `#[event]`.
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
/// serde's attributes are read. A field whose type has no shape, or that is written by code (`with`), is
/// opaque: it compiles, but the lock test fails.
///
/// A type parameter or an associated type that a field contains must have a shape, unless it is only in a
/// `PhantomData`.
///
/// | key | meaning |
/// |---|---|
/// | `"form"` | on a field, a variant or a type: how it is written, if the type does not show it: `"string:date-time"`, `"i64"`, `"option<list<string>>"`, `"map<string, any>"` |
/// | `as = Type` | on a field, a variant or a type: it is written like a value of this type, for types of other crates: `as = Vec<Item>` |
/// | `name = "…"` | on a type: its name in shapes, if different from the Rust name |
/// | `crate = path` | on a type: the path of es-core, if it is not `::es_core` |
/// | `added`, `renamed`, `removed` | what happened to the type since it was first stored, see below |
///
/// # The history of a type
///
/// A type within events can change without a new version of any event, if its fields and variants describe
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
/// | on a field | `#[shape(added(in = 2, default = EXPR))]` | values stored before do not have it, and are read as `EXPR`; `default` alone is the `Default` of its type |
/// | on a field | `#[shape(renamed(in = 3, from = "old"))]` | its former wire name; one for each name that it had, in order |
/// | above the struct or variant that had it | `#[shape(removed(in = 3, field: Type))]` | its stored values are ignored |
/// | on a variant | `#[shape(added(in = 2))]`, `#[shape(renamed(in = 2, from = "Old"))]` | nothing stored before contains it; its former wire name |
///
/// A stored value does not contain the version of its type: the forms are distinguished by the fields that
/// are present, each field by itself. So the versions 2, 3, 4 … are only an order, and a history is rejected
/// if absence or a name would be ambiguous: with `#[serde(default)]`, `skip` or `flatten`, in an untagged
/// enum, for fields without names, and for a name that another field ever had. `skip_serializing_if =
/// "Option::is_none"` is allowed on an `Option` that was added as `None`. `EXPR` must be deterministic; the
/// lock records its value.
///
/// The shape of the type, and the fingerprints of the events that contain it, stay those of its first form;
/// the lock lists later changes next to it. Snapshots of a state that contains the type are taken again.
///
/// A program that does not have a change yet looks for the old names: it ignores an added field, and reads a
/// renamed or removed `Option` as `None`, without an error. So stop such programs before a renamed or removed
/// field is written.
#[proc_macro_derive(Shape, attributes(shape))]
pub fn shape(item: TokenStream) -> TokenStream {
    shape::derive(item.into()).into()
}

/// Makes a struct with one field the id of an aggregate: its stream key is that of the field. It may also
/// have a `PhantomData`.
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
/// `#[stream_key(crate = path)]` sets the path of es-core, if it is not `::es_core`.
#[proc_macro_derive(StreamKey, attributes(stream_key))]
pub fn stream_key(item: TokenStream) -> TokenStream {
    stream_key::derive(item.into()).into()
}

/// Makes a type a publisher: it publishes public events to other services, made from a service's own
/// (private) events.
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
/// | `name = "…"` | required: the name under which the checkpoint is stored, 1 to 40 lower-case letters, digits, `-` and `_`. A different name is a different publisher, with its own checkpoint |
/// | `events(A, b::B as Other, …)` | required: the private event types, each in its current version; `as` names the variant if two would have the same name |
/// | `crate = path` | the path of es-core, if it is not `::es_core`; in a `macro_rules!` of a facade, `crate = $crate::es` |
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
///     // `filter` and `decode` by the names of the events, including former ones.
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
/// // Stops the build if two events have the same name.
/// const _: () = …;
/// ```
///
/// </details>
#[proc_macro_derive(Publisher, attributes(publisher))]
pub fn publisher(item: TokenStream) -> TokenStream {
    publisher::derive(item.into()).into()
}
