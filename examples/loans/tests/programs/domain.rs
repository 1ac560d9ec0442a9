//! The rules of the application, one by one: after these commands, when this command, then its event or the
//! reason why not.

use std::collections::{HashSet, VecDeque};

use es_core::testing::given;
use es_core::{Aggregate, Handle};
use loans::domain::*;
use loans::import::Step;

use WorkItem::*;

/// An application after commands of which none was rejected.
#[derive(Clone)]
struct After(Application);

#[allow(clippy::needless_pass_by_value, reason = "the test kit takes commands by value as well")]
impl After {
    #[track_caller]
    fn then<C>(self, command: C) -> Self
    where
        Application: Handle<C>,
    {
        let Self(mut application) = self;
        match application.handle(&command) {
            Ok(events) => events.into_iter().for_each(|event| application.apply_event(event)),
            Err(rejection) => panic!("it is rejected: {rejection}"),
        }
        Self(application)
    }

    #[track_caller]
    fn yields<C>(self, command: C, event: impl Into<ApplicationEvent>) -> Self
    where
        Application: Handle<C>,
    {
        match self.0.handle(&command) {
            Ok(events) => assert_eq!(events.into_iter().collect::<Vec<_>>(), [event.into()]),
            Err(rejection) => panic!("it is rejected: {rejection}"),
        }
        self.then(command)
    }

    #[track_caller]
    fn rejects<C>(self, command: C, why: impl Into<<Application as Handle<C>>::Error>) -> Self
    where
        Application: Handle<C>,
        <Application as Handle<C>>::Error: PartialEq,
    {
        match self.0.handle(&command) {
            Ok(events) => panic!("it is allowed, and yields {events:?}"),
            Err(rejection) => assert_eq!(rejection, why.into()),
        }
        self
    }

    fn schedule(self, item: WorkItem) -> Self {
        self.then(ScheduleWork { item })
    }

    fn start(self, item: WorkItem) -> Self {
        self.then(StartWork { item })
    }

    fn complete(self, item: WorkItem) -> Self {
        self.then(CompleteWork { item })
    }
}

const SUBMIT: Submit = Submit { amount: Euros(5_000) };

fn new() -> After {
    After(Application::default())
}

fn partly_submitted() -> After {
    new().then(SUBMIT).then(PartlySubmit)
}

fn pre_accepted() -> After {
    partly_submitted().then(PreAccept)
}

fn accepted() -> After {
    pre_accepted().then(Accept)
}

fn finalised() -> After {
    accepted().then(Finalise)
}

fn selected() -> After {
    finalised().then(SelectOffer)
}

fn created() -> After {
    selected().then(CreateOffer)
}

fn offer_out() -> After {
    created().then(SendOffer)
}

#[test]
fn a_submission_is_stored_in_cents_and_work_with_its_priority() {
    given::<Application>(())
        .when(SUBMIT)
        .then_events(Submitted { cents: Cents(500_000), currency: Currency::Eur })
        .and((PartlySubmitted, PreAccepted))
        .when(ScheduleWork { item: CompleteApplication })
        .then_events(WorkScheduled { item: CompleteApplication, priority: Priority::Normal });
}

#[test]
fn the_stages_follow_each_other_and_none_is_left_out() {
    let stages = [
        Step::Submit { amount: Euros(5_000) },
        Step::PartlySubmit,
        Step::PreAccept,
        Step::Accept,
        Step::Finalise,
    ];
    for come in 0..stages.len() {
        let After(state) = stages[..come].iter().fold(new(), |history, step| history.then(*step));
        let wrong = WrongStage(state.stage).to_string();
        for (at, step) in stages.into_iter().enumerate() {
            let outcome = state.handle(&step).map(|_| ()).map_err(|rejected| rejected.reason);
            let expected = if at == come { Ok(()) } else { Err(wrong.clone()) };
            assert_eq!(outcome, expected, "{step} after {come} stages");
        }
    }
}

#[test]
fn nothing_happens_to_an_application_before_it_is_submitted() {
    let stage = WrongStage(Stage::New);
    new()
        .rejects(Decline, stage)
        .rejects(Cancel, stage)
        .rejects(Approve, stage)
        .rejects(SelectOffer, stage)
        .rejects(SendOffer, stage)
        .rejects(AcceptOffer, stage)
        .rejects(ScheduleWork { item: AssessFraud }, stage);
}

