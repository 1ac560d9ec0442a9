use es_core::projection::{Project, Projection};
use es_core::record::BoxError;
use es_core::{Recorded, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

pub struct Plain;

#[derive(Projection)]
#[projection(name = "openings", events(Opened, Closed), model = u32)]
pub struct Openings;

impl Project<Opened> for Openings {
    async fn project(&self, _: &Recorded<Opened>, openings: &mut u32) -> Result<(), BoxError> {
        *openings += 1;
        Ok(())
    }
}

#[derive(Projection)]
#[projection(name = "plain", events(Plain), model = u32, batch, setup)]
pub struct Plains;

fn main() {}
