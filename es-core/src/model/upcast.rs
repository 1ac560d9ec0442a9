//! How an old version of an event becomes the next one, and a retired event the current ones.

use std::cell::Cell;
use std::error::Error;
use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Aggregate, Events};
use crate::record::{DecodeError, Metadata, RawEvent};
use crate::stream::{Position, Revision, StreamId};

/// Upcasting: converts an event of the previous version to this one, in memory, when it is read.
///
/// One step per version: version 3 is reached from version 1 through version 2. A step is pure; it may use
/// the [`UpcastContext`]. A step may fail: the error reaches the reader with stream, revision, position, name
/// and both versions, and nothing is folded.
///
/// ```
/// use std::convert::Infallible;
/// use es_core::{UpcastContext, UpcastFrom, event};
///
/// #[event(name = "account.deposited", version = 1)]
/// pub struct DepositedV1 { pub euros: i64 }
///
/// #[event(name = "account.deposited", version = 2, previous = DepositedV1)]
/// pub struct Deposited { pub cents: i64 }
///
/// impl UpcastFrom<DepositedV1> for Deposited {
///     type Error = Infallible;
///     fn upcast_from(old: DepositedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
///         Ok(Self { cents: old.euros * 100 })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "no step brings `{Previous}` up to `{Self}`",
    label = "no `UpcastFrom<{Previous}>`",
    note = "write `impl es_core::UpcastFrom<{Previous}> for {Self} {{ type Error = …; fn \
            upcast_from(previous: {Previous}, context: &es_core::UpcastContext<'_>) -> Result<Self, \
            Self::Error> {{ … }} }}`"
)]
pub trait UpcastFrom<Previous>: Sized {
    /// Why a step fails; [`Infallible`](std::convert::Infallible) if it cannot.
    type Error: Error + Send + Sync + 'static; // `anyhow::Error` is none; write an enum, with `thiserror`

    /// Converts `previous` to this version.
    ///
    /// # Errors
    ///
    /// The step's own error; the stored event is unchanged.
    fn upcast_from(previous: Previous, context: &UpcastContext<'_>) -> Result<Self, Self::Error>;
}

/// Downcasting: converts an event to its previous version, for programs that do not know this one yet.
///
/// For rolling deployments: with `write_as = N - 1` new programs write the version that old ones can read.
/// Once every program knows version N, remove `write_as` and this implementation.
///
/// What the previous version cannot express is lost. So the state is never folded from the event itself, but
/// from what was written, brought up again by [`UpcastFrom`], as every reader does.
///
/// ```
/// # use std::convert::Infallible;
/// use es_core::model::DowncastTo;
/// use es_core::{UpcastContext, UpcastFrom, event};
///
/// #[event(name = "account.deposited", version = 1)]
/// pub struct DepositedV1 { pub euros: i64 }
///
/// #[event(name = "account.deposited", version = 2, previous = DepositedV1, write_as = 1)]
/// pub struct Deposited { pub cents: i64 }
///
/// impl DowncastTo<DepositedV1> for Deposited {
///     type Error = Infallible;
///     fn downcast_to(&self) -> Result<DepositedV1, Infallible> {
///         Ok(DepositedV1 { euros: self.cents / 100 })
///     }
/// }
/// # impl UpcastFrom<DepositedV1> for Deposited {
/// #     type Error = Infallible;
/// #     fn upcast_from(old: DepositedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
/// #         Ok(Self { cents: old.euros * 100 })
/// #     }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how it is written as `{Previous}`",
    label = "no `DowncastTo<{Previous}>`",
    note = "write `impl es_core::model::DowncastTo<{Previous}> for {Self} {{ type Error = …; fn \
            downcast_to(&self) -> Result<{Previous}, Self::Error> {{ … }} }}`, or leave `write_as` out"
)]
pub trait DowncastTo<Previous>: Sized {
    /// Why it fails; [`Infallible`](std::convert::Infallible) if it cannot.
    type Error: Error + Send + Sync + 'static; // `anyhow::Error` is none; write an enum, with `thiserror`

    /// The event in its previous version.
    ///
    /// # Errors
    ///
    /// The implementation's own error. The command fails, and nothing is written.
    fn downcast_to(&self) -> Result<Previous, Self::Error>;
}

