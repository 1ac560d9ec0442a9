//! The checkpoint of a reader of the whole store.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::record::EventPlace;
use crate::stream::Position;

/// How far a reader of the whole store has come: after an event that it has passed, by position and id.
///
/// Store it as text, or with serde; the text's format may change. A checkpoint always refers to a stored
/// event, never to a gap: after a crash of the database, a position that is a gap now can be assigned again.
/// The id distinguishes a store that was restored to an earlier state, and grew again with other events, from
/// the one that was read: [`StoreError::ForeignCheckpoint`](crate::StoreError::ForeignCheckpoint).
///
/// ```
/// use es_core::store::Checkpoint;
///
/// let checkpoint = Checkpoint::START;
/// assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Checkpoint(Option<(Position, Uuid)>);

impl Checkpoint {
    /// Before the first event.
    pub const START: Self = Self(None);

    /// After an event. For stores, and for code that keeps checkpoints in columns of its own.
    #[must_use]
    pub const fn behind(position: Position, event_id: Uuid) -> Self {
        Self(Some((position, event_id)))
    }

    /// The last event that was passed; `None` at the start.
    #[must_use]
    pub const fn event(&self) -> Option<(Position, Uuid)> {
        self.0
    }

    /// The position of that event; 0 at the start. Useful for showing how far a reader lags.
    #[must_use]
    pub const fn position(&self) -> Position {
        match self.0 {
            Some((position, _)) => position,
            None => Position::new(0),
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((position, event_id)) => write!(f, "{position}:{event_id}"),
            None => f.write_str("start"),
        }
    }
}

/// Text that is not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a checkpoint; use the text produced by `Checkpoint`'s `Display`")]
pub struct InvalidCheckpoint {
    text: String,
}

impl FromStr for Checkpoint {
    type Err = InvalidCheckpoint;

    fn from_str(text: &str) -> Result<Self, InvalidCheckpoint> {
        if text == "start" {
            return Ok(Self::START);
        }
        text.split_once(':')
            .and_then(|(position, id)| {
                let position: u64 = position.parse().ok()?;
                Some(Self::behind(position.into(), id.parse().ok()?))
            })
            .ok_or_else(|| InvalidCheckpoint { text: text.to_owned() })
    }
}

impl Serialize for Checkpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checkpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl EventPlace {
    /// After this event.
    #[must_use]
    pub const fn checkpoint(&self) -> Checkpoint {
        Checkpoint::behind(self.position, self.event_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_survives_as_text_and_other_text_is_refused() {
        let checkpoint = Checkpoint::behind(Position::new(17), Uuid::now_v7());
        assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
        let json = serde_json::to_string(&checkpoint).expect("JSON");
        assert_eq!(serde_json::from_str::<Checkpoint>(&json).expect("a checkpoint"), checkpoint);
        for text in ["", "17", "17:", ":", "start ", "-1:00000000-0000-0000-0000-000000000000"] {
            assert!(text.parse::<Checkpoint>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Checkpoint>("17").is_err());
    }
}
