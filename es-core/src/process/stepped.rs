//! The event of a step: what a process decided besides its own events.

use std::any::{TypeId, type_name};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::__private::decode_only;
use crate::model::Event;
use crate::record::{DecodeError, RawEvent};
use crate::shape::{Describe, Note, Shape, Type, TypeDescription, Types};

/// The outcome of one step of a process: the last event of each step, after those that the process recorded
/// itself.
///
/// It is both the outbox and the timer table of the process: commands are sent from it, and timers fire by
/// it. Written by [`ProcessRunner`](super::ProcessRunner), never by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stepped {
    /// The id of the step, under which the command ledger knows it. It is derived from what caused the step.
    pub step: Uuid,
    /// The name of the event, the timer or the rejected command that caused it.
    pub input: String,
    /// The id of that event, of the step that scheduled the timer, or of the command.
    pub input_id: Uuid,
    /// The commands to send, in their order.
    pub sent: Vec<Sent>,
    /// The timers that it scheduled.
    pub scheduled: Vec<Scheduled>,
    /// The timers that are no longer pending, by name; those scheduled in the same step come after.
    pub cancelled: Vec<String>,
    /// Whether the process has finished.
    pub finished: bool,
}

/// A command that a process sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// The name of the command.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The category of the aggregate that it is for.
    pub target: String,
    /// The key of the instance that it is for.
    pub key: String,
    /// The command, as JSON in a string, so that it is passed on unchanged.
    pub payload: String,
}

/// A timer that a process scheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scheduled {
    /// The name of the timer.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// When it is due, in UTC and whole microseconds.
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
    /// The timer, as JSON in a string.
    pub payload: String,
}

/// No notes on a field.
const NONE: &[Note] = &[];

impl Event for Stepped {
    const NAME: &'static str = "process.stepped";
    const VERSION: u32 = 1;

    fn decode(raw: &RawEvent<'_>) -> Result<Self, DecodeError> {
        decode_only(raw)
    }
}

impl Shape for Stepped {
    fn shape(types: &mut Types) -> Type {
        const FIELDS: TypeDescription = TypeDescription::of_struct(
            "Stepped",
            &[
                ("step", Uuid::shape, NONE),
                ("input", String::shape, NONE),
                ("input_id", Uuid::shape, NONE),
                ("sent", Vec::<Sent>::shape, NONE),
                ("scheduled", Vec::<Scheduled>::shape, NONE),
                ("cancelled", Vec::<String>::shape, NONE),
                ("finished", bool::shape, NONE),
            ],
        );
        types.named(TypeId::of::<Self>(), type_name::<Self>(), &FIELDS)
    }
}

impl Shape for Sent {
    fn shape(types: &mut Types) -> Type {
        const FIELDS: TypeDescription = TypeDescription::of_struct(
            "Sent",
            &[
                ("name", String::shape, NONE),
                ("version", u32::shape, NONE),
                ("target", String::shape, NONE),
                ("key", String::shape, NONE),
                ("payload", String::shape, NONE),
            ],
        );
        types.named(TypeId::of::<Self>(), type_name::<Self>(), &FIELDS)
    }
}

impl Shape for Scheduled {
    fn shape(types: &mut Types) -> Type {
        const TIME: Describe = |_| Type::string("date-time");
        const FIELDS: TypeDescription = TypeDescription::of_struct(
            "Scheduled",
            &[
                ("name", String::shape, NONE),
                ("version", u32::shape, NONE),
                ("due", TIME, NONE),
                ("payload", String::shape, NONE),
            ],
        );
        types.named(TypeId::of::<Self>(), type_name::<Self>(), &FIELDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Schema;

    #[test]
    fn its_stored_shape_never_changes() {
        assert_eq!(
            Schema::of::<Stepped>().text(),
            "payload: struct\n  cancelled: list<string>\n  finished: bool\n  input: string\n  input_id: \
             string:uuid\n  scheduled: list<Scheduled>\n  sent: list<Sent>\n  step: string:uuid\n\
             type Scheduled: struct\n  due: string:date-time\n  name: string\n  payload: string\n  version: \
             u32\n\
             type Sent: struct\n  key: string\n  name: string\n  payload: string\n  target: string\n  \
             version: u32\n"
        );
    }
}
