use es_core::messaging::{Publish, Publisher};
use es_core::{Recorded, event};

#[event(name = "loan.approved")]
pub struct Approved;

pub struct LoanApproved;

#[derive(Publisher)]
#[publisher(name = "loan-feed", events(Approved))]
pub struct LoanFeed;

impl Publish<Approved> for LoanFeed {
    type Public = LoanApproved;

    fn publish(&self, _: &Recorded<Approved>) -> Option<LoanApproved> {
        Some(LoanApproved)
    }
}

fn main() {}
