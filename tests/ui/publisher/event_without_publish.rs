use es_core::messaging::{Publish, Publisher};
use es_core::{Recorded, event};

#[event(name = "loan.approved")]
pub struct Approved;

#[event(name = "loan.declined")]
pub struct Declined;

#[event(name = "loan-approved")]
pub struct LoanApproved;

pub struct Plain;

#[derive(Publisher)]
#[publisher(name = "loan-feed", events(Approved, Declined))]
pub struct LoanFeed;

impl Publish<Approved> for LoanFeed {
    type Public = LoanApproved;

    fn publish(&self, _: &Recorded<Approved>) -> Option<LoanApproved> {
        Some(LoanApproved)
    }
}

#[derive(Publisher)]
#[publisher(name = "plain", events(Plain))]
pub struct Plains;

fn main() {}
