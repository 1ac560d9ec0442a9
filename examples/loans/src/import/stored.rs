//! One fact of an application, as a record tells it and as the store holds it, so that the two can be
//! compared.

use std::fmt;

use es_core::codec::Payload;
use es_core::record::EncodeError;
use es_core::time::OffsetDateTime;
use es_core::{Aggregate, Recorded};

use super::problem::shown;
use super::record::Record;
use super::takes_steps::TakesSteps;

/// What happened, when, and who did it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fact {
    name: &'static str,
    payload: Vec<u8>,
    time: OffsetDateTime,
    actor: Option<Box<str>>,
}

impl Fact {
    /// What importing the record stores.
    pub(super) fn to_be<A: TakesSteps>(record: &Record) -> Result<Self, EncodeError> {
        Self::new::<A>(&A::event_of(record.step), record.time, record.actor.clone())
    }

    /// What a stored event says.
    pub(super) fn as_is<A: Aggregate>(stored: &Recorded<A::Event>) -> Result<Self, EncodeError> {
        let actor = stored.metadata.actor.as_deref().map(Box::from);
        Self::new::<A>(&stored.event, stored.occurred_at(), actor)
    }

    fn new<A: Aggregate>(
        event: &A::Event,
        time: OffsetDateTime,
        actor: Option<Box<str>>,
    ) -> Result<Self, EncodeError> {
        let mut payload = Payload::new();
        A::encode(event, &mut payload)?;
        Ok(Self { name: A::event_type(event).name, payload: payload.into_vec(), time, actor })
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if self.payload != b"null" {
            write!(f, " {}", String::from_utf8_lossy(&self.payload))?;
        }
        write!(f, " at {}", shown(self.time))?;
        match &self.actor {
            Some(actor) => write!(f, " by {actor}"),
            None => f.write_str(" by nobody named"),
        }
    }
}
