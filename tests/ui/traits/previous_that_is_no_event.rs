use es_core::{UpcastContext, UpcastFrom, event};

pub struct OpenedV1;

#[event(name = "account.opened", version = 2, previous = OpenedV1)]
pub struct Opened;

impl UpcastFrom<OpenedV1> for Opened {
    type Error = std::convert::Infallible;
    fn upcast_from(_: OpenedV1, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {
        Ok(Self)
    }
}

fn main() {}
