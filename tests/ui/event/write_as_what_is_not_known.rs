use es_core::model::DowncastTo;
use es_core::{UpcastContext, UpcastFrom, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct OpenedV1;

#[event(name = "account.opened", version = 2, previous = OpenedV1, write_as = 1)]
pub struct OpenedV2;

#[event(name = "account.opened", version = 3, previous = OpenedV2, write_as = 2)]
pub struct Opened;

#[event(name = "account.closed")]
pub struct ClosedV1;

#[event(name = "account.ended", version = 2, was("account.closed"), previous = ClosedV1, write_as = 1)]
pub struct Ended;

macro_rules! steps {
    ($($old:ident => $new:ident),*) => {
        $(impl UpcastFrom<$old> for $new {
            type Error = Infallible;
            fn upcast_from(_: $old, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self)
            }
        }
        impl DowncastTo<$old> for $new {
            type Error = Infallible;
            fn downcast_to(&self) -> Result<$old, Infallible> {
                Ok($old)
            }
        })*
    };
}

steps!(OpenedV1 => OpenedV2, OpenedV2 => Opened, ClosedV1 => Ended);

fn main() {}
