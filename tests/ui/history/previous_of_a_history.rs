use es_core::{UpcastContext, UpcastFrom, event};

#[event(name = "account.opened", version = 2)]
pub struct OpenedV2 {
    owner: String,
    #[event(added(in = 2, default))]
    branch: u32,
}

#[event(name = "account.opened", version = 2, previous = OpenedV2)]
pub struct Opened {
    owner: String,
}

impl UpcastFrom<OpenedV2> for Opened {
    type Error = std::convert::Infallible;
    fn upcast_from(old: OpenedV2, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {
        Ok(Self { owner: old.owner })
    }
}

fn main() {}
