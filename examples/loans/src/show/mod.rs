//! One application: its history as a table, and its state at the end or at any point before.

mod at;
mod state;

use std::fmt;

use es_core::codec::Payload;
use es_core::{Aggregate, EventStore, Recorded, Repository, Revision, StoreError};
use serde_json::Value;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

pub use self::at::{At, InvalidAt};
use self::state::described;
use crate::domain::{Application, ApplicationId};
use crate::table::Table;

/// The history of one application up to a point, and its state there.
#[derive(Debug, Clone)]
pub struct Shown {
    id: ApplicationId,
    at: At,
    history: Table<6>,
    state: Application,
    /// The last event of the state.
    revision: Revision,
    /// How many events there are in all.
    events: u64,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShowError {
    /// Nothing is known of the application.
    #[error("there is no application {id}")]
    Unknown {
        /// Its number.
        id: ApplicationId,
    },
    /// The application has fewer events.
    #[error("application {id} has {events} events; there is no revision {revision}")]
    NoRevision {
        /// Its number.
        id: ApplicationId,
        /// How many there are.
        events: u64,
        /// What was asked for.
        revision: Revision,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Shown {
    /// Reads the history and the state.
    ///
    /// # Errors
    ///
    /// [`ShowError`].
    pub async fn of<A, S>(repository: &Repository<A, S>, id: ApplicationId, at: At) -> Result<Self, ShowError>
    where
        A: Aggregate<Id = ApplicationId> + AsRef<Application>,
        S: EventStore + 'static,
    {
        let mut history = Table::new([">revision", "occurred", "event", "stored", "who", "details"]);
        let mut events = 0;
        let take = |recorded: Recorded<A::Event>| {
            events = recorded.revision.get();
            if at.covers(recorded.revision, recorded.occurred_at()) {
                history.row(cells::<A>(&recorded)?);
            }
            Ok(())
        };
        repository.history(&id, .., take).await?;
        if events == 0 {
            return Err(ShowError::Unknown { id });
        }
        let loaded = match at {
            At::End => repository.load(&id).await?,
            At::Revision(revision) if revision.get() > events => {
                return Err(ShowError::NoRevision { id, events, revision });
            }
            At::Revision(revision) => repository.load_at(&id, revision).await?,
            At::Time(time) => repository.load_as_of(&id, time).await?,
        };
        let state = loaded.state.as_ref().clone();
        Ok(Self { id, at, history, state, revision: loaded.revision, events })
    }
}

/// One event of the history.
fn cells<A: Aggregate>(recorded: &Recorded<A::Event>) -> Result<[String; 6], StoreError> {
    let mut payload = Payload::new();
    A::encode(&recorded.event, &mut payload)?;
    let Recorded { name, stored_name, version, stored_version, .. } = recorded;
    let stored = stored_as((stored_name, *stored_version), (name, *version));
    let occurred = recorded.occurred_at().to_offset(UtcOffset::UTC);
    Ok([
        recorded.revision.to_string(),
        occurred.format(&Rfc3339).unwrap_or_else(|_| occurred.to_string()),
        recorded.name.to_owned(),
        stored,
        recorded.metadata.actor.clone().unwrap_or_else(|| "-".into()),
        details(payload.as_slice()),
    ])
}

/// The stored name and version of an event, where they are not the current ones.
fn stored_as((stored_name, stored): (&str, u32), (name, version): (&str, u32)) -> String {
    let renamed = if stored_name == name { String::new() } else { format!("{stored_name} ") };
    let read_as = if stored == version { String::new() } else { format!(" read as v{version}") };
    format!("{renamed}v{stored}{read_as}")
}

/// The fields of a payload, in words.
fn details(payload: &[u8]) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_slice(payload) else { return String::new() };
    let fields = fields.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    });
    fields.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, at, history, state, revision, events } = self;
        writeln!(f, "application {id}{at}\n\n{history}")?;
        match *revision {
            Revision::EMPTY => writeln!(f, "before its first event"),
            _ => writeln!(f, "at revision {revision} of {events}"),
        }?;
        write!(f, "{}", described(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_named_where_it_has_another_name_or_version_today() {
        let now = ("loan.submitted", 3);
        assert_eq!(stored_as(now, now), "v3");
        assert_eq!(stored_as(("loan.submitted", 1), now), "v1 read as v3");
        assert_eq!(stored_as(("loan.asked_for", 3), now), "loan.asked_for v3");
        assert_eq!(stored_as(("loan.asked_for", 1), now), "loan.asked_for v1 read as v3");
    }
}
