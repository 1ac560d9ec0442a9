use es_core::event;

mod old {
    #[es_core::event(name = "account.opened")]
    pub struct OpenedV1;
}

#[event(name = "account.opened", version = 3, previous = old::OpenedV1)]
pub struct Opened;

impl es_core::UpcastFrom<old::OpenedV1> for Opened {
    type Error = std::convert::Infallible;
    fn upcast_from(_: old::OpenedV1, _: &es_core::UpcastContext<'_>) -> Result<Self, Self::Error> {
        Ok(Self)
    }
}

fn main() {}
