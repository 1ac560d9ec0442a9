//! What earlier programs stored, and how it becomes what this one knows. Private: nobody writes these any
//! more.

use std::convert::Infallible;

use es_core::{UpcastContext, UpcastFrom, event};

use super::{Cents, Euros, UnknownWorkItem, WorkItem};

/// 2011: whole euros.
#[event(name = "loan.submitted", version = 1)]
pub(super) struct SubmittedV1 {
    euros: Euros,
}

/// Then cents.
#[event(name = "loan.submitted", version = 2, previous = SubmittedV1)]
pub(super) struct SubmittedV2 {
    pub(super) cents: Cents,
}

impl UpcastFrom<SubmittedV1> for SubmittedV2 {
    type Error = Infallible;

    fn upcast_from(old: SubmittedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { cents: old.euros.into() })
    }
}

/// 2011: the Dutch name, as text.
#[event(name = "loan.work.scheduled", version = 1)]
pub(super) struct WorkScheduledV1 {
    name: String,
}

/// Then one of the known work items.
#[event(name = "loan.work.scheduled", version = 2, previous = WorkScheduledV1)]
pub(super) struct WorkScheduledV2 {
    pub(super) item: WorkItem,
}

impl UpcastFrom<WorkScheduledV1> for WorkScheduledV2 {
    type Error = UnknownWorkItem;

    fn upcast_from(old: WorkScheduledV1, _: &UpcastContext<'_>) -> Result<Self, UnknownWorkItem> {
        Ok(Self { item: WorkItem::from_dutch(&old.name)? })
    }
}

/// 2011: the Dutch name, as text.
#[event(name = "loan.work.started", version = 1)]
pub(super) struct WorkStartedV1 {
    pub(super) name: String,
}

/// 2011: the Dutch name, as text.
#[event(name = "loan.work.completed", version = 1)]
pub(super) struct WorkCompletedV1 {
    pub(super) name: String,
}

#[cfg(test)]
mod tests {
    use es_core::record::{DecodeError, DecodeProblem, RawEvent};
    use es_core::testing::given;
    use es_core::time::OffsetDateTime;
    use es_core::uuid::Uuid;
    use es_core::{Aggregate, Position, Revision, StreamId};
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::Application;

    fn decode(name: &str, version: u32, payload: &Value) -> Result<(), DecodeError> {
        let raw = RawEvent {
            stream: &StreamId::new("loan", "173688").expect("a stream"),
            revision: Revision::new(4),
            position: Position::new(9),
            event_id: Uuid::nil(),
            name,
            version,
            payload: &serde_json::to_vec(payload).expect("json"),
            recorded_at: OffsetDateTime::UNIX_EPOCH,
            occurred: None,
            correlation_id: None,
            causation_id: None,
            metadata: None,
        };
        Application::decode(&raw, &mut |_| ())
    }

    #[test]
    fn a_history_of_each_version_gives_the_same_state() {
        let states = [
            (1, json!({"euros": 20_000}), 1, json!({"name": "Completeren aanvraag"})),
            (2, json!({"cents": 2_000_000}), 2, json!({"item": "complete_application"})),
            (3, json!({"cents": 2_000_000, "currency": "EUR"}), 2, json!({"item": "complete_application"})),
        ]
        .map(|(version, submitted, work_version, work)| {
            let scheduled = match version {
                3 => json!({"item": "complete_application", "priority": "normal"}),
                _ => work.clone(),
            };
            given::<Application>(())
                .and_stored("loan.submitted", version, &submitted)
                .and_stored("loan.partly_submitted", 1, &Value::Null)
                .and_stored("loan.pre_accepted", 1, &Value::Null)
                .and_stored("loan.work.scheduled", version, &scheduled)
                .and_stored("loan.work.started", work_version, &work)
                .and_stored("loan.work.completed", work_version, &work)
                .and_stored("loan.work.started", work_version, &work)
                .into_state()
        });
        let expected = &states[2];
        assert_eq!(expected.requested, Cents(2_000_000));
        assert_eq!(expected.desk.in_progress, Some((WorkItem::CompleteApplication, 1)));
        assert!(states.iter().all(|state| state == expected), "{states:#?}");
    }

    #[test]
    fn an_unknown_dutch_name_fails_the_step_that_has_to_understand_it() {
        for name in ["loan.work.scheduled", "loan.work.started", "loan.work.completed"] {
            let error = decode(name, 1, &json!({"name": "Koffie zetten"})).expect_err("no such work item");
            assert!(matches!(error.problem(), DecodeProblem::Upcast { from: 1, to: 2, .. }), "{error}");
            assert_eq!(
                error.to_string(),
                format!(
                    "event `{name}` version 1 at revision 4 of stream \"loan/173688\" (position 9): the step from \
                     version 1 to version 2 failed: \"Koffie zetten\" is no work item that this program knows"
                )
            );
        }
    }

    #[test]
    fn versions_of_the_future_are_refused() {
        let error = decode("loan.submitted", 4, &json!({})).expect_err("the future");
        assert!(matches!(error.problem(), DecodeProblem::FutureVersion { found: 4, known: 3 }), "{error}");
        assert!(decode("loan.work.started", 3, &json!({})).is_err());
    }
}
