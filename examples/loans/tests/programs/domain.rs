//! The rules of the application, one by one: given these steps, when this step, then its event or the reason
//! why not.

use std::collections::{HashSet, VecDeque};

use es_core::testing::{Given, given};
use loans::domain::{
    Application, Approved, Bookings, Cents, Currency, Euros, Offer, OfferCancelled, OfferSent, Outcome,
    Priority, Reason, Rejection, Stage, Step, Submitted, WorkCompleted, WorkItem, WorkScheduled, WorkStarted,
};
use loans::generation::Generation;
use loans::generation_2011::{self, Application2011, DutchName};

use Step::*;
use WorkItem::*;

const SUBMITTED: Step = Submit { amount: Euros(5_000) };
const PRE_ACCEPTED: &[Step] = &[SUBMITTED, PartlySubmit, PreAccept];
const OFFER_OUT: &[Step] =
    &[SUBMITTED, PartlySubmit, PreAccept, Accept, Finalise, SelectOffer, CreateOffer, SendOffer];
const WORK: [fn(WorkItem) -> Step; 3] = [ScheduleWork, StartWork, CompleteWork];

/// The history that these steps make. Each of them has to be allowed.
fn after(steps: &[Step]) -> Given<Application> {
    steps
        .iter()
        .fold(given(()), |history, step| history.when(*step).then_events(Application::events_of(*step)))
}

fn and(start: &[Step], more: &[Step]) -> Vec<Step> {
    [start, more].concat()
}

#[track_caller]
fn refused(steps: &[Step], step: Step, reason: Reason) {
    after(steps).when(step).then_rejected(&Rejection { step, reason });
}

#[test]
fn a_submission_is_stored_in_cents_and_work_with_its_priority() {
    given::<Application>(())
        .when(SUBMITTED)
        .then_events(Submitted { cents: Cents(500_000), currency: Currency::Eur });
    after(PRE_ACCEPTED)
        .when(ScheduleWork(CompleteApplication))
        .then_events(WorkScheduled { item: CompleteApplication, priority: Priority::Normal });
}

#[test]
fn the_program_of_2011_decides_the_same_and_stores_version_1() {
    let steps = and(OFFER_OUT, &[ScheduleWork(CallAboutOffers), StartWork(CallAboutOffers), TakeBackOffer]);
    let old = steps.iter().fold(given::<Application2011>(()), |history, step| {
        history.when(*step).then_events(Application2011::events_of(*step))
    });
    assert_eq!(*old.into_state().application(), after(&steps).into_state());
    given::<Application2011>(())
        .when(SUBMITTED)
        .then_events(generation_2011::Submitted { euros: Euros(5_000) });
    given::<Application2011>(())
        .and_stored("loan.submitted", 1, &serde_json::json!({"euros": 5_000}))
        .when(SUBMITTED)
        .then_rejected(&Rejection { step: SUBMITTED, reason: Reason::Stage(Stage::Submitted) });
    let name = DutchName(CallAboutOffers);
    assert_eq!(serde_json::to_value(name).ok(), Some("Nabellen offertes".into()));
    assert!(serde_json::from_value::<DutchName>("Koffie zetten".into()).is_err());
}

#[test]
fn the_stages_follow_each_other_and_none_is_left_out() {
    let stages = [SUBMITTED, PartlySubmit, PreAccept, Accept, Finalise];
    for come in 0..stages.len() {
        let state = after(&stages[..come]).into_state();
        for (at, step) in stages.into_iter().enumerate() {
            let reason = Reason::Stage(state.stage);
            let expected = if at == come { Ok(()) } else { Err(Rejection { step, reason }) };
            assert_eq!(state.allows(step), expected, "{step} after {come} stages");
        }
    }
}

#[test]
fn nothing_happens_to_an_application_before_it_is_submitted() {
    for step in [Decline, Cancel, Approve, SelectOffer, SendOffer, AcceptOffer, ScheduleWork(AssessFraud)] {
        refused(&[], step, Reason::Stage(Stage::New));
    }
}

#[test]
fn an_offer_is_sent_only_after_it_was_created_and_created_only_after_it_was_selected() {
    let finalised = &OFFER_OUT[..5];
    refused(finalised, SendOffer, Reason::NoOffer);
    refused(finalised, CreateOffer, Reason::NotSelected);
    refused(&and(finalised, &[SelectOffer]), SendOffer, Reason::NextSelected);
    refused(&and(finalised, &[SelectOffer]), SelectOffer, Reason::NextSelected);
    let created = and(finalised, &[SelectOffer, CreateOffer]);
    after(&created).when(SendOffer).then_events(OfferSent);
    refused(&created, TakeBackOffer, Reason::Offer(Offer::Created));
    refused(&created, SelectOffer, Reason::Offer(Offer::Created));
    refused(OFFER_OUT, SendOffer, Reason::Offer(Offer::Sent));
    refused(&and(OFFER_OUT, &[TakeBackOffer]), TakeBackOffer, Reason::Offer(Offer::SentBack));
}

