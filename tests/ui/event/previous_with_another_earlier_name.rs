use es_core::event;

#[event(name = "account.opened", was("account.created"))]
pub struct OpenedV1;

#[event(name = "account.opened", version = 2, previous = OpenedV1)]
pub struct Opened;

impl es_core::UpcastFrom<OpenedV1> for Opened {
    type Error = std::convert::Infallible;
    fn upcast_from(_: OpenedV1, _: &es_core::UpcastContext<'_>) -> Result<Self, Self::Error> {
        Ok(Self)
    }
}

fn main() {}