#[test]
fn an_offer_is_sent_only_after_it_was_created_and_created_only_after_it_was_selected() {
    finalised()
        .rejects(SendOffer, WrongOffer::Missing)
        .rejects(CreateOffer, WrongOffer::NotSelected)
        .then(SelectOffer)
        .rejects(SendOffer, WrongOffer::NextSelected)
        .rejects(SelectOffer, WrongOffer::NextSelected)
        .then(CreateOffer)
        .rejects(TakeBackOffer, WrongOffer::Is(Offer::Created))
        .rejects(SelectOffer, WrongOffer::Is(Offer::Created))
        .yields(SendOffer, OfferSent)
        .rejects(SendOffer, WrongOffer::Is(Offer::Sent))
        .then(TakeBackOffer)
        .rejects(TakeBackOffer, WrongOffer::Is(Offer::SentBack));
}

#[test]
fn an_offer_may_be_selected_before_the_application_is_finalised_but_not_created() {
    pre_accepted().rejects(SelectOffer, WrongStage(Stage::PreAccepted));
    accepted()
        .then(SelectOffer)
        .rejects(CreateOffer, WrongStage(Stage::Accepted))
        .then(Finalise)
        .then(CreateOffer);
}

#[test]
fn a_new_offer_is_created_only_when_the_one_that_it_replaces_is_cancelled() {
    let After(state) = offer_out()
        .then(SelectOffer)
        .rejects(CreateOffer, WrongOffer::NotReplaced)
        .rejects(AcceptOffer, WrongOffer::NextSelected)
        .yields(CancelOffer, OfferCancelled)
        .then(CreateOffer)
        .then(SendOffer);
    assert_eq!((state.offers.current, state.offers.sent), (Some(Offer::Sent), 2));
}

#[test]
fn approval_registration_and_activation_are_booked_once_each_in_any_order() {
    let all = [Step::Approve, Step::Register, Step::Activate];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        for accepted in 0..=3 {
            let mut steps = order.map(|at| all[at]).to_vec();
            steps.insert(accepted, Step::AcceptOffer);
            let After(state) = steps.into_iter().fold(offer_out(), After::then);
            assert_eq!((state.stage, state.stage.outcome()), (Stage::Approved, Outcome::Approved));
        }
    }
    offer_out().then(Approve).rejects(Approve, BookingRejected::Repeated);
    offer_out().then(Register).rejects(Register, BookingRejected::Repeated);
    offer_out().then(Activate).rejects(Activate, BookingRejected::Repeated);
    let stage = WrongStage(Stage::Approved);
    let whole = offer_out().yields(Approve, Approved).then(Register).then(Activate);
    whole.rejects(Approve, stage).rejects(Register, stage).rejects(Activate, stage);
    finalised().rejects(Approve, WrongOffer::Missing);
    created().rejects(Approve, WrongOffer::Is(Offer::Created));
}

#[test]
fn while_an_approval_is_booked_only_the_acceptance_of_the_offer_comes_between() {
    let item = CallAboutOffers;
    let scheduled = offer_out().schedule(item);
    let stage = WrongStage(Stage::Booking(Bookings { registered: true, ..Bookings::default() }));
    scheduled
        .clone()
        .then(Register)
        .rejects(Decline, stage)
        .rejects(Cancel, stage)
        .rejects(SelectOffer, stage)
        .rejects(TakeBackOffer, stage)
        .rejects(CancelOffer, stage)
        .rejects(DeclineOffer, stage)
        .rejects(ScheduleWork { item }, stage)
        .rejects(StartWork { item }, stage)
        .rejects(CompleteWork { item }, stage);
    let accepted = WrongOffer::Is(Offer::Accepted);
    scheduled
        .then(AcceptOffer)
        .rejects(ScheduleWork { item }, accepted)
        .rejects(StartWork { item }, accepted)
        .rejects(CompleteWork { item }, accepted)
        .rejects(Cancel, accepted);
}

#[test]
fn an_application_ends_only_with_its_offer() {
    selected().rejects(Decline, WrongOffer::NextSelected);
    created().rejects(Cancel, WrongOffer::Is(Offer::Created));
    offer_out().then(CancelOffer).rejects(Decline, WrongOffer::Is(Offer::Cancelled));
    offer_out()
        .then(DeclineOffer)
        .rejects(Cancel, WrongOffer::Is(Offer::Declined))
        .rejects(SelectOffer, WrongOffer::Is(Offer::Declined));
    offer_out().then(Decline).rejects(CancelOffer, WrongStage(Stage::Declined)).then(DeclineOffer);
    offer_out().then(Cancel).rejects(DeclineOffer, WrongStage(Stage::Cancelled)).then(CancelOffer);
}

#[test]
fn a_work_item_is_started_only_after_it_was_scheduled() {
    let item = CompleteApplication;
    pre_accepted()
        .rejects(StartWork { item }, WrongWork::NotScheduled)
        .rejects(CompleteWork { item }, WrongWork::NotScheduled)
        .schedule(item)
        .yields(StartWork { item }, WorkStarted { item });
}

