//! The steps of a log in all programs: each executes its command, by the same rules, and yields the events of
//! its time.

use std::collections::{HashMap, HashSet};
use std::mem::{Discriminant, discriminant};

use crate::common::sample_lines;
use es_core::model::IntoEvents;
use es_core::testing::{Given, given};
use loans::domain::{
    Application, ApplicationId, Euros, Offer, Stage, WorkItem, WrongOffer, WrongStage, WrongWork,
};
use loans::generations::Generation;
use loans::generations::in_2011::{self, Application2011, DutchName};
use loans::generations::in_2012::{rollout, switched};
use loans::import::{Record, Rejected, Step};

/// Takes each step of the sample, which yields the event that the import expects of it; gives the kinds of
/// steps and the states at the end.
fn taken<A>() -> (HashSet<Discriminant<Step>>, HashMap<ApplicationId, Application>)
where
    A: Generation,
    A::Event: IntoEvents<A>,
{
    let mut kinds = HashSet::new();
    let mut applications = HashMap::<ApplicationId, Given<A>>::new();
    for line in sample_lines() {
        let Record { case, step, .. } = Record::parse(line.as_bytes()).expect("the sample is good");
        kinds.insert(discriminant(&step));
        let history = applications.remove(&case).unwrap_or_else(|| given(()));
        applications.insert(case, history.when(step).then_events(A::event_of(step)));
    }
    let states = applications.into_iter();
    (kinds, states.map(|(id, history)| (id, history.into_state().as_ref().clone())).collect())
}

#[test]
fn each_step_yields_its_event_and_all_programs_come_to_the_same_state() {
    let (kinds, today) = taken::<Application>();
    assert_eq!(kinds.len(), 20, "the sample has every kind of step");
    assert_eq!(today.len(), 12);
    assert_eq!(taken::<Application2011>().1, today);
    assert_eq!(taken::<rollout::Application2012>().1, today);
    assert_eq!(taken::<switched::Application2012>().1, today);
}

#[test]
fn the_program_of_2011_stores_version_1_and_rejects_what_today_rejects() {
    let step = Step::Submit { amount: Euros(5_000) };
    given::<Application2011>(()).when(step).then_events(in_2011::Submitted { euros: Euros(5_000) });
    given::<Application2011>(())
        .and_stored("loan.submitted", 1, &serde_json::json!({"euros": 5_000}))
        .when(step)
        .then_rejected(&Rejected { step, reason: WrongStage(Stage::Submitted).to_string() });
    let name = DutchName(WorkItem::CallAboutOffers);
    assert_eq!(serde_json::to_value(name).ok(), Some("Nabellen offertes".into()));
    assert!(serde_json::from_value::<DutchName>("Koffie zetten".into()).is_err());
}

#[test]
fn a_rejected_step_says_what_stands_in_the_way() {
    let said = |step, reason: &dyn ToString| Rejected { step, reason: reason.to_string() }.to_string();
    assert_eq!(
        said(Step::SendOffer, &WrongOffer::Is(Offer::Cancelled)),
        "cannot send the offer: the offer is cancelled"
    );
    assert_eq!(
        said(Step::StartWork(WorkItem::AssessFraud), &WrongWork::Other(WorkItem::HandleLeads)),
        "cannot start the work item \"assess fraud\": the work item \"handle leads\" is in progress"
    );
    assert_eq!(
        said(Step::Accept, &WrongStage(Stage::Declined)),
        "cannot accept the application: the application is declined"
    );
}
