//! What an event is: a struct with a wire name and a version, written as JSON.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::EventDescription;
use crate::codec::Payload;
use crate::record::{DecodeError, EncodeError, EventType, RawEvent};
use crate::shape::Shape;

/// A fact that happened: one Rust struct per event type and version.
///
/// Implemented by [`#[event]`](macro@crate::event), never by hand: the macro also proves that every older
/// version can be upcast to this one.
///
/// ```
/// use es_core::{Event, event};
///
/// #[event(name = "account.opened")]
/// pub struct Opened { pub owner: String }
///
/// assert_eq!((Opened::NAME, Opened::VERSION), ("account.opened", 1));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "write `#[es_core::event(name = \"…\")]` above `struct {Self}`"
)]
pub trait Event: Shape + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The wire name, stable forever.
    const NAME: &'static str;

    /// The event's former names: events stored under them are read as well.
    const WAS: &'static [&'static str] = &[];

    /// The schema version of this struct: 1, 2, 3 …
    const VERSION: u32;

    /// The version under which events are stored: this one or, with `write_as`, the previous one.
    const WRITTEN_VERSION: u32 = Self::VERSION;

    /// All of that in one value, so that generated code reads it once.
    #[doc(hidden)]
    const TYPE: EventType = EventType::of::<Self>();

    /// The names, in one value as well.
    #[doc(hidden)]
    const NAMES: (&'static str, &'static [&'static str]) = (Self::NAME, Self::WAS);

    /// Decodes a stored event of this name or a former one, of this version or an older one, and upcasts it
    /// to this version.
    ///
    /// The caller has compared the name.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the payload does not fit its version, when a step of the upcast fails, or when
    /// the stored version is newer than this one.
    fn decode(raw: &RawEvent<'_>) -> Result<Self, DecodeError>;

    /// Appends the payload, as JSON of [`WRITTEN_VERSION`](Self::WRITTEN_VERSION), to `out`.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] when the event cannot be written as JSON; NaN, infinities and an object that would
    /// hold one key twice are refused.
    fn encode(&self, out: &mut Payload) -> Result<(), EncodeError> {
        match self.serialize(crate::codec::Strict(&mut serde_json::Serializer::new(out))) {
            Ok(()) => Ok(()),
            Err(error) => Err(not_encoded(Self::NAME, Self::VERSION, error)),
        }
    }

    /// Shows the event: its name, and its payload as JSON.
    #[doc(hidden)]
    fn show(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut payload = Payload::new();
        // The serializer of `encode`, so that it is not compiled for the event once more.
        let written = self.serialize(crate::codec::Strict(&mut serde_json::Serializer::new(&mut payload)));
        show(Self::NAME, payload.as_slice(), written, out)
    }

    /// Name, version and shape, of this version and those before it.
    /// [`Catalogue`](crate::catalogue::Catalogue) reads it.
    #[doc(hidden)]
    fn description() -> &'static EventDescription {
        const { &EventDescription::of::<Self>() }
    }
}

/// Separate from [`Event::encode`], so that it is compiled once per event type.
fn not_encoded(name: &'static str, version: u32, error: serde_json::Error) -> EncodeError {
    EncodeError { name, version, source: Box::new(error) }
}

fn show(
    name: &str,
    payload: &[u8],
    written: Result<(), serde_json::Error>,
    out: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    out.write_str(name)?;
    match written {
        Err(error) => write!(out, " (cannot be written as JSON: {error})"),
        // An event without fields is its name.
        Ok(()) if payload == b"null" || payload == b"{}" => Ok(()),
        Ok(()) => write!(out, " {}", String::from_utf8_lossy(payload)),
    }
}

impl EventType {
    /// The type of `E`.
    #[must_use]
    pub const fn of<E: Event>() -> Self {
        Self { name: E::NAME, version: E::VERSION, written: E::WRITTEN_VERSION }
    }
}

impl EventDescription {
    /// The description of an event that is given entirely by its constants: the usual case.
    pub(crate) const fn of<E: Event>() -> Self {
        Self {
            name: E::NAME,
            version: E::VERSION,
            was: E::WAS,
            semantics: None,
            type_name: std::any::type_name::<E>,
            is_of_history: false,
            added: &[],
            shape: E::shape,
            whole: None,
            previous: None,
            read_previous: None,
        }
    }
}