#[test]
fn work_of_one_kind_is_done_at_a_time_if_need_be_by_two() {
    let (item, busy) = (AssessFraud, WrongWork::Other(CompleteApplication));
    pre_accepted()
        .schedule(CompleteApplication)
        .schedule(item)
        .start(CompleteApplication)
        .rejects(StartWork { item }, busy)
        .rejects(CompleteWork { item }, busy)
        .start(CompleteApplication)
        .complete(CompleteApplication)
        .rejects(StartWork { item }, busy)
        .complete(CompleteApplication)
        .start(item);
}

#[test]
fn a_scheduled_work_item_can_be_closed_without_being_in_progress_any_number_of_times() {
    let item = HandleLeads;
    let closed = partly_submitted().schedule(item).complete(item).complete(item);
    let After(state) = closed.yields(CompleteWork { item }, WorkCompleted { item });
    assert_eq!(state.desk.completed, 3);
}

#[test]
fn each_work_item_has_its_time() {
    let schedule = |item| ScheduleWork { item };
    pre_accepted()
        .rejects(schedule(HandleLeads), WrongStage(Stage::PreAccepted))
        .rejects(schedule(CallAboutOffers), WrongOffer::NeverSelected)
        .rejects(schedule(CallAboutMissingDocuments), WrongOffer::Missing)
        .rejects(schedule(ChangeContractDetails), WrongStage(Stage::PreAccepted));
    offer_out()
        .rejects(schedule(CompleteApplication), WrongStage(Stage::Finalised))
        .rejects(schedule(ValidateApplication), WrongOffer::Is(Offer::Sent))
        .then(TakeBackOffer)
        .schedule(ValidateApplication);
    offer_out().then(Approve).then(Register).then(Activate).schedule(ChangeContractDetails);
}

#[test]
fn a_declined_application_gets_no_new_work_but_what_is_in_progress_is_completed() {
    let stage = WrongStage(Stage::Declined);
    pre_accepted()
        .schedule(CompleteApplication)
        .start(CompleteApplication)
        .then(Decline)
        .rejects(ScheduleWork { item: AssessFraud }, stage)
        .rejects(StartWork { item: CompleteApplication }, stage)
        .complete(CompleteApplication);
}

#[test]
fn a_cancelled_application_gets_only_calls_and_its_completion() {
    let stage = WrongStage(Stage::Cancelled);
    offer_out()
        .schedule(AssessFraud)
        .schedule(CallAboutOffers)
        .then(Cancel)
        .rejects(StartWork { item: AssessFraud }, stage)
        .rejects(ScheduleWork { item: CallAboutOffers }, stage)
        .start(CallAboutOffers)
        .complete(CallAboutOffers);
}

/// Each command that is not work.
const ALL_BUT_WORK: [Step; 17] = [
    Step::Submit { amount: Euros(5_000) },
    Step::PartlySubmit,
    Step::PreAccept,
    Step::Accept,
    Step::Finalise,
    Step::Approve,
    Step::Register,
    Step::Activate,
    Step::Decline,
    Step::Cancel,
    Step::SelectOffer,
    Step::CreateOffer,
    Step::SendOffer,
    Step::TakeBackOffer,
    Step::AcceptOffer,
    Step::DeclineOffer,
    Step::CancelOffer,
];

/// Walks through every state that commands without work can reach.
#[test]
fn whatever_is_done_an_application_has_one_outcome_and_at_most_one_offer_out() {
    let (mut seen, mut next) = (HashSet::new(), VecDeque::from([Application::default()]));
    while let Some(state) = next.pop_front() {
        // The number of offers that were sent has no end; nothing depends on it.
        let key = format!("{:?} {:?} {}", state.stage, state.offers.current, state.offers.next_selected);
        if !seen.insert(key) {
            continue;
        }
        let decided = state.stage.outcome() != Outcome::Open;
        if decided {
            assert!(!state.offers.next_selected, "{state:?}");
            assert_ne!(state.offers.current, Some(Offer::Created), "{state:?}");
        }
        if state.offers.current == Some(Offer::Accepted) {
            assert!(!matches!(state.stage, Stage::Declined | Stage::Cancelled), "{state:?}");
        }
        for step in ALL_BUT_WORK {
            if state.handle(&step).is_err() {
                continue;
            }
            let After(after) = After(state.clone()).then(step);
            if decided {
                assert_eq!(after.stage.outcome(), state.stage.outcome(), "{step} on {state:?}");
            }
            next.push_back(after);
        }
    }
    assert!(seen.len() > 40, "only {} states are reached", seen.len());
}