/// Converts an event that is no longer written into current events: none, one, or several.
///
/// The event is listed in the aggregate's `retired(…)`. It is not part of the event enum, needs no `Apply`,
/// and no command can yield it; where it is stored, it is read and replaced by the result. Like an upcasting
/// step this is pure, and an error reaches the reader: nothing is folded.
///
/// The stored event is unchanged and keeps its place, so it counts in revisions, whatever it is converted to.
///
/// ```
/// # use es_core::{Aggregate, Apply};
/// use std::convert::Infallible;
/// use es_core::model::Retired;
/// use es_core::{Events, UpcastContext, emit, event};
///
/// #[event(name = "account.moved")]
/// pub struct Moved { pub street: String, pub city: String }
///
/// #[event(name = "account.street_changed")]
/// pub struct StreetChanged { pub street: String }
///
/// #[event(name = "account.city_changed")]
/// pub struct CityChanged { pub city: String }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(name = "account", id = String, events(StreetChanged, CityChanged), retired(Moved))]
/// pub struct Account { address: [String; 2] }
///
/// impl Retired<Moved> for Account {
///     type Error = Infallible;
///     fn retired(event: Moved, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
///         emit((StreetChanged { street: event.street }, CityChanged { city: event.city }))
///     }
/// }
/// # impl Apply<StreetChanged> for Account {
/// #     fn apply(&mut self, event: StreetChanged) { self.address[0] = event.street; }
/// # }
/// # impl Apply<CityChanged> for Account {
/// #     fn apply(&mut self, event: CityChanged) { self.address[1] = event.city; }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the retired event `{E}` means today",
    label = "no `Retired<{E}>`",
    note = "write `impl es_core::model::Retired<{E}> for {Self} {{ type Error = …; fn retired(event: {E}, \
            context: &es_core::UpcastContext<'_>) -> Result<es_core::Events<Self>, Self::Error> {{ … }} \
            }}`;\n`es_core::emit(())` is the answer \"nothing\""
)]
pub trait Retired<E>: Aggregate {
    /// Why it fails; [`Infallible`](std::convert::Infallible) if it cannot.
    type Error: Error + Send + Sync + 'static; // `anyhow::Error` is none; write an enum, with `thiserror`

    /// The current events that replace `event`, made with [`emit`](crate::emit).
    ///
    /// # Errors
    ///
    /// The implementation's own error; the stored event is unchanged.
    fn retired(event: E, context: &UpcastContext<'_>) -> Result<Events<Self>, Self::Error>;
}

thread_local! {
    /// Whether a step has asked for something that is unknown before the append.
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Decodes, and tells whether a step asked for something that is unknown before the append.
pub(crate) fn asks_where_stored<T>(decode: impl FnOnce() -> T) -> (T, bool) {
    ASKED.set(false);
    let decoded = decode();
    (decoded, ASKED.get())
}

/// What a step can use besides the payload: where and when the event was stored, and its metadata.
///
/// It is the same for every reader. Only with `write_as` is a step also called before its event is stored, to
/// check that what is written can be read back: with position 0 and the program's clock, as the real values
/// are not known yet. It is called again after the append, and that result counts: for the command's outcome,
/// the state, and a snapshot. If it asks for the position or the recorded time, the state is reloaded for
/// that, which costs another round trip. If it fails only then, the event is stored, and the command returns
/// the error that every reader gets; so a step should not fail because of these two.
#[derive(Clone, Copy)]
pub struct UpcastContext<'a> {
    raw: &'a RawEvent<'a>,
}

impl fmt::Debug for UpcastContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debug output shows the position.
        ASKED.set(true);
        f.debug_struct("UpcastContext").field("raw", &self.raw).finish()
    }
}

impl<'a> UpcastContext<'a> {
    /// The context of one stored event.
    #[must_use]
    pub const fn new(raw: &'a RawEvent<'a>) -> Self {
        Self { raw }
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &StreamId {
        self.raw.stream
    }

    /// The revision in the stream.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.raw.revision
    }

    /// The position in the store.
    #[must_use]
    pub fn position(&self) -> Position {
        ASKED.set(true);
        self.raw.position
    }

    /// The event's id.
    #[must_use]
    pub const fn event_id(&self) -> Uuid {
        self.raw.event_id
    }

    /// The name under which the event is stored.
    #[must_use]
    pub const fn stored_name(&self) -> &str {
        self.raw.name
    }

    /// The version under which the event is stored; a step in the middle of the chain sees this original
    /// version.
    #[must_use]
    pub const fn stored_version(&self) -> u32 {
        self.raw.version
    }

    /// When the store wrote the event.
    #[must_use]
    pub fn recorded_at(&self) -> OffsetDateTime {
        ASKED.set(true);
        self.raw.recorded_at
    }

    /// When the fact happened: the caller's value, or else [`recorded_at`](Self::recorded_at).
    #[must_use]
    pub fn occurred_at(&self) -> OffsetDateTime {
        self.raw.occurred.unwrap_or_else(|| self.recorded_at())
    }

    /// The event's metadata.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the stored metadata is not what the framework writes.
    pub fn metadata(&self) -> Result<Metadata, DecodeError> {
        self.raw.metadata()
    }
}
