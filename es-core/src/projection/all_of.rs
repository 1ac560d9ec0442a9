//! All events of an aggregate, as one event of a projection.

use std::fmt;
use std::iter::{Chain, Once, once};
use std::slice;
use std::sync::Arc;

use crate::record::{DecodeError, DecodeProblem, Envelope, EventType, RawEvent, Recorded};

/// A stored event of an aggregate that a projection takes as a whole, with `events(all of Account)`.
///
/// It is passed to the projection's [`Project`](super::Project) of the aggregate's event enum. A stored event
/// is one current event, or those that replace a [retired](crate::model::Retired) one; here is at least one.
/// Only a projection with the key `batch` sees this type.
pub struct AllOf<E> {
    first: Recorded<E>,
    more: Vec<Recorded<E>>,
}

/// [`Aggregate::decode`](crate::Aggregate::decode) of an aggregate with these events.
#[doc(hidden)]
pub type Decode<E> = fn(&RawEvent<'_>, &mut dyn FnMut(E)) -> Result<(), DecodeError>;

/// How an aggregate decodes its events.
#[doc(hidden)]
#[derive(Debug)]
pub struct Decoding<E> {
    /// The names of its category, the former ones included.
    pub names: (&'static str, &'static [&'static str]),
    pub decode: Decode<E>,
    pub event_type: fn(&E) -> EventType,
}

impl<E> Decoding<E> {
    /// Decodes an event of the aggregate's streams; `None` for another one, and for a retired one that
    /// nothing replaces.
    ///
    /// # Errors
    ///
    /// That of the aggregate.
    pub fn decode(&self, raw: &RawEvent<'_>) -> Result<Option<AllOf<E>>, DecodeError> {
        let ((name, was), category) = (self.names, raw.stream.category());
        if category != name && !was.contains(&category) {
            return Ok(None);
        }
        let metadata = raw.shared_metadata()?;
        let mut found: Option<AllOf<E>> = None;
        let decoded = (self.decode)(raw, &mut |event| {
            let of = (self.event_type)(&event);
            let recorded = Recorded::new(raw, event, of, Arc::clone(&metadata));
            match &mut found {
                Some(all) => all.more.push(recorded),
                None => found = Some(AllOf { first: recorded, more: Vec::new() }),
            }
        });
        match decoded {
            Ok(()) => Ok(found),
            // Another event that the projection reads is stored in such a stream.
            Err(error) if matches!(error.problem(), DecodeProblem::UnknownEvent { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<E> AllOf<E> {
    /// The current events, in their order.
    pub fn iter(&self) -> <&Self as IntoIterator>::IntoIter {
        self.into_iter()
    }

    /// Everything besides the events themselves; the name and the version are those of the first.
    #[must_use]
    pub const fn envelope(&self) -> Envelope<'_> {
        self.first.envelope()
    }
}

impl<'a, E> IntoIterator for &'a AllOf<E> {
    type Item = &'a Recorded<E>;
    type IntoIter = Chain<Once<Self::Item>, slice::Iter<'a, Recorded<E>>>;

    fn into_iter(self) -> Self::IntoIter {
        once(&self.first).chain(&self.more)
    }
}

impl<E> fmt::Debug for AllOf<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
