//! The steps from each version of an event to the next one.

use std::convert::Infallible;

use es_core::{UpcastContext, UpcastFrom};

use super::versions::{
    SubmittedV1, SubmittedV2, WorkCompletedV1, WorkScheduledV1, WorkScheduledV2, WorkStartedV1,
};
use crate::domain::{
    Currency, Priority, Submitted, UnknownWorkItem, WorkCompleted, WorkItem, WorkScheduled, WorkStarted,
};

impl UpcastFrom<SubmittedV1> for SubmittedV2 {
    type Error = Infallible;

    fn upcast_from(old: SubmittedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { cents: old.euros.into() })
    }
}

/// The first two versions knew only euros.
impl UpcastFrom<SubmittedV2> for Submitted {
    type Error = Infallible;

    fn upcast_from(old: SubmittedV2, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { cents: old.cents, currency: Currency::Eur })
    }
}

impl UpcastFrom<WorkScheduledV1> for WorkScheduledV2 {
    type Error = UnknownWorkItem;

    fn upcast_from(old: WorkScheduledV1, _: &UpcastContext<'_>) -> Result<Self, UnknownWorkItem> {
        Ok(Self { item: WorkItem::from_dutch(&old.name)? })
    }
}

/// The first two versions knew no hurry.
impl UpcastFrom<WorkScheduledV2> for WorkScheduled {
    type Error = Infallible;

    fn upcast_from(old: WorkScheduledV2, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { item: old.item, priority: Priority::Normal })
    }
}

impl UpcastFrom<WorkStartedV1> for WorkStarted {
    type Error = UnknownWorkItem;

    fn upcast_from(old: WorkStartedV1, _: &UpcastContext<'_>) -> Result<Self, UnknownWorkItem> {
        Ok(Self { item: WorkItem::from_dutch(&old.name)? })
    }
}

impl UpcastFrom<WorkCompletedV1> for WorkCompleted {
    type Error = UnknownWorkItem;

    fn upcast_from(old: WorkCompletedV1, _: &UpcastContext<'_>) -> Result<Self, UnknownWorkItem> {
        Ok(Self { item: WorkItem::from_dutch(&old.name)? })
    }
}

#[cfg(test)]
mod tests {
    use es_core::record::{DecodeError, DecodeProblem, RawEvent};
    use es_core::testing::given;
    use es_core::time::OffsetDateTime;
    use es_core::uuid::Uuid;
    use es_core::{Aggregate, Position, Revision, StreamId};
    use serde_json::{Value, json};

    use crate::domain::{Application, Cents, WorkItem};

    fn decode(name: &str, version: u32, payload: &Value) -> Result<(), DecodeError> {
        let stream = StreamId::new("loan", "173688").expect("a stream");
        let place = (Revision::new(4), Position::new(9));
        let payload = serde_json::to_vec(payload).expect("json");
        let time = OffsetDateTime::UNIX_EPOCH;
        let raw = RawEvent::new(&stream, place, Uuid::nil(), (name, version), &payload, time);
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
                     version 1 to version 2 failed: \"Koffie zetten\" is not a work item that this program knows"
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