#[test]
fn an_offer_may_be_selected_before_the_application_is_finalised_but_not_created() {
    let selected = and(&OFFER_OUT[..4], &[SelectOffer]);
    refused(&selected, CreateOffer, Reason::Stage(Stage::Accepted));
    after(&and(&selected, &[Finalise, CreateOffer]));
    refused(PRE_ACCEPTED, SelectOffer, Reason::Stage(Stage::PreAccepted));
}

#[test]
fn a_new_offer_is_created_only_when_the_one_that_it_replaces_is_cancelled() {
    let replacing = and(OFFER_OUT, &[SelectOffer]);
    refused(&replacing, CreateOffer, Reason::NotReplaced);
    refused(&replacing, AcceptOffer, Reason::NextSelected);
    after(&replacing).when(CancelOffer).then_events(OfferCancelled);
    let state = after(&and(&replacing, &[CancelOffer, CreateOffer, SendOffer])).into_state();
    assert_eq!((state.offers.current, state.offers.sent), (Some(Offer::Sent), 2));
}

#[test]
fn approval_registration_and_activation_are_booked_once_each_in_any_order() {
    let all = [Approve, Register, Activate];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        for accepted in 0..=3 {
            let mut steps = order.map(|at| all[at]).to_vec();
            steps.insert(accepted, AcceptOffer);
            let state = after(&and(OFFER_OUT, &steps)).into_state();
            assert_eq!((state.stage, state.stage.outcome()), (Stage::Approved, Outcome::Approved));
        }
        refused(&and(OFFER_OUT, &[all[order[0]]]), all[order[0]], Reason::Repeated);
    }
    let whole = and(OFFER_OUT, &all);
    for step in all {
        refused(&whole, step, Reason::Stage(Stage::Approved));
    }
    refused(&OFFER_OUT[..5], Approve, Reason::NoOffer);
    refused(&OFFER_OUT[..7], Approve, Reason::Offer(Offer::Created));
    after(OFFER_OUT).when(Approve).then_events(Approved);
}

#[test]
fn while_an_approval_is_booked_only_the_acceptance_of_the_offer_comes_between() {
    let scheduled = and(OFFER_OUT, &[ScheduleWork(CallAboutOffers)]);
    let booking = and(&scheduled, &[Register]);
    let stage = Stage::Booking(Bookings { registered: true, ..Bookings::default() });
    for step in [Decline, Cancel, SelectOffer, TakeBackOffer, CancelOffer, DeclineOffer]
        .into_iter()
        .chain(WORK.map(|work| work(CallAboutOffers)))
    {
        refused(&booking, step, Reason::Stage(stage));
    }
    let accepted = and(&scheduled, &[AcceptOffer]);
    for work in WORK {
        refused(&accepted, work(CallAboutOffers), Reason::Offer(Offer::Accepted));
    }
    refused(&accepted, Cancel, Reason::Offer(Offer::Accepted));
}

#[test]
fn an_application_ends_only_with_its_offer() {
    refused(&OFFER_OUT[..6], Decline, Reason::NextSelected);
    refused(&OFFER_OUT[..7], Cancel, Reason::Offer(Offer::Created));
    refused(&and(OFFER_OUT, &[CancelOffer]), Decline, Reason::Offer(Offer::Cancelled));
    refused(&and(OFFER_OUT, &[DeclineOffer]), Cancel, Reason::Offer(Offer::Declined));
    refused(&and(OFFER_OUT, &[DeclineOffer]), SelectOffer, Reason::Offer(Offer::Declined));
    after(&and(OFFER_OUT, &[Decline, DeclineOffer]));
    after(&and(OFFER_OUT, &[Cancel, CancelOffer]));
    refused(&and(OFFER_OUT, &[Decline]), CancelOffer, Reason::Stage(Stage::Declined));
    refused(&and(OFFER_OUT, &[Cancel]), DeclineOffer, Reason::Stage(Stage::Cancelled));
}

#[test]
fn a_work_item_is_started_only_after_it_was_scheduled() {
    for work in [StartWork, CompleteWork] {
        refused(PRE_ACCEPTED, work(CompleteApplication), Reason::NotScheduled);
    }
    let scheduled = and(PRE_ACCEPTED, &[ScheduleWork(CompleteApplication)]);
    after(&scheduled)
        .when(StartWork(CompleteApplication))
        .then_events(WorkStarted { item: CompleteApplication });
}

#[test]
fn work_of_one_kind_is_done_at_a_time_if_need_be_by_two() {
    let steps =
        [ScheduleWork(CompleteApplication), ScheduleWork(AssessFraud), StartWork(CompleteApplication)];
    let busy = and(PRE_ACCEPTED, &steps);
    for work in [StartWork, CompleteWork] {
        refused(&busy, work(AssessFraud), Reason::OtherWork(CompleteApplication));
    }
    let both = and(&busy, &[StartWork(CompleteApplication), CompleteWork(CompleteApplication)]);
    refused(&both, StartWork(AssessFraud), Reason::OtherWork(CompleteApplication));
    after(&and(&both, &[CompleteWork(CompleteApplication), StartWork(AssessFraud)]));
}

