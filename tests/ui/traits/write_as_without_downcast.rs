use es_core::{UpcastContext, UpcastFrom, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct OpenedV1;

#[event(name = "account.opened", version = 2, previous = OpenedV1, write_as = 1)]
pub struct Opened;

impl UpcastFrom<OpenedV1> for Opened {
    type Error = Infallible;
    fn upcast_from(_: OpenedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

fn main() {}
