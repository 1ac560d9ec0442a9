use es_core::projection::{ProjectBatch, Projection};
use es_core::record::BoxError;
use es_core::event;

#[event(name = "account.opened", was("account.made"))]
pub struct Opened;

#[event(name = "account.opened")]
pub struct Begun;

#[event(name = "account.made")]
pub struct Made;

#[derive(Projection)]
#[projection(name = "openings", events(Opened, Begun, Made), model = u32, batch)]
pub struct Openings;

impl ProjectBatch for Openings {
    async fn project_batch(&self, _: &[OpeningsEvent], _: &mut u32) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