#[test]
fn a_scheduled_work_item_can_be_closed_without_being_in_progress_any_number_of_times() {
    let done = [ScheduleWork(HandleLeads), CompleteWork(HandleLeads), CompleteWork(HandleLeads)];
    let history = after(&and(&PRE_ACCEPTED[..2], &done));
    let history = history.when(CompleteWork(HandleLeads)).then_events(WorkCompleted { item: HandleLeads });
    assert_eq!(history.into_state().desk.completed, 3);
}

#[test]
fn each_work_item_has_its_time() {
    let stage = Reason::Stage;
    refused(PRE_ACCEPTED, ScheduleWork(HandleLeads), stage(Stage::PreAccepted));
    refused(OFFER_OUT, ScheduleWork(CompleteApplication), stage(Stage::Finalised));
    refused(PRE_ACCEPTED, ScheduleWork(CallAboutOffers), Reason::NeverSelected);
    refused(PRE_ACCEPTED, ScheduleWork(CallAboutMissingDocuments), Reason::NoOffer);
    refused(OFFER_OUT, ScheduleWork(ValidateApplication), Reason::Offer(Offer::Sent));
    after(&and(OFFER_OUT, &[TakeBackOffer, ScheduleWork(ValidateApplication)]));
    refused(PRE_ACCEPTED, ScheduleWork(ChangeContractDetails), stage(Stage::PreAccepted));
    after(&and(OFFER_OUT, &[Approve, Register, Activate, ScheduleWork(ChangeContractDetails)]));
}

#[test]
fn a_declined_application_gets_no_new_work_but_what_is_in_progress_is_completed() {
    let steps = [ScheduleWork(CompleteApplication), StartWork(CompleteApplication), Decline];
    let declined = and(PRE_ACCEPTED, &steps);
    for step in [ScheduleWork(AssessFraud), StartWork(CompleteApplication)] {
        refused(&declined, step, Reason::Stage(Stage::Declined));
    }
    after(&and(&declined, &[CompleteWork(CompleteApplication)]));
}

#[test]
fn a_cancelled_application_gets_only_calls_and_its_completion() {
    let scheduled = [ScheduleWork(AssessFraud), ScheduleWork(CallAboutOffers), Cancel];
    let cancelled = and(OFFER_OUT, &scheduled);
    refused(&cancelled, StartWork(AssessFraud), Reason::Stage(Stage::Cancelled));
    refused(&cancelled, ScheduleWork(CallAboutOffers), Reason::Stage(Stage::Cancelled));
    after(&and(&cancelled, &[StartWork(CallAboutOffers), CompleteWork(CallAboutOffers)]));
}

/// Walks through every state that steps without work can reach.
#[test]
fn whatever_is_done_an_application_has_one_outcome_and_at_most_one_offer_out() {
    let steps = [
        SUBMITTED,
        PartlySubmit,
        PreAccept,
        Accept,
        Finalise,
        Approve,
        Register,
        Activate,
        Decline,
        Cancel,
        SelectOffer,
        CreateOffer,
        SendOffer,
        TakeBackOffer,
        AcceptOffer,
        DeclineOffer,
        CancelOffer,
    ];
    let (mut seen, mut next) = (HashSet::new(), VecDeque::from([Application::default()]));
    while let Some(state) = next.pop_front() {
        // The number of offers that were sent has no end; nothing depends on it.
        if !seen
            .insert(format!("{:?} {:?} {}", state.stage, state.offers.current, state.offers.next_selected))
        {
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
        for step in steps {
            if state.allows(step).is_err() {
                continue;
            }
            let mut after = state.clone();
            for event in Application::events_of(step) {
                es_core::Aggregate::apply_event(&mut after, event);
            }
            if decided {
                assert_eq!(after.stage.outcome(), state.stage.outcome(), "{step} on {state:?}");
            }
            next.push_back(after);
        }
    }
    assert!(seen.len() > 40, "only {} states are reached", seen.len());
}

#[test]
fn a_rejection_says_what_stands_in_the_way() {
    let said = |step, reason| Rejection { step, reason }.to_string();
    assert_eq!(
        said(SendOffer, Reason::Offer(Offer::Cancelled)),
        "cannot send the offer: the offer is cancelled"
    );
    assert_eq!(
        said(StartWork(AssessFraud), Reason::OtherWork(HandleLeads)),
        "cannot start the work item \"assess fraud\": the work item \"handle leads\" is in progress"
    );
    assert_eq!(
        said(Accept, Reason::Stage(Stage::Declined)),
        "cannot accept the application: the application is declined"
    );
}
